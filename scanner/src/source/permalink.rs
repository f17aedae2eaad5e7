//! Pages of a repository's host that show a place in it.
//!
//! The host is known by its name only; nobody is asked. The forms of addresses are those of the hosts' own documentation:
//! <https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/creating-a-permanent-link-to-a-code-snippet>,
//! <https://docs.gitlab.com/user/project/repository/files/>, <https://docs.gitea.com/>,
//! <https://support.atlassian.com/bitbucket-cloud/docs/hyperlink-to-source-code-in-bitbucket/>. The forms of remotes are git's:
//! <https://git-scm.com/docs/git-clone#_git_urls>.

use gix::bstr::{BStr, BString, ByteSlice};
use gix::remote::Direction;
use stanch_model::{Finding, ObjectKind};

/// Hosts that serve the public, over HTTPS only.
const PUBLIC: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// A repository on a host whose pages we know how to address. It holds nothing of a remote's user or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forge {
    kind: Kind,
    /// The address of the repository's page, without a slash at its end.
    page: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    GitHub,
    GitLab,
    /// Gitea, and Forgejo that came from it.
    Gitea,
    /// Bitbucket Cloud; the pages of Bitbucket Data Center are others.
    Bitbucket,
}

impl Forge {
    /// The repository that a remote's URL names; `None` for a file path and for hosts that we do not know.
    pub(crate) fn of(remote_url: &str) -> Option<Self> {
        let remote = Remote::parse(remote_url.trim())?;
        let host = web_host(remote.host)?;
        let kind = Kind::of(&host)?;
        let path = remote.path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
        if !kind.has_repositories_at(path) {
            return None;
        }
        let scheme = if remote.plain_http && !PUBLIC.contains(&host.as_str()) { "http" } else { "https" };
        let port = remote.web_port.filter(|port| !matches!(port, 80 | 443)).map(|port| format!(":{port}"));
        let port = port.unwrap_or_default();
        Some(Self { kind, page: format!("{scheme}://{host}{port}/{path}") })
    }

    /// The page of lines in a file at a commit. Lines count from 1; the last is included.
    pub(crate) fn blob(&self, commit: &str, path: &str, line: u64, end_line: u64) -> String {
        // A hostile tree may hold such names; a browser would follow them out of the repository.
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return self.commit(commit);
        }
        let (page, file) = (&self.page, encoded(path));
        let (query, last) = (self.kind.source_view(path), (end_line > line).then_some(end_line));
        match self.kind {
            Kind::GitHub => {
                let last = last.map(|last| format!("-L{last}")).unwrap_or_default();
                format!("{page}/blob/{commit}/{file}{query}#L{line}{last}")
            }
            Kind::GitLab => {
                let last = last.map(|last| format!("-{last}")).unwrap_or_default();
                format!("{page}/-/blob/{commit}/{file}{query}#L{line}{last}")
            }
            Kind::Gitea => {
                let last = last.map(|last| format!("-L{last}")).unwrap_or_default();
                format!("{page}/src/commit/{commit}/{file}{query}#L{line}{last}")
            }
            Kind::Bitbucket => {
                let last = last.map(|last| format!(":{last}")).unwrap_or_default();
                format!("{page}/src/{commit}/{file}{query}#lines-{line}{last}")
            }
        }
    }

    /// The page of a finding: its lines in the file, or the commit whose message it stands in. None for what no page shows.
    pub(crate) fn page(&self, finding: &Finding) -> Option<String> {
        let git = finding.git.as_ref()?;
        let commit = git.commit.as_deref()?;
        let location = finding.location;
        match git.object {
            ObjectKind::Blob => Some(self.blob(commit, &finding.path, location.line, location.end_line)),
            ObjectKind::Commit => Some(self.commit(commit)),
            ObjectKind::Tag => None,
        }
    }

    /// The page of a commit.
    pub(crate) fn commit(&self, commit: &str) -> String {
        let page = &self.page;
        match self.kind {
            Kind::GitHub | Kind::Gitea => format!("{page}/commit/{commit}"),
            Kind::GitLab => format!("{page}/-/commit/{commit}"),
            Kind::Bitbucket => format!("{page}/commits/{commit}"),
        }
    }
}

