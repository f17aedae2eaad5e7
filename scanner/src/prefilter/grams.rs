//! What passes the vector search is mostly not what was looked for. Here it is compared with up to eight bytes of the literals that start like it.

/// Three bytes with bit 5 set: letters lose their case, and so do a few signs. False friends fall out at the comparison.
const FOLD: u32 = 0x0020_2020;
/// A multiplier that spreads bytes over 32 bits (Knuth, section 6.4).
const SPREAD: u32 = 0x9e37_79b1;
/// There are so many slots: twice as many as literals, with room for a user's rules.
const SLOT_BITS: u32 = 12;

/// So many bytes are compared at once.
pub(crate) const EIGHT: usize = 8;

/// Up to eight bytes of a literal, from the place at which it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gram {
    /// The bits that are compared.
    mask: u64,
    value: u64,
}

impl Gram {
    /// The gram of a literal's bytes of which there are three at least; letters match in either case under `fold`.
    pub(crate) fn new(bytes: &[u8], fold: bool) -> Self {
        let (mut mask, mut value) = (0, 0);
        for (at, byte) in bytes.iter().take(EIGHT).enumerate() {
            let bits = if fold && byte.is_ascii_alphabetic() { !0x20 } else { !0 };
            mask |= u64::from(bits) << (8 * at);
            value |= u64::from(bits & byte) << (8 * at);
        }
        Self { mask, value }
    }

    /// Whether these eight bytes are it, the first one lowest.
    #[inline]
    pub(crate) fn is(self, bytes: u64) -> bool {
        bytes & self.mask == self.value
    }

    fn slot(self) -> usize {
        slot(self.value)
    }

    /// What two have in common.
    fn or(self, other: Self) -> Self {
        let mask = self.mask & other.mask & !(self.value ^ other.value);
        Self { mask, value: self.value & mask }
    }
}

fn slot(bytes: u64) -> usize {
    (((bytes as u32 & 0x00ff_ffff) | FOLD).wrapping_mul(SPREAD) >> (32 - SLOT_BITS)) as usize
}

/// The grams of all literals, by their slots.
#[derive(Debug, Clone)]
pub(crate) struct Grams {
    /// For each slot, the number of its group.
    slots: Box<[u16; 1 << SLOT_BITS]>,
    /// What all grams of a slot have in common; the first is that of an empty slot, which nothing matches.
    groups: Vec<Gram>,
    /// Where the literals of each group end in `members`; they start where those of the group before end.
    ends: Vec<u32>,
    /// The literals: side by side, as most of a group are passed over.
    members: Vec<Member>,
}

/// A literal of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    gram: Gram,
    /// Its number.
    pub(crate) literal: u32,
    /// Where in it the gram stands.
    pub(crate) at: u32,
}

impl Grams {
    /// Of each literal the gram, and where in it that stands. They are numbered by their order.
    pub(crate) fn new(literals: &[(Gram, usize)]) -> Self {
        let grams: Vec<Gram> = literals.iter().map(|(gram, _)| *gram).collect();
        let member =
            |index: &usize| Member { gram: grams[*index], literal: *index as u32, at: literals[*index].1 as u32 };
        let mut order: Vec<usize> = (0..grams.len()).collect();
        order.sort_by_key(|index| (grams[*index].slot(), *index));
        let mut all = Self {
            slots: Box::new([0; 1 << SLOT_BITS]),
            groups: vec![Gram { mask: 0, value: 1 }],
            ends: vec![0],
            members: order.iter().map(member).collect(),
        };
        let mut start = 0;
        for group in order.chunk_by(|a, b| grams[*a].slot() == grams[*b].slot()) {
            let members = group.iter().map(|index| grams[*index]);
            let Some(common) = members.reduce(Gram::or) else { continue };
            all.slots[grams[group[0]].slot()] = all.groups.len() as u16;
            all.groups.push(common);
            start += group.len() as u32;
            all.ends.push(start);
        }
        all
    }

    /// The group whose literals may stand where these eight bytes do, the first one lowest.
    #[inline]
    pub(crate) fn group(&self, bytes: u64) -> Option<usize> {
        let group = usize::from(self.slots[slot(bytes)]);
        let common = self.groups.get(group)?;
        (bytes & common.mask == common.value).then_some(group)
    }

    /// Those literals of a group that may stand where these eight bytes do.
    #[inline]
    pub(crate) fn members(&self, group: usize, bytes: u64) -> impl Iterator<Item = &Member> {
        let end = |group: usize| self.ends.get(group).map_or(0, |end| *end as usize);
        let members = self.members.get(end(group.saturating_sub(1))..end(group)).unwrap_or_default();
        members.iter().filter(move |member| member.gram.is(bytes))
    }
}

/// Eight bytes from a position on, the first one lowest, with zeros after the end of the input.
#[inline]
pub(crate) fn eight(input: &[u8], at: usize) -> u64 {
    let rest = input.get(at..).unwrap_or_default();
    let last = || {
        let mut last = [0; EIGHT];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        last
    };
    u64::from_le_bytes(rest.first_chunk().copied().unwrap_or_else(last))
}
