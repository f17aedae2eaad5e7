//! The comparisons: what is scanned, and by whom with which arguments.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::inputs::{Input, Inputs};
use crate::peers::{Installed, Peer, Peers, version};
use crate::record::Role;
use crate::run::Task;

/// Something that stands in no file of any input.
const ABSENT: &str = "no-file-has-this-text-7f3a";

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// One small file: what starting costs.
    Start,
    /// What a hook scans before a commit.
    Staged,
    /// A tree of many files.
    Tree,
    /// One large file.
    File,
    /// The history of uv.
    HistoryUv,
    /// The history of git.
    HistoryGit,
    /// The history of git, when nothing has changed since it was scanned.
    State,
}

impl Case {
    /// All of them, the short ones first.
    pub const ALL: [Self; 7] =
        [Self::Start, Self::Staged, Self::Tree, Self::File, Self::HistoryUv, Self::HistoryGit, Self::State];

    /// Its name in records and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Staged => "staged",
            Self::Tree => "tree",
            Self::File => "file",
            Self::HistoryUv => "history-uv",
            Self::HistoryGit => "history-git",
            Self::State => "state",
        }
    }

    /// In how many rounds it is measured unless said otherwise: the shorter, the more.
    pub const fn rounds(self) -> usize {
        match self {
            Self::Start => 50,
            Self::Staged => 20,
            Self::Tree | Self::File => 9,
            Self::HistoryUv | Self::HistoryGit | Self::State => 5,
        }
    }

    /// What is scanned. It is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn input(self, inputs: &Inputs) -> Result<Input, BenchError> {
        match self {
            Self::Start => inputs.small(),
            Self::Staged => inputs.staged(),
            Self::Tree => inputs.tree(),
            Self::File => inputs.file(),
            Self::HistoryUv => inputs.history("uv"),
            Self::HistoryGit | Self::State => inputs.history("git"),
        }
    }
}

/// Who takes part in a case.
#[derive(Debug, Clone)]
pub struct Contestant {
    /// A name, unique in the case.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it says of its version.
    pub version: String,
    /// What is run; or why it cannot be.
    pub task: Result<Task, String>,
    /// Whether its output must be that of ours.
    pub same_output: bool,
    /// Whether the time that it prints counts, as what it does before that is no part of the work.
    pub own_clock: bool,
}

/// Where everything stands.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The release build of stanch.
    pub stanch: PathBuf,
    /// Where inputs come from.
    pub inputs: Inputs,
    /// The others.
    pub peers: Peers,
}

impl Setup {
    /// Everyone who takes part in a case, ours first.
    ///
    /// # Errors
    /// If a peer is there in a form that cannot be measured.
    pub fn contestants(&self, case: Case, input: &Input) -> Result<Vec<Contestant>, BenchError> {
        let path = input.path.display().to_string();
        let path = path.as_str();
        let history = ["scan", path, "--history-only"];
        let mut all = match case {
            Case::Start => vec![self.ours(&["scan", path])],
            Case::Staged => vec![self.ours(&["scan", "--staged"])],
            Case::Tree => vec![self.ours(&["scan", path, "--no-history"])],
            Case::File => vec![self.ours(&["scan", path]), self.one_core(path)],
            Case::HistoryUv | Case::HistoryGit => vec![self.ours(&history)],
            Case::State => vec![self.ours(&history), self.remembered(&history)],
        };
        for peer in Peer::ALL {
            if let Some(arguments) = arguments(case, peer, path) {
                all.push(self.peer(peer, case, &arguments)?);
            }
        }
        if case == Case::Staged {
            for task in all.iter_mut().filter_map(|contestant| contestant.task.as_mut().ok()) {
                task.folder = Some(input.path.clone());
            }
        }
        Ok(all)
    }

    fn ours(&self, arguments: &[&str]) -> Contestant {
        let mut task = self.task(&self.stanch, "stanch", arguments);
        task.arguments.extend(["--format", "jsonl", "--progress", "never"].map(str::to_owned));
        task.fine = &[0, 1];
        Contestant {
            name: "stanch".to_owned(),
            role: Role::Ours,
            version: version(&self.stanch),
            task: Ok(task),
            same_output: true,
            own_clock: false,
        }
    }

    /// As ours, under another name.
    fn another(&self, name: &str, arguments: &[&str]) -> Contestant {
        let mut contestant = Contestant { name: name.to_owned(), role: Role::Other, ..self.ours(arguments) };
        if let Ok(task) = &mut contestant.task {
            task.output = Some(self.output(name));
        }
        contestant
    }

    fn one_core(&self, path: &str) -> Contestant {
        self.another("stanch, one core", &["scan", path, "--jobs", "1"])
    }

    /// A scan of what was scanned before: the round that is not counted makes the memory of it.
    fn remembered(&self, arguments: &[&str]) -> Contestant {
        let folder = self.inputs.work.join("state").display().to_string();
        let contestant = self.another("stanch --state, unchanged", &[arguments, &["--state", &folder]].concat());
        let known = Command::new(&self.stanch).args(["scan", "--help"]).output();
        let known = known.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--state "));
        if known { contestant } else { Contestant { task: Err("this stanch has no --state".to_owned()), ..contestant } }
    }

