//! The oracle: every rule tried at every byte, with no anchors, no runs, no cache.

use stanch_scanner::{Candidate, Engine, Scratch};

/// Every match of every rule, in the order of [`Engine::trace`].
pub fn trace(engine: &Engine, document: &[u8]) -> Vec<Candidate> {
    let mut all = Vec::new();
    for rule in 0..engine.rules().len() {
        all.extend((0..document.len()).filter_map(|start| engine.try_at(rule, document, start)));
    }
    all
}

/// Where the fast and the naive trace of a document differ first; `None` if they are equal.
pub fn difference(engine: &Engine, document: &[u8], scratch: &mut Scratch) -> Option<String> {
    let (fast, slow) = (engine.trace(document, scratch), trace(engine, document));
    compare(engine, &fast, &slow)
}

/// Where two traces differ first.
pub fn compare(engine: &Engine, fast: &[Candidate], slow: &[Candidate]) -> Option<String> {
    let at = fast.iter().zip(slow).position(|(a, b)| a != b).or_else(|| {
        let shorter = fast.len().min(slow.len());
        (fast.len() != slow.len()).then_some(shorter)
    })?;
    let name = |c: Option<&Candidate>| {
        c.map_or("nothing".to_owned(), |c| {
            format!("{} at {:?}, secret {:?}, {:?}", engine.rules()[c.rule].id, c.span, c.secret, c.verdict)
        })
    };
    Some(format!(
        "hit {at} of {} and {}: fast {}; naive {}",
        fast.len(),
        slow.len(),
        name(fast.get(at)),
        name(slow.get(at))
    ))
}
