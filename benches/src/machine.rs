//! The machine that a figure was taken on. A figure without it means nothing.

use std::process::Command;
use std::{fs, thread};

/// What is told of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The processor's own name, and which of the vector instructions it has that the scanner uses: one name stands for several generations.
    pub cpu: String,
    /// How many threads it runs at once.
    pub cores: usize,
    /// The compiler.
    pub rustc: String,
    /// The commit of this project.
    pub commit: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        Self {
            cpu: format!("{}, {}", cpu().as_deref().unwrap_or(std::env::consts::ARCH), vectors()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            rustc: first_line("rustc", &["--version"]),
            commit: first_line("git", &["rev-parse", "--short=12", "HEAD"]),
        }
    }

    /// Its name as a folder: lower case, with dashes.
    pub fn folder(&self) -> String {
        let words = self.cpu.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut name = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        name.push_str(&format!("-x{}", self.cores));
        name
    }
}

fn cpu() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = info.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}

fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512vbmi") {
        return "AVX-512";
    } else if is_x86_feature_detected!("avx2") {
        return "AVX2";
    }
    if cfg!(target_arch = "aarch64") { "NEON" } else { "no vectors" }
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_plain_name() {
        let machine =
            Machine { cpu: "Acme(R) Fast @ 3.0GHz".to_owned(), cores: 2, rustc: String::new(), commit: String::new() };
        assert_eq!(machine.folder(), "acme-r-fast-3-0ghz-x2");
        let here = Machine::here();
        assert!(here.rustc.starts_with("rustc ") && here.cpu.ends_with(vectors()));
    }
}
