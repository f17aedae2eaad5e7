//! Lists the provider files, and which of them take the findings of which rule, so that a run reads only those it needs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=data");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(env::current_dir()?.join("data"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let (mut slots, mut rules) = (String::new(), BTreeSet::new());
    for (at, path) in paths.iter().enumerate() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let _ = writeln!(slots, "    Slot::new({name:?}, include_str!({:?})),", path.to_string_lossy());
        rules.extend(rules_of(path)?.into_iter().map(|rule| (rule, at)));
    }
    let mut text =
        format!("static SLOTS: [Slot; {}] = [\n{slots}];\n\nstatic RULES: &[(&str, usize)] = &[\n", paths.len());
    for (rule, at) in rules {
        let _ = writeln!(text, "    ({rule:?}, {at}),");
    }
    text.push_str("];\n");
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder there")]
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), text)
}

/// The rules that a file names. What is wrong with the file is told by the tests, with a line.
fn rules_of(path: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let table: toml::Table =
        toml::from_str(&text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    let kinds = table.get("kind").and_then(toml::Value::as_array);
    let rules = kinds.into_iter().flatten().filter_map(|kind| kind.get("rules")?.as_array()).flatten();
    Ok(rules.filter_map(|rule| Some(rule.as_str()?.to_owned())).collect())
}
