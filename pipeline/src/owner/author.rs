//! Who wrote the commit that brought a credential, as somebody who can be asked.

use super::line;
use crate::Occurrence;

/// Accounts of machines, as they call themselves in commits. What ends with `[bot]` or `-bot` is one anyway.
const MACHINES: [&str; 12] = [
    "actions-user",
    "copilot",
    "dependabot",
    "dependabot-preview",
    "github-actions",
    "gitlab-ci",
    "greenkeeper",
    "jenkins",
    "mergify",
    "pre-commit-ci",
    "renovate",
    "root",
];

/// The first person among those who brought the credential, in the order of time.
pub(super) fn find(occurrences: &[Occurrence]) -> Option<String> {
    let mut all: Vec<&Occurrence> = occurrences.iter().filter(|one| one.author.is_some()).collect();
    // What has no time comes last.
    all.sort_by_key(|one| (one.since.is_none(), one.since));
    all.iter().find_map(|one| contact(one.author.as_deref()?))
}

/// A person's address, or what stands for it: `Ann <ann@example.com>` is `ann@example.com`, the private address that a code host gives out is
/// the person's handle there. `None` for machines.
fn contact(author: &str) -> Option<String> {
    let (name, mail) = split(author);
    if is_machine(name) || mail.is_some_and(|mail| is_machine(login(mail))) {
        return None;
    }
    match mail {
        Some(mail) if is_handle(mail) => Some(format!("@{}", line(login(mail)))),
        Some(mail) if is_deaf(mail) => None,
        Some(mail) => Some(line(mail)),
        None => Some(line(name)).filter(|name| !name.is_empty()),
    }
}

fn split(author: &str) -> (&str, Option<&str>) {
    let author = author.trim();
    match author.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), Some(rest.trim_end_matches('>').trim()).filter(|mail| mail.contains('@'))),
        None if author.contains('@') && !author.contains(' ') => ("", Some(author)),
        None => (author, None),
    }
}

/// The handle in an address: `123+ann@users.noreply.github.com` and `123-ann@users.noreply.gitlab.com` are `ann`.
fn login(mail: &str) -> &str {
    let local = mail.split('@').next().unwrap_or_default();
    let mark = if is_handle(mail) && mail.to_ascii_lowercase().ends_with("gitlab.com") { '-' } else { '+' };
    match local.split_once(mark) {
        Some((number, login)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => login,
        _ => local,
    }
}

/// Whether an address is the private one of a code host.
fn is_handle(mail: &str) -> bool {
    let domain = mail.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    domain.starts_with("users.noreply.")
}

/// Whether nobody reads what is sent there.
fn is_deaf(mail: &str) -> bool {
    let mail = mail.to_ascii_lowercase();
    let (local, domain) = mail.rsplit_once('@').unwrap_or((&mail, ""));
    let deaf =
        |part: &str| ["noreply", "no-reply", "donotreply", "do-not-reply"].iter().any(|word| part.starts_with(word));
    deaf(local) || deaf(domain) || matches!(domain, "" | "localhost") || domain.split('.').next_back() == Some("local")
}

fn is_machine(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let bare = name.strip_suffix("[bot]");
    // GitLab's tokens of projects and groups commit as `project_42_bot_1a2b`.
    let token = (name.starts_with("project_") || name.starts_with("group_")) && name.contains("_bot");
    bare.is_some() || token || name.ends_with("-bot") || MACHINES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_and_machines_are_not() {
        let said = |author: &str| contact(author);
        assert_eq!(said("Ann <ann@example.com>").as_deref(), Some("ann@example.com"));
        assert_eq!(said("ann@example.com").as_deref(), Some("ann@example.com"));
        assert_eq!(said("Ann <123+ann-x@users.noreply.github.com>").as_deref(), Some("@ann-x"));
        assert_eq!(said("Ann <ann@users.noreply.github.com>").as_deref(), Some("@ann"));
        assert_eq!(said("Ann <42-ann@users.noreply.gitlab.com>").as_deref(), Some("@ann"));
        assert_eq!(said("Ann").as_deref(), Some("Ann"));
        for machine in [
            "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>",
            "GitHub <noreply@github.com>",
            "X <1+renovate[bot]@users.noreply.github.com>",
            "semantic-release-bot <x@example.com>",
            "CI <project_1_bot_2@noreply.gitlab.com>",
            "Helper <noreply@example.com>",
            "root <root@localhost>",
            "",
            "<>",
        ] {
            assert_eq!(said(machine), None, "{machine}");
        }
    }

    #[test]
    fn a_line_break_in_a_name_is_gone() {
        assert_eq!(contact("Ann\r\nBcc: x").as_deref(), Some("Ann  Bcc: x"));
    }

    #[test]
    fn the_first_who_brought_it_is_asked() {
        let brought = |author: &str, since: &str| Occurrence {
            source: String::new(),
            place: "a:1".to_owned(),
            commit: None,
            author: Some(author.to_owned()),
            url: None,
            agent: None,
            since: since.parse().ok(),
        };
        let all = [
            brought("C <c@x.org>", ""),
            brought("B <b@x.org>", "2026-02-02T00:00:00Z"),
            brought("A <a@x.org>", "2026-01-01T00:00:00Z"),
            brought("web-flow[bot]", "2025-01-01T00:00:00Z"),
        ];
        assert_eq!(find(&all).as_deref(), Some("a@x.org"));
    }
}
