//! Some steps of a graph.

use crate::flow::{BitSet, Graph, Place, StepId};

/// A set of steps of one graph.
#[derive(Clone, Default, Debug)]
pub struct Steps(BitSet);

impl Steps {
    /// Whether a step is among them.
    pub fn contains(&self, step: StepId) -> bool {
        self.0.contains(step.index())
    }

    /// Whether the step at a place is among them; the place of a block without steps has none.
    pub fn has(&self, graph: &Graph, place: Place) -> bool {
        graph.step(place).is_some() && self.contains(place.step)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a step.
    pub fn insert(&mut self, step: StepId) {
        self.0.insert(step.index());
    }

    /// Them, in order.
    pub fn iter(&self) -> impl Iterator<Item = StepId> {
        self.0.iter().map(|index| StepId(index as u32))
    }

    /// These but some others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.iter().filter(|step| !others.contains(*step)).collect()
    }
}

impl FromIterator<StepId> for Steps {
    fn from_iter<I: IntoIterator<Item = StepId>>(steps: I) -> Self {
        let mut found = Self::default();
        found.extend(steps);
        found
    }
}

impl Extend<StepId> for Steps {
    fn extend<I: IntoIterator<Item = StepId>>(&mut self, steps: I) {
        steps.into_iter().for_each(|step| self.insert(step));
    }
}
