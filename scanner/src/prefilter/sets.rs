//! Which literals share a set of the vector search. A set lets through all quadruples that can be made of the bytes that its literals have at each
//! place, so literals with like bytes belong together: few sets of few bytes let little else through.

use stanch_rules::ByteClass;

/// How many sets there are.
pub(crate) const SETS: usize = 16;
/// How often each literal may move to the set where it costs least. The first round fills the sets.
const ROUNDS: usize = 4;

/// What may stand at a place of a quadruple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Byte(u8),
    /// The letter, in either case.
    Letter(u8),
    Class(ByteClass),
    Any,
}

/// What may stand at the four places of a literal's quadruple.
pub(crate) type Choices = [Choice; 4];

/// A literal's quadruple.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quadruple {
    pub(crate) choices: Choices,
    /// The set that it belongs to, if that is known beforehand.
    pub(crate) set: Option<u8>,
}

impl Choice {
    pub(crate) fn each(self, mut tell: impl FnMut(usize)) {
        match self {
            Self::Byte(byte) => tell(usize::from(byte)),
            Self::Letter(letter) => {
                tell(usize::from(letter.to_ascii_lowercase()));
                tell(usize::from(letter.to_ascii_uppercase()));
            }
            // Where the input ends a zero is read.
            Self::Class(class) => {
                std::iter::once(0).chain(class.bytes().filter(|b| *b != 0)).map(usize::from).for_each(tell);
            }
            Self::Any => (0..256).for_each(tell),
        }
    }

    /// How often it is seen.
    pub(crate) fn share(self) -> f32 {
        let mut sum = 0.0;
        self.each(|byte| sum += SHARES[byte]);
        sum.min(1.0)
    }
}

/// How much of source code and prose each byte is, by rough count.
static SHARES: [f32; 256] = {
    let mut shares = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        // Capitals are a fourth as frequent.
        let half_bits = rareness(byte as u8) + if (byte as u8).is_ascii_uppercase() { 4 } else { 0 };
        let even = 1.0 / (1_u32 << (half_bits / 2)) as f32;
        shares[byte] = if half_bits.is_multiple_of(2) { even } else { even * std::f32::consts::FRAC_1_SQRT_2 };
        byte += 1;
    }
    shares
};

/// How rare a byte is in source code and prose, in steps of half a bit, by rough count.
pub(crate) const fn rareness(byte: u8) -> u8 {
    match byte | 0x20 {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 8,
        b'l' | b'c' | b'd' | b'u' | b'p' | b'm' => 10,
        b'f' | b'g' | b'h' | b'b' | b'y' | b'.' | b'-' | b'/' | b'0' | b'1' | b'=' => 12,
        b'v' | b'w' | b'k' | b'x' | 0x7f | b'2'..=b'9' | b':' => 14,
        b'j' | b'q' | b'z' => 18,
        _ => 15,
    }
}

/// Shares the quadruples out among the sets: for each of the four places, the sets that each byte belongs to. Those whose set is known beforehand, at
/// each start of a process nearly all, are only noted.
pub(crate) fn share_out(all: &[Quadruple]) -> [[u16; 256]; 4] {
    let mut sets: Vec<Option<usize>> = all.iter().map(|quadruple| quadruple.set.map(usize::from)).collect();
    if sets.contains(&None) {
        place_open(all, &mut sets);
    }
    let mut members = [[0; 256]; 4];
    for (quadruple, set) in all.iter().zip(sets) {
        for (members, choice) in members.iter_mut().zip(quadruple.choices) {
            choice.each(|byte| members[byte] |= set.map_or(0, |set| 1 << set));
        }
    }
    members
}

/// Finds the sets where those cost least whose set is not known. The others are there first.
fn place_open(all: &[Quadruple], at: &mut [Option<usize>]) {
    let share = |choices: &Choices| choices.iter().map(|choice| choice.share()).product::<f32>();
    let open = all.iter().enumerate().filter(|(_, quadruple)| quadruple.set.is_none());
    let mut order: Vec<(f32, usize)> = open.map(|(index, open)| (share(&open.choices), index)).collect();
    // The most frequent first: the others find their place around them.
    order.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    let bytes = Bytes::of(all);
    let mut sets: [Set; SETS] = std::array::from_fn(|_| Set::default());
    for (index, quadruple) in all.iter().enumerate() {
        if let Some(set) = quadruple.set.and_then(|set| sets.get_mut(usize::from(set))) {
            set.add(bytes.places(index));
        }
    }
    for _ in 0..ROUNDS {
        for (_, index) in &order {
            let places = bytes.places(*index);
            if let Some(set) = at[*index] {
                sets[set].remove(places);
            }
            let costs = sets.iter().map(|set| set.cost_with(places));
            let best = costs.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(set, _)| set);
            sets[best].add(places);
            at[*index] = Some(best);
        }
    }
}

/// What may stand at the places of all quadruples, listed once: every set is asked about it again and again.
struct Bytes {
    listed: Vec<u8>,
    /// Where in the list each place ends, four to a quadruple.
    ends: Vec<[usize; 4]>,
}

impl Bytes {
    fn of(all: &[Quadruple]) -> Self {
        let mut listed = Vec::with_capacity(all.len() * 4);
        let mut list = |choice: &Choice| {
            choice.each(|byte| listed.push(byte as u8));
            listed.len()
        };
        let ends = all.iter().map(|quadruple| quadruple.choices.each_ref().map(&mut list)).collect();
        Self { listed, ends }
    }

    fn places(&self, index: usize) -> [&[u8]; 4] {
        let mut start = index.checked_sub(1).map_or(0, |before| self.ends[before][3]);
        self.ends[index].map(|end| &self.listed[std::mem::replace(&mut start, end)..end])
    }
}

/// The bytes of a set's literals.
#[derive(Default)]
struct Set {
    places: [Place; 4],
}

/// The bytes of a set's literals at one place.
struct Place {
    /// How many literals have each byte there.
    users: [u32; 256],
    /// How much of an input these bytes are together.
    share: f32,
    /// How much more of it each byte would be: nothing, if it is one of them.
    more: [f32; 256],
}

impl Default for Place {
    fn default() -> Self {
        Self { users: [0; 256], share: 0.0, more: SHARES }
    }
}

impl Place {
    fn add(&mut self, byte: usize) {
        self.users[byte] += 1;
        self.share += std::mem::take(&mut self.more[byte]);
    }

    fn remove(&mut self, byte: usize) {
        self.users[byte] -= 1;
        if self.users[byte] == 0 {
            self.share -= SHARES[byte];
            self.more[byte] = SHARES[byte];
        }
    }
}

impl Set {
    fn add(&mut self, places: [&[u8]; 4]) {
        for (place, bytes) in self.places.iter_mut().zip(places) {
            for byte in bytes {
                place.add(usize::from(*byte));
            }
        }
    }

    fn remove(&mut self, places: [&[u8]; 4]) {
        for (place, bytes) in self.places.iter_mut().zip(places) {
            for byte in bytes {
                place.remove(usize::from(*byte));
            }
        }
    }

    /// How much more of an input the set lets through with one more literal.
    fn cost_with(&self, places: [&[u8]; 4]) -> f32 {
        let (mut now, mut then) = (1.0, 1.0);
        for (place, bytes) in self.places.iter().zip(places) {
            let more: f32 = bytes.iter().map(|byte| place.more[usize::from(*byte)]).sum();
            now *= place.share.min(1.0);
            then *= (place.share + more).min(1.0);
        }
        then - now
    }
}
