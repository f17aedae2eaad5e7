//! Turns `data/*.toml` into static tables: at run time no built-in rule is parsed.

#[path = "src/beside.rs"]
mod beside;
#[path = "src/class.rs"]
#[expect(dead_code, unreachable_pub, reason = "the build uses a part of the crate's modules")]
mod class;
#[path = "build/codegen.rs"]
mod codegen;
#[path = "src/defect.rs"]
#[expect(unreachable_pub, reason = "the build uses a part of the crate's modules")]
mod defect;
#[path = "src/file.rs"]
#[expect(dead_code, unreachable_pub, reason = "the build uses a part of the crate's modules")]
mod file;
#[path = "src/opening.rs"]
#[expect(unreachable_pub, reason = "the build uses the crate's modules")]
mod opening;
#[path = "src/rule.rs"]
#[expect(dead_code, unreachable_pub, reason = "the build uses a part of the crate's modules")]
mod rule;
#[path = "src/shape.rs"]
#[expect(unreachable_pub, reason = "the build uses a part of the crate's modules")]
mod shape;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=build");
    let mut paths: Vec<PathBuf> =
        fs::read_dir("data")?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut rules = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let (found, defects) = file::parse(&text);
        if let Some(defect) = defects.first() {
            let line = text.get(..defect.span.start).map_or(0, |before| before.lines().count());
            return Err(format!("{}:{line}: {}", path.display(), defect.message).into());
        }
        rules.extend(found.into_iter().map(|located| located.rule));
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    #[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
    let out = env::var("OUT_DIR")?;
    fs::write(PathBuf::from(out).join("builtin.rs"), codegen::rules(&rules))?;
    Ok(())
}
