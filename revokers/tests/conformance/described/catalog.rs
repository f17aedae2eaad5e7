//! The descriptions that registries have, and what they say of a request.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use stanch_testkit::double::{Double, Request};
use stanch_testkit::openapi::{Description, Remark, Verdict};

/// `provider`, `package@version`, the file in it, the server if it is another than the file says.
const FILES: &str = include_str!("files.tsv");

/// All descriptions, by provider.
pub(crate) struct Catalog(BTreeMap<String, Vec<Description>>);

/// A request that is not as described.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) kind: String,
    /// Method, host and path, as the double writes them: what stands in a path may be secret.
    pub(crate) request: String,
    pub(crate) remark: Remark,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}\t{}", self.kind, self.request, self.remark.rule.as_str(), self.remark.what)
    }
}

impl Catalog {
    /// Reads all that `bash .ci/test tests` installs.
    pub(crate) fn load() -> Self {
        let folder = folder();
        let mut all: BTreeMap<String, Vec<Description>> = BTreeMap::new();
        for line in FILES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [provider, package, file, server] = fields[..] else { panic!("files.tsv: {line}") };
            let path = folder.join(package).join(file);
            let description = Description::read(&path, Some(server).filter(|server| !server.is_empty()));
            let told = "descriptions are not installed: run this by `bash .ci/test tests`";
            let description = description.unwrap_or_else(|error| panic!("{error}; {told}"));
            all.entry(provider.to_owned()).or_default().push(description);
        }
        Self(all)
    }

    pub(crate) fn knows(&self, provider: &str) -> bool {
        self.0.contains_key(provider)
    }

    /// What is not as described: nothing, if one of the provider's descriptions has the request as it is.
    pub(crate) fn judge(&self, provider: &str, double: &Double, request: &Request) -> Vec<Finding> {
        let verdicts = self.0.get(provider).into_iter().flatten().map(|description| description.check(request));
        let mut best: Option<Vec<Remark>> = None;
        let mut unknown = None;
        for verdict in verdicts {
            match verdict {
                Verdict::Known { remarks, .. } if best.as_ref().is_none_or(|best| remarks.len() < best.len()) => {
                    best = Some(remarks);
                }
                Verdict::Known { .. } => {}
                // The path with another method is nearer than no path.
                Verdict::Unknown(remark) => unknown = unknown.max(Some(remark)),
            }
        }
        let remarks = best.unwrap_or_else(|| unknown.into_iter().collect());
        let finding = |remark| Finding { kind: double.kind().to_owned(), request: named(double, request), remark };
        remarks.into_iter().map(finding).collect()
    }
}

/// A request, without what may be secret in it.
fn named(double: &Double, request: &Request) -> String {
    let route = request.route.as_deref().and_then(|name| double.address(name));
    // A request that the double does not know is one by which a responder is checked.
    route.unwrap_or_else(|| format!("{} {} (a check)", request.method, request.host))
}

/// Where the descriptions are.
fn folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the table of variables is the product's; this one is the test's")]
    let named = std::env::var_os("STANCH_DESCRIPTIONS").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/descriptions"))
}