    fn peer(&self, peer: Peer, case: Case, arguments: &[&str]) -> Result<Contestant, BenchError> {
        let found = self.peers.find(peer)?;
        let task = |installed: &Installed| {
            let mut task = self.task(&installed.path, peer.program(), arguments);
            // 200 and 205 are Kingfisher's codes for findings; ripgrep and ripsecrets have 1, for nothing found and for something.
            task.fine = if peer == Peer::Kingfisher { &[0, 200, 205] } else { &[0, 1] };
            // Gigabytes are not kept.
            task.output =
                task.output.filter(|_| !matches!((peer, case), (Peer::Git, Case::HistoryUv | Case::HistoryGit)));
            task
        };
        Ok(Contestant {
            name: called(peer, case).to_owned(),
            role: if peer.scans() { Role::Peer } else { Role::Limit },
            version: found.as_ref().map(|installed| installed.version.clone()).unwrap_or_default(),
            task: found.as_ref().map(task).ok_or_else(|| format!("`{}` is not installed", peer.program())),
            same_output: false,
            // It reads the packs into memory first, so as to measure decoding alone.
            own_clock: peer == Peer::DecodeLimit,
        })
    }

    /// A command line that sees no configuration of the user, and keeps what it remembers in the folder of the work.
    fn task(&self, program: &Path, name: &str, arguments: &[&str]) -> Task {
        let work = &self.inputs.work;
        Task {
            program: program.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: vec![
                ("HOME", work.join("home")),
                ("XDG_CACHE_HOME", work.join("home/.cache")),
                ("XDG_CONFIG_HOME", work.join("home/.config")),
                ("STANCH_STATE_DIR", work.join("home/stanch")),
                ("RIPGREP_CONFIG_PATH", PathBuf::new()),
                ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
                ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ],
            output: Some(self.output(name)),
            ..Task::default()
        }
    }

    fn output(&self, name: &str) -> PathBuf {
        self.inputs.work.join(format!("out.{}", name.replace([' ', ','], "-")))
    }
}

/// What a peer is called in a case.
const fn called(peer: Peer, case: Case) -> &'static str {
    match (peer, case) {
        (Peer::Kingfisher, _) => "Kingfisher",
        (Peer::Ripsecrets, _) => "ripsecrets",
        (Peer::Ripgrep, _) => "ripgrep, one literal",
        (Peer::Git, Case::Staged) => "git diff --cached",
        (Peer::Git, _) => "git cat-file, every object",
        (Peer::DecodeLimit, _) => "libdeflate, every object",
        (Peer::True, _) => "a process that does nothing",
    }
}

/// The arguments of a peer in a case; `None` if it takes no part. Kingfisher must not ask providers or look for a newer version of itself;
/// otherwise it runs as it is.
fn arguments(case: Case, peer: Peer, path: &str) -> Option<Vec<&str>> {
    const OFFLINE: [&str; 2] = ["--no-validate", "--no-update-check"];
    let histories = matches!(case, Case::HistoryUv | Case::HistoryGit);
    let files = matches!(case, Case::Start | Case::Tree | Case::File);
    match peer {
        Peer::Kingfisher if histories || files => Some([&["scan", path][..], &OFFLINE].concat()),
        Peer::Kingfisher if case == Case::Staged => Some([&["scan", ".", "--staged"][..], &OFFLINE].concat()),
        Peer::Ripsecrets if files => Some(vec![path]),
        Peer::Ripgrep if files => Some(vec!["-uuu", "-a", "-c", ABSENT, path]),
        Peer::Git if histories => {
            Some(vec!["-C", path, "cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch"])
        }
        Peer::Git if case == Case::Staged => Some(vec!["diff", "--cached"]),
        Peer::DecodeLimit if histories => Some(vec![path]),
        Peer::True if case == Case::Start => Some(Vec::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(work: &Path) -> Setup {
        let peers = Peers { named: vec![("kingfisher".to_owned(), work.join("kingfisher"))], beside: Vec::new() };
        let inputs = Inputs { corpora: work.join("corpora"), work: work.to_owned() };
        Setup { stanch: "stanch".into(), inputs, peers }
    }

    #[test]
    fn every_case_has_its_contestants() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let setup = setup(work.path());
        let input = Input { path: "/x".into(), about: String::new(), bytes: 0 };
        for case in Case::ALL {
            let all = setup.contestants(case, &input).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(all.iter().filter(|one| one.role == Role::Ours).count(), 1, "{case:?}");
            assert_eq!(all.first().map(|one| one.role), Some(Role::Ours));
            assert!(all.len() > 1, "{case:?} is compared with something");
            let mut names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all.len(), "{case:?}: {names:?}");
            let mut outputs: Vec<&PathBuf> =
                all.iter().filter_map(|one| one.task.as_ref().ok()?.output.as_ref()).collect();
            let count = outputs.len();
            outputs.dedup();
            assert_eq!(outputs.len(), count, "{case:?}: {outputs:?}");
        }
    }

    #[test]
    fn kingfisher_calls_nobody() {
        for case in Case::ALL {
            let Some(arguments) = arguments(case, Peer::Kingfisher, "/x") else { continue };
            assert!(arguments.contains(&"--no-validate") && arguments.contains(&"--no-update-check"), "{case:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let input = Input { path: "/x".into(), about: String::new(), bytes: 0 };
        let all = setup(work.path()).contestants(Case::State, &input).unwrap_or_default();
        let why: Vec<String> = all.into_iter().filter_map(|one| one.task.err()).collect();
        assert_eq!(why, ["this stanch has no --state"]);
        let all = setup(work.path()).contestants(Case::HistoryUv, &input).unwrap_or_default();
        let why: Vec<String> = all.into_iter().filter_map(|one| one.task.err()).collect();
        assert_eq!(why, ["`decode_limit` is not installed"]);
    }
}