impl Kind {
    fn of(host: &str) -> Option<Self> {
        let named = |name: &str| host.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        match host {
            "bitbucket.org" => Some(Self::Bitbucket),
            "codeberg.org" => Some(Self::Gitea),
            _ if named("github") => Some(Self::GitHub),
            _ if named("gitlab") => Some(Self::GitLab),
            _ if named("gitea") || named("forgejo") => Some(Self::Gitea),
            _ => None,
        }
    }

    /// Whether a repository can be at a path: `owner/name`, below groups on GitLab, and below the folder that an instance of Gitea is
    /// served from. No host gives out names with other characters than these, so nothing else of a URL gets into a link.
    fn has_repositories_at(self, path: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let parts = path.split('/').count();
        let fits = match self {
            Self::GitHub | Self::Bitbucket => parts == 2,
            Self::GitLab | Self::Gitea => parts >= 2,
        };
        fits && path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.chars().all(plain))
    }

    /// What asks for the source of a file that the host would show rendered, without lines.
    fn source_view(self, path: &str) -> &'static str {
        /// Endings of what GitHub renders: <https://github.com/github/markup#markups>,
        /// <https://docs.github.com/en/repositories/working-with-files/using-files/working-with-non-code-files>.
        const RENDERED: &[&str] = &[
            "adoc",
            "asc",
            "asciidoc",
            "creole",
            "csv",
            "geojson",
            "ipynb",
            "markdown",
            "md",
            "mdown",
            "mdx",
            "mediawiki",
            "mermaid",
            "mkd",
            "mkdn",
            "mkdown",
            "mmd",
            "org",
            "pod",
            "rdoc",
            "rst",
            "stl",
            "svg",
            "textile",
            "topojson",
            "tsv",
            "wiki",
        ];
        let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
        if !RENDERED.iter().any(|rendered| rendered.eq_ignore_ascii_case(ending)) {
            return "";
        }
        match self {
            Self::GitHub | Self::GitLab => "?plain=1",
            Self::Gitea => "?display=source",
            Self::Bitbucket => "?fileviewer=file-view-default",
        }
    }
}

/// What of a remote's URL tells where the repository's pages are.
struct Remote<'u> {
    host: &'u str,
    path: &'u str,
    /// The port of pages; one of SSH or of git's own protocol leads to none.
    web_port: Option<u16>,
    plain_http: bool,
}

impl<'u> Remote<'u> {
    fn parse(url: &'u str) -> Option<Self> {
        let Some((scheme, rest)) = url.split_once("://") else { return Self::parse_scp(url) };
        let (authority, path) = rest.split_once('/')?;
        let (host, port) = host_and_port(without_user(authority));
        let scheme = scheme.to_ascii_lowercase();
        let web = match scheme.as_str() {
            "https" | "http" => true,
            "ssh" | "git" | "git+ssh" | "ssh+git" => false,
            _ => return None,
        };
        let port = port.map(str::parse).transpose().ok()?;
        Some(Self { host, path, web_port: port.filter(|_| web), plain_http: scheme == "http" })
    }

    /// `user@host:path`, or `[user@host:port]:path`. As in git, a colon after a slash is one of a file's name.
    fn parse_scp(url: &'u str) -> Option<Self> {
        let (authority, path) = match url.strip_prefix('[') {
            Some(rest) => rest.split_once("]:")?,
            None => url.split_once(':')?,
        };
        if authority.contains('/') {
            return None;
        }
        let (host, _) = host_and_port(without_user(authority));
        Some(Self { host, path, web_port: None, plain_http: false })
    }
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// The host that has the pages; `None` if it is no name of a host.
fn web_host(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        return None;
    }
    for known in PUBLIC {
        // Names that take SSH at the port of HTTPS, and `github.com-work`, by which people tell their keys apart in the configuration of SSH.
        let before = host.strip_suffix(known);
        let after = host.strip_prefix(known);
        if matches!(before, Some("www." | "ssh." | "altssh.")) || after.is_some_and(|after| after.starts_with('-')) {
            return Some((*known).to_owned());
        }
    }
    Some(host)
}

