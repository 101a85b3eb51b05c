//! What is known of conditions along a path, so that two branches on one condition are not taken in opposite ways.
//!
//! A condition is followed where it occurs more than once in a function and is made of names, selectors of names, literals and `nil` alone:
//! `x`, `!x`, `x == nil`, `x != 3`, `n > m`, `s.closed`; a case of a switch over such a tag is one too. It keeps its truth until what it is
//! made of may change:
//!
//! - a name: when it is assigned, declared again, or gets its next value in a loop. Names whose address is taken, or which a literal in the
//!   function assigns, are not followed at all. Other conditions than comparisons with `nil` are forgotten at method calls on the name, whose
//!   receiver may be a pointer to it.
//! - a selector: in addition when a field of any of its names is assigned, whatever it is a field of, and at calls that are given what it
//!   starts with: `s.start()` and `start(s)` forget `s.closed`; `s.mu.Lock()` does not.
//!
//! What this cannot know: that another goroutine, a call that is not given the name, or a caller of the literal at hand changes variables of
//! a package, of an enclosing function or fields; that names stand for one variable. So paths may be missed, and none is made up: consistency
//! only ever takes paths away. At most 63 conditions are followed in a function, the first ones.

use super::{Block, BlockId, Edge, Graph};

/// What an edge tells of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fact {
    /// Which one, of those that are followed in the function.
    pub condition: u8,
    /// Whether it holds.
    pub holds: bool,
}

/// What is known of the conditions of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Facts {
    known: u64,
    /// No more than what is known.
    holds: u64,
}

/// The condition that is the constant `true`.
pub(super) const TRUE: u8 = 0;
/// How many conditions are followed, that one included.
pub(super) const FOLLOWED_MAX: u32 = 64;

impl Facts {
    /// Nothing is known but that `true` holds.
    pub const NONE: Self = Self { known: 1 << TRUE, holds: 1 << TRUE };

    /// Learns a fact; tells whether it agrees with what is known.
    pub fn learn(&mut self, fact: Fact) -> bool {
        let bit = 1_u64.checked_shl(u32::from(fact.condition)).unwrap_or(0);
        let value = if fact.holds { bit } else { 0 };
        if self.known & bit != 0 {
            return self.holds & bit == value;
        }
        self.known |= bit;
        self.holds |= value;
        true
    }

    /// Whether a condition holds, where that is known.
    pub fn get(self, condition: u8) -> Option<bool> {
        let bit = 1_u64.checked_shl(u32::from(condition)).unwrap_or(0);
        (self.known & bit != 0).then_some(self.holds & bit != 0)
    }

    /// What is known behind a block's steps and along an edge; nothing where the edge cannot be taken then.
    pub fn along(mut self, block: &Block, edge: &Edge) -> Option<Self> {
        self.known &= !block.forgets;
        self.holds &= self.known;
        edge.fact.is_none_or(|fact| self.learn(fact)).then_some(self)
    }

    /// What is known of conditions that are asked again before they are forgotten.
    #[must_use]
    pub fn asked(mut self, block: &Block) -> Self {
        self.known &= block.asks | 1 << TRUE;
        self.holds &= self.known;
        self
    }

    /// What is known both here and there.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        let known = self.known & other.known & !(self.holds ^ other.holds);
        Self { known, holds: self.holds & known }
    }

    /// Whether all that is known there is known here.
    pub(super) fn implies(self, other: Self) -> bool {
        self.common(other) == other
    }
}

/// Sets which conditions are asked from each block on before they are forgotten. A condition is added to a block once.
pub(super) fn set_asked(graph: &mut Graph) {
    // Of blocks that are never come to as well, where a search may start all the same.
    let last = graph.blocks.len() as u32 - 1;
    let mut waiting = super::order::Waiting::new(graph.blocks.len());
    waiting.extend(0..=last);
    while let Some(place) = waiting.next() {
        let id = BlockId(last - place);
        let asked = |edge: &Edge| edge.fact.map_or(0, |fact| 1 << fact.condition) | graph.block(edge.to).asks;
        let asks = graph.edges(id).iter().map(asked).fold(0, |all, one| all | one) & !graph.block(id).forgets;
        if asks != graph.block(id).asks {
            graph.blocks[id.index()].asks = asks;
            waiting.extend(graph.edges_into(id).map(|edge| last - edge.from.0));
        }
    }
}

/// What holds whenever a block is entered. A condition is lost at a block once, so that blocks are visited seldom more than twice.
pub(super) fn holding(graph: &Graph) -> Vec<Facts> {
    let mut holds: Vec<Option<Facts>> = vec![None; graph.blocks.len()];
    holds[graph.entry.index()] = Some(Facts::NONE);
    let mut waiting = super::order::Waiting::new(graph.order.len());
    waiting.add(0);
    while let Some(place) = waiting.next() {
        let id: BlockId = graph.order[place as usize];
        let Some(facts) = holds[id.index()] else { continue };
        for edge in graph.edges(id) {
            let Some(there) = facts.along(graph.block(id), edge) else { continue };
            let slot = &mut holds[edge.to.index()];
            let merged = slot.map_or(there, |known| known.common(there));
            if *slot != Some(merged) {
                *slot = Some(merged);
                waiting.extend(graph.block(edge.to).order);
            }
        }
    }
    holds.into_iter().map(|facts| facts.unwrap_or(Facts::NONE)).collect()
}
