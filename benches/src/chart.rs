//! The chart of the README, drawn from a record: bars for each case, in a scale of its own. It is readable on a light and on a dark page.

use crate::cases::Case;
use crate::record::{Measured, Record, Role, Row};

const WIDTH: f64 = 880.0;
const MARGIN: f64 = 28.0;
const LABELS: f64 = 200.0;
/// Room right of the longest bar, for its figures.
const FIGURES: f64 = 170.0;
const BAR: f64 = 16.0;
const STEP: f64 = 23.0;

/// The cases in the order of the chart, each with its title. What people come for stands first.
const TITLES: [(Case, &str); 7] = [
    (Case::HistoryGit, "The history of git"),
    (Case::HistoryUv, "The history of uv"),
    (Case::State, "The history of git, scanned before and unchanged"),
    (Case::Tree, "A tree of 50,000 files"),
    (Case::File, "One file of 250 MB"),
    (Case::Staged, "20 staged files in a repository of 50,000"),
    (Case::Start, "Start, scan one small file, end"),
];

const STYLE: &str = "\
text{font:13px -apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif;fill:#1f2328}\
.head{font-size:20px;font-weight:600}.title{font-size:15px;font-weight:600}.soft{font-size:12px;fill:#59636e}\
.strong{font-weight:600}.end{text-anchor:end}\
.page{fill:#ffffff;stroke:#d1d9e0}.ours{fill:#0a7f64}.other{fill:#58b39d}.peer{fill:#8c959f}\
.limit{fill:#eef1f4;stroke:#8c959f;stroke-dasharray:3 2}\
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9aa4af}.page{fill:#0d1117;stroke:#30363d}\
.ours{fill:#2fc79f}.other{fill:#1f8068}.peer{fill:#6e7781}.limit{fill:#1c2128;stroke:#8b949e}}";

/// Draws a record.
pub fn chart(record: &Record) -> String {
    let mut drawing = Drawing { body: String::new(), y: MARGIN + 18.0 };
    drawing.text(MARGIN, "head", "How long it takes");
    drawing.legend();
    for (case, title) in TITLES {
        let rows: Vec<(&Row, Measured)> = record
            .rows
            .iter()
            .filter(|row| row.case == case.name())
            .filter_map(|row| Some((row, row.measured?)))
            .collect();
        drawing.case(title, &rows);
    }
    drawing.footer(record);
    drawing.done()
}

struct Drawing {
    body: String,
    /// How far down it has come.
    y: f64,
}

impl Drawing {
    fn text(&mut self, x: f64, class: &str, text: &str) {
        self.body.push_str(&format!(
            "<text x=\"{x:.0}\" y=\"{:.0}\" class=\"{class}\">{}</text>\n",
            self.y,
            escaped(text)
        ));
    }