/// A path as a part of a URL: <https://datatracker.ietf.org/doc/html/rfc3986#section-2.3>.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The pages of a repository: of the remote that the current branch follows, else of `origin`, else of the only remote. The user's
/// `url.<base>.insteadOf` is applied.
pub(crate) fn forge_of(repository: &gix::Repository) -> Option<Forge> {
    let branch = repository.head_name().ok().flatten();
    let followed = branch.and_then(|branch| {
        let name = repository.branch_remote_name(branch.shorten(), Direction::Fetch)?;
        Some(BString::from(name.as_bstr()))
    });
    let mut candidates: Vec<BString> = followed.into_iter().chain([BString::from("origin")]).collect();
    let names = repository.remote_names();
    if names.len() == 1 {
        candidates.extend(names.into_iter().map(|name| BString::from(name.as_bstr())));
    }
    candidates.iter().find_map(|name| Forge::of(&url_of(repository, name.as_bstr())?))
}

/// The URL of a remote, which a branch may also name in place of a remote.
fn url_of(repository: &gix::Repository, name: &BStr) -> Option<String> {
    let text = |url: &BStr| url.to_str().ok().map(ToOwned::to_owned);
    if let Some(Ok(remote)) = repository.try_find_remote(name) {
        return text(remote.url(Direction::Fetch)?.to_bstring().as_bstr());
    }
    // What gix refuses may still tell the host.
    let raw = repository.config_snapshot().string(format!("remote.{name}.url").as_str());
    raw.map_or_else(|| text(name), |url| text(url.as_bstr()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn page(url: &str) -> Option<(Kind, String)> {
        Forge::of(url).map(|forge| (forge.kind, forge.page))
    }

    #[test]
    fn every_form_of_a_remote_leads_to_the_page() {
        for url in [
            "https://github.com/o/r",
            "https://github.com/o/r.git",
            "https://github.com/o/r.git/",
            "http://github.com/o/r/",
            "HTTPS://GitHub.com:443/o/r.git",
            "https://user@github.com/o/r.git",
            "https://user:pass@word@www.github.com./o/r.git",
            "ssh://git@github.com/o/r.git",
            "ssh://git@ssh.github.com:443/o/r.git",
            "git+ssh://git@github.com:22/o/r",
            "git://github.com:9418/o/r.git",
            "git@github.com:o/r.git",
            "git@github.com:/o/r.git",
            "git@github.com-work:o/r.git",
            "[git@github.com:22]:o/r.git",
            "github.com:o/r",
            " git@github.com:o/r.git\n",
        ] {
            assert_eq!(page(url), Some((Kind::GitHub, "https://github.com/o/r".to_owned())), "{url}");
        }
    }

    #[test]
    fn hosts_are_known_by_name() {
        for (url, kind, page_of) in [
            ("git@github.acme.example:o/r.git", Kind::GitHub, "https://github.acme.example/o/r"),
            ("git@gitlab.com:group/sub/deep/r.git", Kind::GitLab, "https://gitlab.com/group/sub/deep/r"),
            ("ssh://git@altssh.gitlab.com:443/g/r", Kind::GitLab, "https://gitlab.com/g/r"),
            ("http://gitlab.lan:8080/g/r.git", Kind::GitLab, "http://gitlab.lan:8080/g/r"),
            ("ssh://git@gitlab.lan:2222/g/r.git", Kind::GitLab, "https://gitlab.lan/g/r"),
            ("https://codeberg.org/o/r", Kind::Gitea, "https://codeberg.org/o/r"),
            ("https://gitea.acme.example/git/o/r", Kind::Gitea, "https://gitea.acme.example/git/o/r"),
            ("git@forgejo.acme.example:o/r.js.git", Kind::Gitea, "https://forgejo.acme.example/o/r.js"),
            ("git@bitbucket.org:team/r.git", Kind::Bitbucket, "https://bitbucket.org/team/r"),
        ] {
            assert_eq!(page(url), Some((kind, page_of.to_owned())), "{url}");
        }
    }

    #[test]
    fn what_has_no_page_has_no_link() {
        for url in [
            "",
            ":",
            "://",
            "https://",
            "https:///o/r",
            "/srv/git/r.git",
            "../r.git",
            "./github.com:o/r",
            "C:/github.com/r",
            r"C:\r",
            "file:///github.com/o/r.git",
            "https://example.com/o/r",
            "https://gist.github.com/0123456789",
            "https://github.com",
            "https://github.com/o",
            "https://github.com/o/r/x",
            "https://github.com/o/../r",
            "https://github.com/o/r?token=x",
            "https://github.com/o/r#x",
            "https://github.com:port/o/r",
            "https://notgithub.com/o/r",
            "https://github/o/r",
            "https://github.a b/o/r",
            "https://bitbucket.acme.example/scm/o/r.git",
            "user:pass@github.com:o/r",
            "helper::https://github.com/o/r",
        ] {
            assert_eq!(page(url), None, "{url}");
        }
    }

    #[test]
    fn lines_of_files_as_each_host_writes_them() {
        let links = |url: &str, path: &str| {
            let forge = Forge::of(url);
            [(3, 3), (3, 5)].map(|(line, end)| forge.as_ref().map_or(String::new(), |f| f.blob(ID, path, line, end)))
        };
        for (url, path, address) in [
            ("git@github.com:o/r", "src/a.rs", format!("https://github.com/o/r/blob/{ID}/src/a.rs#L3|-L5")),
            ("git@github.com:o/r", "README.MD", format!("https://github.com/o/r/blob/{ID}/README.MD?plain=1#L3|-L5")),
            ("git@gitlab.com:g/h/r", "a b/c.py", format!("https://gitlab.com/g/h/r/-/blob/{ID}/a%20b/c.py#L3|-5")),
            ("git@gitlab.com:g/r", "x.md", format!("https://gitlab.com/g/r/-/blob/{ID}/x.md?plain=1#L3|-5")),
            ("git@codeberg.org:o/r", "md", format!("https://codeberg.org/o/r/src/commit/{ID}/md#L3|-L5")),
            (
                "git@codeberg.org:o/r",
                "a.rst",
                format!("https://codeberg.org/o/r/src/commit/{ID}/a.rst?display=source#L3|-L5"),
            ),
            ("git@bitbucket.org:o/r", "é#?%", format!("https://bitbucket.org/o/r/src/{ID}/%C3%A9%23%3F%25#lines-3|:5")),
        ] {
            let (one, more) = address.split_once('|').unwrap_or_default();
            assert_eq!(links(url, path), [one.to_owned(), format!("{one}{more}")], "{url} {path}");
        }
    }

    #[test]
    fn a_path_that_climbs_has_no_page_of_its_own() {
        let forge = Forge::of("git@github.com:o/r");
        let link = forge.map(|forge| forge.blob(ID, "a/../../../settings", 3, 3));
        assert_eq!(link, Some(format!("https://github.com/o/r/commit/{ID}")));
    }

    #[test]
    fn commits_as_each_host_writes_them() {
        for (url, address) in [
            ("git@github.com:o/r", "https://github.com/o/r/commit/"),
            ("git@gitlab.com:o/r", "https://gitlab.com/o/r/-/commit/"),
            ("git@codeberg.org:o/r", "https://codeberg.org/o/r/commit/"),
            ("git@bitbucket.org:o/r", "https://bitbucket.org/o/r/commits/"),
        ] {
            assert_eq!(Forge::of(url).map(|forge| forge.commit(ID)), Some(format!("{address}{ID}")));
        }
    }

    /// A repository with a configuration that is added to its own.
    fn repository(folder: &Path, configuration: &str) -> Fallible<gix::Repository> {
        let made = Command::new("git").args(["init", "--quiet", "--initial-branch=main"]).arg(folder).status()?;
        assert!(made.success());
        let file = folder.join(".git/config");
        let before = std::fs::read_to_string(&file)?;
        std::fs::write(&file, before + configuration)?;
        Ok(gix::open_opts(folder, gix::open::Options::isolated())?)
    }

    #[test]
    fn the_remote_that_counts() -> Fallible<()> {
        let remote = |name: &str, url: &str| format!("[remote \"{name}\"]\n\turl = {url}\n");
        let origin = remote("origin", "git@github.com:o/origin");
        let fork = remote("my.fork", "https://me:pass@gitlab.com/me/fork");
        let local = remote("origin", "/srv/r.git");
        let follows = |name: &str| format!("[branch \"main\"]\n\tremote = {name}\n");
        let instead = "[url \"https://github.com/\"]\n\tinsteadOf = gh:\n";
        for (configuration, expected) in [
            (String::new(), None),
            (format!("{fork}{origin}"), Some("https://github.com/o/origin")),
            (format!("{fork}{origin}{}", follows("my.fork")), Some("https://gitlab.com/me/fork")),
            (format!("{origin}{}", follows(".")), Some("https://github.com/o/origin")),
            (format!("{origin}{}", follows("gone")), Some("https://github.com/o/origin")),
            (follows("https://codeberg.org/o/direct"), Some("https://codeberg.org/o/direct")),
            (fork.clone(), Some("https://gitlab.com/me/fork")),
            (format!("{fork}{}", remote("other", "git@github.com:o/other")), None),
            (format!("{fork}{local}"), None),
            (format!("{}{instead}", remote("origin", "gh:o/short")), Some("https://github.com/o/short")),
        ] {
            let folder = tempfile::tempdir()?;
            let found = forge_of(&repository(folder.path(), &configuration)?).map(|forge| forge.page);
            assert_eq!(found.as_deref(), expected, "{configuration}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(url in "\\PC*", path in "\\PC*") {
            if let Some(forge) = Forge::of(&url) {
                forge.blob(ID, &path, 1, 2);
            }
        }

        /// Hostile remotes that nearly are URLs.
        #[test]
        fn nothing_near_a_url_breaks_it(url in "(https?://|ssh://|git\\+ssh://|\\[)?[a@:/.\\[\\]%]{0,6}(github|gitlab)?\\.com?[:/@\\]]{0,3}[a-z/.@:?#]{0,12}") {
            if let Some(forge) = Forge::of(&url) {
                let link = forge.commit(ID);
                prop_assert!(link.starts_with("http") && !link.contains(['@', '?', '#', '[', ' ']), "{link}");
            }
        }

        #[test]
        fn no_user_and_no_password_survives(
            user in "[!-~&&[^/@:]]{0,12}",
            pass in "[!-~&&[^/@]]{8,40}",
            scheme in "https?|ssh|git",
            host in prop::sample::select(vec!["github.com", "gitlab.lan:8443", "codeberg.org", "bitbucket.org"]),
        ) {
            let forge = Forge::of(&format!("{scheme}://{user}:{pass}@{host}/o/r.git"));
            let plain = Forge::of(&format!("{scheme}://{host}/o/r.git"));
            prop_assert!(plain.is_some());
            prop_assert_eq!(forge, plain);
        }

        #[test]
        fn a_path_cannot_leave_its_place(path in "\\PC*") {
            let forge = Forge::of("git@github.com:o/r");
            let link = forge.map(|forge| forge.blob(ID, &path, 3, 3)).unwrap_or_default();
            prop_assert!(link.starts_with("https://github.com/o/r/") && link.is_ascii());
            prop_assert!(!link.contains("/../") && link.matches('#').count() <= 1 && link.matches('?').count() <= 1);
        }
    }
}
