//! Chooses by which four of its bytes each literal of the built-in rules is looked for, and in which of the sixteen sets of the vector search, so that
//! as little as possible of some text passes: literal by literal, each is moved to where it costs least. Then some are taken out and put back in
//! another order, which is kept if less passes, again and again.
//!
//! `cargo run --release -p stanch-testkit --example share_out -- TEXT...` writes `scanner/src/prefilter/chosen/`. What is found does not depend on it.
//! Take much text of many kinds (some 10 MB each of several languages, settings, prose); what passes tells how good a choice is. It takes a quarter
//! of an hour.

#![expect(clippy::print_stdout, reason = "a developers' command that prints")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use stanch_rules::{Rng, RuleSet};
use stanch_scanner::Engine;
use stanch_scanner::oracle::{Searched, symbol};

const SETS: usize = 16;
/// So many of the most frequent quadruples are counted with.
const MOST: usize = 120_000;
/// So often each literal is moved at first, and so often some are taken out and put back.
const ROUNDS: usize = 3;
const TRIES: usize = 1500;
/// So many are taken out where they are not all of a set.
const SOME: usize = 40;
/// How much what passes with AVX2 counts, where bytes are looked up as symbols, beside what passes where they are looked up as they are.
const WEIGHT_OF_SYMBOLS: f64 = 1.0;
/// What a byte costs that a set did not have: rare text is not in the sample.
const NEW_BYTE: f64 = 2e-6;

type Four = [u8; 4];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = std::env::args_os().skip(1).map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let sample = Sample::of(&texts);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scanner/src/prefilter/chosen");
    let searched = Engine::new(RuleSet::builtin()).searched();
    let chosen = std::thread::scope(|scope| {
        let threads = searched.each_ref().map(|(name, literals)| {
            let sample = &sample;
            scope.spawn(move || (*name, Choice::new(literals, sample)))
        });
        threads.map(std::thread::ScopedJoinHandle::join)
    });
    for chosen in chosen {
        let (name, choice) = chosen.map_err(|_| "a choice failed")?;
        std::fs::write(folder.join(format!("{name}.rs")), choice.source(name)?)?;
        let (whole, symbols) = choice.tables.passing(&sample.all);
        println!("{name}: {} literals, {:.2} % pass", choice.literals.len(), 100.0 * whole);
        println!("  {:.2} % with AVX2", 100.0 * symbols);
    }
    Ok(())
}

/// How often each quadruple stands in some texts, which all count alike, as a part of all.
struct Sample {
    all: Vec<(Four, f64)>,
}

impl Sample {
    fn of(texts: &[Vec<u8>]) -> Self {
        let mut counts: HashMap<Four, f64> = HashMap::new();
        for text in texts {
            let one = 1.0 / (text.len() * texts.len()) as f64;
            for four in text.windows(4).filter_map(|four| <Four>::try_from(four).ok()) {
                *counts.entry(four).or_default() += one;
            }
        }
        let mut all: Vec<(Four, f64)> = counts.into_iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { all }
    }

    fn most(&self) -> &[(Four, f64)] {
        self.all.get(..MOST).unwrap_or(&self.all)
    }
}

/// For each place and byte the sets that let it through.
type Places = [[u16; 256]; 4];

/// What the sets let through.
#[derive(Clone)]
struct Tables {
    /// For each set, place and byte how many literals have it there.
    users: Vec<[[u32; 256]; 4]>,
    whole: Places,
    /// As AVX2 looks it up.
    symbols: Places,
}

fn passes(places: &Places, four: Four) -> u16 {
    four.iter().zip(places).fold(u16::MAX, |sets, (byte, place)| sets & place[usize::from(*byte)])
}

/// What is let through if bytes are looked up as symbols.
fn by_symbol(whole: &Places) -> Places {
    let mut places = [[0; 256]; 4];
    for (place, whole) in places.iter_mut().zip(whole) {
        let mut symbols = [0; 32];
        (0..=u8::MAX).zip(whole).for_each(|(byte, sets)| symbols[usize::from(symbol(byte))] |= sets);
        (0..=u8::MAX).zip(place).for_each(|(byte, sets)| *sets = symbols[usize::from(symbol(byte))]);
    }
    places
}

impl Tables {
    fn new() -> Self {
        Self { users: vec![[[0; 256]; 4]; SETS], whole: [[0; 256]; 4], symbols: [[0; 256]; 4] }
    }

    fn put(&mut self, literal: &Searched, at: usize, set: usize, there: bool) {
        for (place, bytes) in literal.places[at..at + 4].iter().enumerate() {
            for byte in bytes {
                let users = &mut self.users[set][place][usize::from(*byte)];
                *users = if there { *users + 1 } else { *users - 1 };
                let sets = &mut self.whole[place][usize::from(*byte)];
                *sets = if *users > 0 { *sets | 1 << set } else { *sets & !(1 << set) };
            }
        }
        self.symbols = by_symbol(&self.whole);
    }

    /// How much of a text passes, as it is and by symbols.
    fn passing(&self, sample: &[(Four, f64)]) -> (f64, f64) {
        let of = |places: &Places| {
            sample.iter().filter(|(four, _)| passes(places, *four) != 0).map(|(_, share)| share).sum()
        };
        (of(&self.whole), of(&self.symbols))
    }

