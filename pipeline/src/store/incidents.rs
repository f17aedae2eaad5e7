//! Questions about incidents.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;

use super::Store;
use super::error::{Result, StoreError};
use super::projection;
use super::value::{Row, Value, values};
use crate::{Incident, IncidentId, State, Times};

/// Which incidents are meant; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How far they are.
    pub state: Option<State>,
    /// Who issued the credential.
    pub provider: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A text in their id, fingerprint, title, provider, kind, rule, owner or places, in upper or lower case.
    pub text: Option<String>,
    /// Only those that are not closed.
    pub open_only: bool,
}

/// A part of an answer, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The last incident of the part before.
    pub after: Option<IncidentId>,
    /// The most of them.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: None, limit: 50 }
    }
}

/// When what happened to one incident, and what tells it from others in a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesRow {
    /// The incident.
    pub id: IncidentId,
    /// Who issued the credential.
    pub provider: String,
    /// Its kind.
    pub kind: Option<String>,
    /// How far it is.
    pub state: State,
    /// How bad it is: a [`stanch_model::Severity`] in words.
    pub severity: String,
    /// Who can read it: a [`crate::Exposure`] in words.
    pub exposure: String,
    /// How it ended: a [`crate::Ending`] in words.
    pub ending: Option<String>,
    /// When what happened.
    pub times: Times,
}

impl Store {
    /// An incident as it is now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn incident(&self, id: &IncidentId) -> Result<Incident> {
        let id = id.clone();
        self.read(move |reading| {
            let row = reading.first("SELECT document FROM incidents WHERE id = $1", values![id.as_str()])?;
            projection::document(&row.ok_or(StoreError::NotFound("incident"))?, 0)
        })
        .await
    }

    /// The incident of a credential: the open one, or the last.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_of(&self, fingerprint: &str) -> Result<Option<Incident>> {
        let fingerprint = fingerprint.to_owned();
        self.read(move |reading| {
            let sql = "SELECT document FROM incidents WHERE fingerprint = $1 ORDER BY is_open DESC, id DESC LIMIT 1";
            let row = reading.first(sql, values![&fingerprint])?;
            row.map(|row| projection::document(&row, 0)).transpose()
        })
        .await
    }

    /// Incidents, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents(&self, filter: &Filter, page: &Page) -> Result<Vec<Incident>> {
        let (conditions, values) = conditions(filter, page);
        self.read(move |reading| {
            let sql = format!("SELECT document FROM incidents{conditions}");
            reading.query(&sql, &values)?.iter().map(|row| projection::document(row, 0)).collect()
        })
        .await
    }

    /// How many incidents there are, by state; states without any are left out.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn counts(&self) -> Result<BTreeMap<State, u64>> {
        self.read(|reading| {
            let rows = reading.query("SELECT state, count(*) FROM incidents GROUP BY state", &[])?;
            rows.iter().map(|row| Ok((state(row.text(0)?)?, row.int(1)?.unsigned_abs()))).collect()
        })
        .await
    }

    /// The times of the incidents that were detected in a range, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn times(&self, detected: Range<Timestamp>) -> Result<Vec<TimesRow>> {
        self.read(move |reading| {
            let rows = reading.query(
                "SELECT id, provider, kind, state, severity, exposure, ending,
                        exposed, detected, verified, decided, contained, dead, closed
                 FROM incidents WHERE detected >= $1 AND detected < $2 ORDER BY detected, id",
                values![detected.start, detected.end],
            )?;
            rows.iter().map(times_row).collect()
        })
        .await
    }
}

/// The rest of a question, and its values.
fn conditions(filter: &Filter, page: &Page) -> (String, Vec<Value>) {
    let (mut all, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        all.push(condition.replace("$$", &format!("${}", values.len())));
    };
    if let Some(state) = filter.state {
        add("state = $$", state.as_str().into());
    }
    if let Some(provider) = &filter.provider {
        add("provider = $$", provider.into());
    }
    if let Some(owner) = &filter.owner {
        add("owner = $$", owner.into());
    }
    if let Some(text) = &filter.text {
        add("words LIKE $$ ESCAPE '!'", pattern(text).into());
    }
    if filter.open_only {
        add("is_open = $$", 1_i64.into());
    }
    if let Some(after) = &page.after {
        add("id < $$", after.as_str().into());
    }
    values.push(i64::from(page.limit).into());
    let conditions = if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) };
    (format!("{conditions} ORDER BY id DESC LIMIT ${}", values.len()), values)
}

/// A pattern that fits what contains a text.
fn pattern(text: &str) -> String {
    let text = text.to_lowercase().replace('\0', " ");
    let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{text}%")
}

fn state(text: &str) -> Result<State> {
    let found = State::ALL.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| StoreError::Corrupt("a state that there is not".to_owned()))
}

fn times_row(row: &Row) -> Result<TimesRow> {
    Ok(TimesRow {
        id: row.text(0)?.parse().map_err(StoreError::corrupt)?,
        provider: row.text(1)?.to_owned(),
        kind: row.maybe_text(2)?.map(ToOwned::to_owned),
        state: state(row.text(3)?)?,
        severity: row.text(4)?.to_owned(),
        exposure: row.text(5)?.to_owned(),
        ending: row.maybe_text(6)?.map(ToOwned::to_owned),
        times: Times {
            exposed: row.maybe_time(7)?,
            detected: row.maybe_time(8)?,
            verified: row.maybe_time(9)?,
            decided: row.maybe_time(10)?,
            contained: row.maybe_time(11)?,
            dead: row.maybe_time(12)?,
            closed: row.maybe_time(13)?,
        },
    })
}
