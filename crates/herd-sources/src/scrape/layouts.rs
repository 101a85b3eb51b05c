//! Layouts, each kept once for all targets that show it.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use std::collections::HashMap;
use std::hash::RandomState;

use herd_formats::exposition::Layout;

/// Layouts added between two looks for those that nobody shows any more.
const SWEEP_EVERY: usize = 1024;

/// All layouts in use.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    known: Mutex<Known>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Known {
    by_hash: HashMap<u64, Vec<Arc<Layout>>>,
    added: usize,
}

impl Layouts {
    /// The one kept layout that equals this one.
    pub(super) fn intern(&self, layout: Layout) -> Arc<Layout> {
        let hash = self.hasher.hash_one(&layout);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.by_hash.get(&hash).and_then(|same| same.iter().find(|known| ***known == layout)) {
            return same.clone();
        }
        known.added += 1;
        if known.added.is_multiple_of(SWEEP_EVERY) {
            known.by_hash.retain(|_, layouts| {
                layouts.retain(|layout| Arc::strong_count(layout) > 1);
                !layouts.is_empty()
            });
        }
        let layout = Arc::new(layout);
        known.by_hash.entry(hash).or_default().push(layout.clone());
        layout
    }
}
