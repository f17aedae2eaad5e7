//! What the fuzz target of states sees.

use stanch_rules::RuleSet;

use crate::source::git::state::answer::Answer;
use crate::source::git::state::memory::Memory;

/// Reads bytes as what is known of objects; if they are that, they are what is written of it.
pub fn objects(bytes: &[u8]) -> Option<Vec<u8>> {
    let memory = Memory::read(bytes)?;
    // Whatever stands in it can be asked for.
    let known = memory.each_id().filter(|id| memory.place(id).is_some()).count();
    assert_eq!(known, memory.len());
    for links in &memory.commits {
        let _id = (memory.id(links.commit), memory.id(links.tree), memory.size(links.commit));
    }
    Some(memory.write())
}

/// Reads bytes as an answer; how many findings it has.
pub fn answer(bytes: &[u8], rules: &RuleSet) -> Option<usize> {
    Answer::read(bytes, rules, "root").map(|answer| answer.len())
}
