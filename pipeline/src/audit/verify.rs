//! Checks the whole log: every line, the head, and what was kept elsewhere.

use std::collections::BTreeMap;

use super::chain::{Break, Chain, Defect, Hash, Line};
use super::head::{Head, VerifyingKey};
use super::{Anchor, AuditEvent};
use crate::IncidentId;
use crate::store::{Result, Store, StoreError};

/// How many lines are read at once.
const PAGE: u32 = 1000;

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A line does not follow the one before it. Later lines were not looked at.
    Line(Break),
    /// There are lines, and no head.
    NoHead,
    /// The head's signature does not fit what it says.
    Forged {
        /// The last line that the head knows.
        seq: u64,
    },
    /// The head was signed with a key that is not trusted.
    Stranger {
        /// The last line that the head knows.
        seq: u64,
        /// The key.
        key: VerifyingKey,
    },
    /// The head knows lines that are not there.
    Cut {
        /// The last line that is there.
        last: u64,
        /// The last line that the head knows.
        head: u64,
    },
    /// There are lines that the head does not know.
    Beyond {
        /// The last line that is there.
        last: u64,
        /// The last line that the head knows.
        head: u64,
    },
    /// The last line is not the one that the head knows.
    OtherEnd {
        /// Its place.
        seq: u64,
    },
    /// An anchor's signature does not fit what it says: it is no witness of anything.
    BadAnchor {
        /// The place that it names.
        seq: u64,
    },
    /// An anchor knows lines that are not there any more.
    CutSinceAnchor {
        /// The last line that is there.
        last: u64,
        /// The last line that the anchor knows.
        anchor: u64,
    },
    /// The line of an anchor is another one by now: the log was written anew, from there or from before.
    RewrittenSinceAnchor {
        /// The line's place.
        seq: u64,
    },
    /// Whoever wrote this line could not trust what stands before it ([`AuditEvent::Doubted`]), and neither can whoever reads it: the key that signed
    /// that is not trusted now either, or lines were gone.
    Doubted {
        /// The line's place.
        seq: u64,
    },
    /// There are lines before the first place. Nobody ever wrote one there.
    Before {
        /// The lowest place.
        seq: i64,
    },
    /// The row of an incident, by which it is led on and shown, does not say what its lines say.
    Differing {
        /// The incident.
        incident: IncidentId,
    },
}

/// What was checked, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines follow each other.
    pub lines: u64,
    /// How many anchors were compared with the log.
    pub anchors: usize,
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// What is known of the log while its lines come.
struct Check<'a> {
    chain: Chain,
    trusted: &'a [VerifyingKey],
    /// The hashes that anchors know, by place.
    anchored: BTreeMap<u64, Vec<Hash>>,
    report: Report,
}

/// Checks a store's log against its head and against anchors, and what is known of incidents against their lines. It takes the log in pages, and what is appended meanwhile is checked, too.
///
/// # Errors
/// If the database does not answer. What is wrong with the log is no error but in the report.
pub async fn verify(store: &Store, anchors: &[Anchor]) -> Result<Report> {
    let mut check = Check::new(anchors, store.trusted());
    if let Some(seq) = store.before_first().await? {
        check.report.faults.push(Fault::Before { seq });
    }
    loop {
        // The head is read before the lines: whatever it knows was there then, and everything after it came later.
        let head = head(store).await?;
        let known = head.as_ref().map_or(0, |head| head.seq);
        if check.follow(store, known).await? == End::Broken {
            return Ok(check.report);
        }
        // A head that moved on brought lines with it, which are followed first.
        if self::head(store).await? == head {
            check.end(head.as_ref());
            check.incidents(store).await?;
            return Ok(check.report);
        }
    }
}