    /// What it would cost in each set to look for a literal by its bytes from a place on.
    fn costs(&self, literal: &Searched, at: usize, sample: &[(Four, f64)]) -> [f64; SETS] {
        let mut with = self.whole;
        for (place, bytes) in with.iter_mut().zip(&literal.places[at..at + 4]) {
            for byte in bytes {
                place[usize::from(*byte)] = u16::MAX;
            }
        }
        let mut costs = [0.0; SETS];
        for (before, with, weight) in [(&self.whole, &with, 1.0), (&self.symbols, &by_symbol(&with), WEIGHT_OF_SYMBOLS)]
        {
            for (four, share) in sample {
                let mut sets = passes(with, *four);
                if sets != 0 && passes(before, *four) == 0 {
                    while sets != 0 {
                        costs[sets.trailing_zeros() as usize] += weight * share;
                        sets &= sets - 1;
                    }
                }
            }
        }
        for (cost, users) in costs.iter_mut().zip(&self.users) {
            let places = users.iter().zip(&literal.places[at..at + 4]);
            let new: usize =
                places.map(|(users, bytes)| bytes.iter().filter(|byte| users[usize::from(**byte)] == 0).count()).sum();
            *cost += NEW_BYTE * new as f64;
        }
        costs
    }
}

/// Where each literal is looked for: from which place on, and in which set.
#[derive(Clone)]
struct Choice<'a> {
    literals: &'a [Searched],
    tables: Tables,
    at: Vec<Option<(usize, usize)>>,
}

impl<'a> Choice<'a> {
    fn new(literals: &'a [Searched], sample: &Sample) -> Self {
        let mut choice = Self { literals, tables: Tables::new(), at: vec![None; literals.len()] };
        let most = sample.most();
        // The most frequent first: the others find their place around them.
        let alone = |literal: &Searched| {
            let costs = (0..=literal.places.len() - 4).map(|at| Tables::new().costs(literal, at, most)[0]);
            costs.fold(f64::INFINITY, f64::min)
        };
        let mut order: Vec<(f64, usize)> =
            literals.iter().enumerate().map(|(index, literal)| (alone(literal), index)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for _ in 0..ROUNDS {
            for (_, index) in &order {
                choice.move_to_best(*index, most);
            }
        }
        let mut rng = Rng::new(1);
        for _ in 0..TRIES {
            let other = choice.tried(&mut rng, most);
            if other.cost(most) <= choice.cost(most) {
                choice = other;
            }
        }
        choice
    }

    /// The same with some literals put back in another order: those of one set, of two, or any.
    fn tried(&self, rng: &mut Rng, sample: &[(Four, f64)]) -> Self {
        let mut other = self.clone();
        let mut below = |n: usize| rng.below(n as u64) as usize;
        let (one, another) = (below(SETS), below(SETS));
        let is_of = |index: &usize, sets: &[usize]| self.at[*index].is_some_and(|(_, set)| sets.contains(&set));
        let all = 0..self.literals.len();
        let mut out: Vec<usize> = match below(3) {
            0 => all.filter(|index| is_of(index, &[one])).collect(),
            1 => all.filter(|index| is_of(index, &[one, another])).collect(),
            _ => (0..SOME).map(|_| below(self.literals.len())).collect(),
        };
        for index in &out {
            other.take_out(*index);
        }
        (1..out.len()).rev().for_each(|last| out.swap(last, below(last + 1)));
        for index in out.iter().chain(&out) {
            other.move_to_best(*index, sample);
        }
        other
    }

    /// How much of a text passes with both kinds of tables.
    fn cost(&self, sample: &[(Four, f64)]) -> f64 {
        let (whole, symbols) = self.tables.passing(sample);
        whole + WEIGHT_OF_SYMBOLS * symbols
    }

    fn take_out(&mut self, index: usize) {
        if let Some((at, set)) = self.at[index].take() {
            self.tables.put(&self.literals[index], at, set, false);
        }
    }

    fn move_to_best(&mut self, index: usize, sample: &[(Four, f64)]) {
        self.take_out(index);
        let literal = &self.literals[index];
        let ways = (0..=literal.places.len() - 4).flat_map(|at| {
            let costs = self.tables.costs(literal, at, sample);
            costs.into_iter().enumerate().map(move |(set, cost)| (cost, at, set))
        });
        if let Some((_, at, set)) = ways.min_by(|a, b| a.0.total_cmp(&b.0)) {
            self.tables.put(literal, at, set, true);
            self.at[index] = Some((at, set));
        }
    }

    /// The list as source code.
    fn source(&self, name: &str) -> Result<String, std::fmt::Error> {
        let mut source = format!(
            "//! Made by `testkit/examples/share_out.rs`.\n\nuse super::{{Chosen, chosen}};\n\n#[rustfmt::skip]\npub(crate) static {}: &[Chosen] = &[\n",
            name.to_uppercase()
        );
        for (literal, at) in self.literals.iter().zip(&self.at) {
            let Some((at, set)) = at else { continue };
            let (bytes, fold) = (literal.bytes.escape_ascii(), literal.fold);
            writeln!(source, "    chosen(b\"{bytes}\", {fold}, {at}, {set}),")?;
        }
        source.push_str("];\n");
        Ok(source)
    }
}
