//! A real browser that a test drives: Chromium without a window, by way of chromedriver and the W3C's `WebDriver`.
//!
//! ```no_run
//! use stanch_testkit::Browser;
//!
//! let browser = Browser::start();
//! browser.goto("http://127.0.0.1:8470/");
//! browser.fill("#token", "…");
//! browser.press("Enter");
//! assert_eq!(browser.text("h1"), "Incidents");
//! ```

mod wire;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long something on a page is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The name under which `WebDriver` hands out elements: <https://www.w3.org/TR/webdriver2/#elements>.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What Chromium is started with. Without the last ones it calls home, and a test would see requests that are not the page's.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
];

/// A browser. It and its driver are stopped when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

/// Unwraps what a test cannot go on without.
fn must<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A program of the system: on the path, or where Debian has it.
fn program(name: &str) -> PathBuf {
    let path = Command::new("sh").args(["-c", "printf %s \"$PATH\""]).output();
    let path = path.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    let found = places.map(|dir| dir.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is missing: `need_browser` of .ci/tools installs it"))
}

impl Browser {
    /// Starts one, with an empty profile.
    ///
    /// # Panics
    /// If there is no browser, or it does not start.
    pub fn start() -> Self {
        let (driver, chromium) = (program("chromedriver"), program("chromium"));
        let profile = must(TempDir::new(), "a folder for the browser");
        let mut driver = must(
            Command::new(driver)
                .arg("--port=0")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn(),
            "chromedriver",
        );
        let port = port_of(&mut driver);
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let flags: Vec<&str> = FLAGS.into_iter().chain([folder.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let answer = browser.call("POST", "/session", Some(&wanted));
        answer["sessionId"].as_str().unwrap_or_else(|| panic!("a session: {answer}")).clone_into(&mut browser.session);
        browser
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        must(wire::call(self.port, method, path, body), &format!("{method} {path}"))
    }

    /// A command of the session, whose failure is an answer.
    fn try_session(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        wire::call(self.port, method, &format!("/session/{}{path}", self.session), body)
            .map_err(|error| error.to_string())
    }

    fn session(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        must(self.try_session(method, path, body), &format!("{method} {path}"))
    }

    /// A command of Chromium's own: <https://chromedevtools.github.io/devtools-protocol/>.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.session("POST", "/goog/cdp/execute", Some(&json!({ "cmd": command, "params": parameters })))
    }

    /// Opens a page.
    pub fn goto(&self, url: &str) {
        self.session("POST", "/url", Some(&json!({ "url": url })));
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        self.session("GET", "/url", None).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the address ends so.
    ///
    /// # Panics
    /// If it does not in time.
    pub fn arrives(&self, end: &str) {
        self.until(&format!("an address that ends in {end}"), || self.url().ends_with(end));
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// If it does not in time.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < PATIENCE,
                "not in time: {what}; the page is {} and says:\n{}",
                self.url(),
                self.text("body")
            );
            sleep(Duration::from_millis(50));
        }
    }

    fn element(&self, selector: &str) -> Option<String> {
        let query = json!({ "using": "css selector", "value": selector });
        let found = self.try_session("POST", "/element", Some(&query)).ok()?;
        found[ELEMENT].as_str().map(ToOwned::to_owned)
    }

    fn must_have(&self, selector: &str) -> String {
        self.until(&format!("`{selector}`"), || self.element(selector).is_some());
        self.element(selector).unwrap_or_default()
    }

    /// Whether the page has something.
    pub fn has(&self, selector: &str) -> bool {
        self.element(selector).is_some()
    }

    /// How many there are.
    pub fn count(&self, selector: &str) -> usize {
        let found = self.session("POST", "/elements", Some(&json!({ "using": "css selector", "value": selector })));
        found.as_array().map_or(0, Vec::len)
    }

    /// The text of the first, as a person sees it.
    pub fn text(&self, selector: &str) -> String {
        let Some(element) = self.element(selector) else { return String::new() };
        let text = self.try_session("GET", &format!("/element/{element}/text"), None).unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks the first.
    pub fn click(&self, selector: &str) {
        let element = self.must_have(selector);
        self.session("POST", &format!("/element/{element}/click"), Some(&json!({})));
    }

    /// Writes into the first, in place of what stands there.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.must_have(selector);
        self.session("POST", &format!("/element/{element}/clear"), Some(&json!({})));
        self.session("POST", &format!("/element/{element}/value"), Some(&json!({ "text": text })));
    }

    /// Presses a key, by its name or as a letter: `Tab`, `Shift+Tab`, `Enter`, `Space`.
    pub fn press(&self, key: &str) {
        let code = |name: &str| match name {
            "Tab" => "\u{e004}".to_owned(),
            "Enter" => "\u{e007}".to_owned(),
            "Shift" => "\u{e008}".to_owned(),
            "Space" => " ".to_owned(),
            letter => letter.to_owned(),
        };
        let keys: Vec<String> = if key.len() > 1 { key.split('+').map(code).collect() } else { vec![key.to_owned()] };
        let event = |kind: &str, key: &String| json!({ "type": kind, "value": key });
        let down = keys.iter().map(|key| event("keyDown", key));
        let up = keys.iter().rev().map(|key| event("keyUp", key));
        let actions: Vec<Value> = down.chain(up).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.session("POST", "/actions", Some(&body));
    }

    /// Writes with the keyboard, wherever the focus is.
    pub fn write(&self, text: &str) {
        for letter in text.chars() {
            self.press(&letter.to_string());
        }
    }

    /// Runs a script on the page and gives what it returns. The page's own policy for content does not hold for it.
    pub fn run(&self, script: &str) -> Value {
        self.session("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] })))
    }

    /// Runs a script on each page before anything of its own.
    pub fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Makes the page so wide and high, and light or dark.
    pub fn looks(&self, (width, height): (u32, u32), scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    /// A picture of the whole page, in PNG.
    pub fn picture(&self) -> Vec<u8> {
        let size = self.run("const page = document.documentElement; return [page.clientWidth, page.scrollHeight]");
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        self.picture_of(&clip)
    }

    /// A picture of a part of the page: `x`, `y`, `width`, `height`, `scale`.
    pub fn picture_of(&self, clip: &Value) -> Vec<u8> {
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", &wanted);
        must(BASE64.decode(picture["data"].as_str().unwrap_or_default()), "a picture")
    }

    /// Keeps a picture of the whole page.
    pub fn keep_picture(&self, file: &Path) {
        must(fs::write(file, self.picture()), "a picture");
    }

    /// What the browser has warned and complained of since it was asked last.
    pub fn complaints(&self) -> Vec<String> {
        let loud = |entry: &&Value| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE"));
        self.log("browser")
            .iter()
            .filter(loud)
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The addresses of all requests since this was asked last.
    pub fn requests(&self) -> Vec<String> {
        let message = |entry: &Value| -> Option<String> {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let sent = message["message"]["method"] == "Network.requestWillBeSent";
            sent.then(|| message["message"]["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        };
        self.log("performance").iter().filter_map(message).collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.session("POST", "/se/log", Some(&json!({ "type": kind }))).as_array().cloned().unwrap_or_default()
    }

    /// The cookies that the page's scripts cannot all see: name, value and attributes, as `WebDriver` tells them.
    pub fn cookies(&self) -> Vec<Value> {
        self.session("GET", "/cookie", None).as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session; it itself is ended whatever came of that.
        let _ = self.try_session("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver says it listens at.
fn port_of(driver: &mut Child) -> u16 {
    let out = driver.stdout.take().unwrap_or_else(|| panic!("chromedriver speaks"));
    let mut lines = BufReader::new(out).lines();
    let said = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Whoever does not read on would have it wait with its next line for ever.
    std::thread::spawn(move || lines.for_each(drop));
    said.unwrap_or_else(|| panic!("chromedriver does not say where it listens"))
}