/// The head; one that cannot be read is none.
async fn head(store: &Store) -> Result<Option<Head>> {
    match store.head().await {
        Err(StoreError::Corrupt(_)) => Ok(None),
        outcome => outcome,
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Broken,
    Reached,
}

impl<'a> Check<'a> {
    fn new(anchors: &[Anchor], trusted: &'a [VerifyingKey]) -> Self {
        let mut anchored: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        let mut report = Report::default();
        for Anchor(head) in anchors {
            if head.holds() && head.seq > 0 {
                anchored.entry(head.seq).or_default().push(head.hash);
            } else {
                report.faults.push(Fault::BadAnchor { seq: head.seq });
            }
        }
        Self { chain: Chain::default(), trusted, anchored, report }
    }

    /// Takes all lines that come.
    async fn follow(&mut self, store: &Store, last: u64) -> Result<End> {
        let mut page = PAGE;
        loop {
            let lines = match store.lines(self.chain.seq(), page).await {
                // Some line cannot be read at all: the lines before it are taken one by one.
                Err(StoreError::Corrupt(_)) if page > 1 => {
                    page = 1;
                    continue;
                }
                Err(StoreError::Corrupt(_)) => {
                    let broken = Break { seq: self.chain.seq() + 1, defect: Defect::Changed };
                    self.report.faults.push(Fault::Line(broken));
                    return Ok(End::Broken);
                }
                outcome => outcome?,
            };
            if lines.is_empty() {
                return Ok(End::Reached);
            }
            let last = lines.last().map_or(last, |line| line.seq.max(last));
            for line in &lines {
                if let Err(broken) = self.chain.take(line, last) {
                    self.report.faults.push(Fault::Line(broken));
                    return Ok(End::Broken);
                }
                self.report.lines += 1;
                self.compare(line.seq, &line.hash);
                if is_doubt(line, self.trusted) {
                    self.report.faults.push(Fault::Doubted { seq: line.seq });
                }
            }
        }
    }

    /// Compares what is kept of incidents with their lines. Where lines were cut off, that differs anyhow.
    async fn incidents(&mut self, store: &Store) -> Result<()> {
        let faults = &mut self.report.faults;
        if !faults.iter().any(|fault| matches!(fault, Fault::Cut { .. })) {
            faults.extend(store.differing().await?.into_iter().map(|incident| Fault::Differing { incident }));
        }
        Ok(())
    }

    /// Compares a line with the anchors of its place.
    fn compare(&mut self, seq: u64, hash: &Hash) {
        let known = self.anchored.remove(&seq).unwrap_or_default();
        self.report.anchors += known.len();
        if known.iter().any(|known| known != hash) {
            self.report.faults.push(Fault::RewrittenSinceAnchor { seq });
        }
    }

    /// Compares the end with the head, and with what anchors know beyond it.
    fn end(&mut self, head: Option<&Head>) {
        let last = self.chain.seq();
        let faults = &mut self.report.faults;
        match head {
            None if last == 0 => {}
            None => faults.push(Fault::NoHead),
            Some(head) => {
                if !head.holds() {
                    faults.push(Fault::Forged { seq: head.seq });
                } else if !self.trusted.contains(&head.key) {
                    faults.push(Fault::Stranger { seq: head.seq, key: head.key });
                }
                match head.seq.cmp(&last) {
                    std::cmp::Ordering::Greater => faults.push(Fault::Cut { last, head: head.seq }),
                    std::cmp::Ordering::Less => faults.push(Fault::Beyond { last, head: head.seq }),
                    std::cmp::Ordering::Equal if head.hash != *self.chain.hash() => {
                        faults.push(Fault::OtherEnd { seq: last });
                    }
                    std::cmp::Ordering::Equal => {}
                }
            }
        }
        let beyond = self.anchored.keys().map(|anchor| Fault::CutSinceAnchor { last, anchor: *anchor });
        faults.extend(beyond);
    }
}

/// Whether a line says that what stands before it cannot be trusted, and that still is so: a key that was not known to its writer may be known now.
fn is_doubt(line: &Line, trusted: &[VerifyingKey]) -> bool {
    let event = line.incident.is_none().then(|| serde_json::from_str(&line.event));
    let Some(Ok(AuditEvent::Doubted { head, wrote, .. })) = event else { return false };
    let vouched = head.and_then(|head| head.parse().ok()).is_some_and(|Anchor(head)| {
        head.seq + 1 == line.seq && head.hash == line.prev && trusted.contains(&head.key) && head.holds()
    });
    wrote.is_some() || !vouched
}
