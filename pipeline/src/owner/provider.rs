//! Whom the provider names.

use stanch_revokers::Identity;

use super::line;

/// An address or a user of the provider's answer. Accounts of services are no people.
pub(super) fn find(identity: &Identity) -> Option<String> {
    let people = ["email", "user"].into_iter().flat_map(|field| identity.of(field));
    people.filter(|name| !is_service(name)).map(|name| line(name)).find(|name| !name.is_empty())
}

fn is_service(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("gserviceaccount.com") || name.ends_with("[bot]") || name.contains(":assumed-role/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_better_than_a_user_and_a_service_is_neither() {
        let mut identity = Identity::default();
        assert_eq!(find(&identity), None);
        identity.add("email", "ci@proj.iam.gserviceaccount.com");
        identity.add("user", "ann");
        assert_eq!(find(&identity).as_deref(), Some("ann"));
        identity.add("email", "ann@example.com");
        assert_eq!(find(&identity).as_deref(), Some("ann@example.com"));
    }
}
