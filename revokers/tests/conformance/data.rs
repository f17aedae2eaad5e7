//! The provider files are what `docs/writing-a-revoker.md` says.

use stanch_revokers::{check, registry};

#[test]
fn every_file_holds() {
    let files = registry::parse_all().unwrap_or_else(|defect| panic!("{defect}"));
    let defects: Vec<String> = check::check(&files, None).iter().map(ToString::to_string).collect();
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}