    fn bar(&mut self, x: f64, y: f64, width: f64, class: &str) {
        let width = width.max(1.5);
        self.body.push_str(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" class=\"{class}\"/>\n"
        ));
    }

    fn legend(&mut self) {
        self.y += 28.0;
        let mut x = MARGIN;
        let words = [
            ("ours", "stanch", 84.0),
            ("peer", "another scanner for secrets", 206.0),
            ("limit", "does only a part of the work: a limit", 0.0),
        ];
        for (class, word, width) in words {
            self.bar(x, self.y - 12.0, BAR, class);
            self.text(x + BAR + 7.0, "soft", word);
            x += width + BAR;
        }
        self.y += 8.0;
    }

    /// The bars of a case, if anything was measured.
    fn case(&mut self, title: &str, rows: &[(&Row, Measured)]) {
        let longest = rows.iter().map(|(_, measured)| measured.wall.median).fold(0.0, f64::max);
        let Some((first, _)) = rows.first().filter(|_| longest > 0.0) else { return };
        self.y += 30.0;
        self.text(MARGIN, "title", title);
        self.y += 17.0;
        self.text(MARGIN, "soft", &first.input);
        self.y += 24.0;
        let scale = (WIDTH - 2.0 * MARGIN - LABELS - FIGURES) / longest;
        for (row, measured) in rows {
            let class = if row.role == Role::Ours { "strong end" } else { "end" };
            let length = measured.wall.median * scale;
            self.text(MARGIN + LABELS - 10.0, class, &row.contestant);
            self.bar(MARGIN + LABELS, self.y - 12.5, length, row.role.name());
            let class = if row.role == Role::Ours { "strong" } else { "" };
            self.text(MARGIN + LABELS + length.max(1.5) + 8.0, class, &figures(row, measured));
            self.y += STEP;
        }
        self.y -= 6.0;
    }

    fn footer(&mut self, record: &Record) {
        self.y += 30.0;
        let machine = &record.machine;
        let cores = if machine.cores == 1 { "1 core".to_owned() } else { format!("{} cores", machine.cores) };
        for line in [
            "Medians of rounds in which everyone runs once; × is how many times as long as stanch, the median of the rounds. Shorter is better.".to_owned(),
            format!("Each group has a scale of its own. {}, {cores}, {}. {}.", machine.cpu, record.date, versions(record)),
        ] {
            self.text(MARGIN, "soft", &line);
            self.y += 17.0;
        }
    }

    fn done(self) -> String {
        let height = self.y + MARGIN - 17.0;
        let (inner_width, inner_height) = (WIDTH - 1.0, height - 1.0);
        let what =
            "Bars: how long stanch takes, beside other scanners and beside programs that do only a part of the work";
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{what}\">\n<style>{STYLE}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{inner_width}\" height=\"{inner_height:.0}\" rx=\"8\" class=\"page\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// The time of a contestant, with what else is to be said.
fn figures(row: &Row, measured: &Measured) -> String {
    let mut text = seconds(measured.wall.median);
    if row.role != Role::Ours {
        let ratio = measured.ratio.median;
        // What is far shorter would be told as nothing.
        let digits = match ratio {
            r if r < 0.95 => 2,
            r if r < 9.95 => 1,
            _ => 0,
        };
        text.push_str(&format!(" · {ratio:.digits$} ×"));
    }
    if let Some(rate) = row.rate() {
        text.push_str(&format!(" · {}", per_second(rate)));
    }
    text
}

/// A rate in megabytes a second.
fn per_second(rate: f64) -> String {
    if rate < 1000.0 { format!("{rate:.0} MB/s") } else { format!("{:.1} GB/s", rate / 1000.0) }
}

/// A time with two or three digits that count.
fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

/// The versions of the scanners, each once.
fn versions(record: &Record) -> String {
    let mut versions = vec![format!("stanch {}", record.machine.commit)];
    for row in record.rows.iter().filter(|row| row.role == Role::Peer && row.measured.is_some()) {
        if !row.version.is_empty() && !versions.contains(&row.version) {
            versions.push(row.version.clone());
        }
    }
    versions.join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn every_case_has_a_title() {
        for case in Case::ALL {
            assert!(TITLES.iter().any(|(titled, _)| *titled == case), "{case:?}");
        }
    }

    #[test]
    fn what_was_measured_is_drawn_to_scale() {
        let drawn = chart(&record());
        let width = |class: &str| {
            let bars = drawn.lines().filter(|line| line.ends_with(&format!("class=\"{class}\"/>")));
            let widths = bars.filter_map(|bar| bar.split_once("width=\"")?.1.split_once('"')?.0.parse::<f64>().ok());
            widths.fold(0.0, f64::max)
        };
        assert!((width("peer") / width("ours") - 11.0).abs() < 0.1, "{drawn}");
        assert!((width("ours") / width("limit") - 2.0).abs() < 0.1, "{drawn}");
        for text in ["5.00 s<", "55.0 s · 11 ×", "2.50 s · 0.50 ×", "Acme, Fast, 2 cores, 2026-11-21", "kingfisher 1.0"]
        {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
        assert!(!drawn.contains("ripsecrets"), "what was not measured has no bar");
        assert!(drawn.contains("prefers-color-scheme:dark"));
    }

    #[test]
    fn times_and_rates_for_people() {
        let told = [0.0021, 0.0149, 0.4, 6.912, 54.83].map(seconds);
        assert_eq!(told, ["2.1 ms", "15 ms", "400 ms", "6.91 s", "54.8 s"]);
        assert_eq!([341.2, 1549.0].map(per_second), ["341 MB/s", "1.5 GB/s"]);
        assert_eq!(escaped("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
    }
}
