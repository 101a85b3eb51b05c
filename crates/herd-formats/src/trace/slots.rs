//! Slots of goroutines by their ids, which a program gives out one after the other: pages of a list instead of hashes.

use rustc_hash::FxHashMap;

/// Ids a page.
const PAGE: usize = 1 << 10;
/// Pages that may lie between the first goroutine and the last; ids further away are kept by hash.
const PAGES_MAX: usize = 1 << 22;
const NONE: u32 = u32::MAX;

/// Slot by id. Memory follows the pages with goroutines that live, and 8 bytes for every 1024 ids.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    pages: Vec<Option<Box<Page>>>,
    free: Vec<Box<Page>>,
    far: FxHashMap<u64, u32>,
}

#[derive(Clone, Debug)]
struct Page {
    used: u32,
    slots: [u32; PAGE],
}

impl Slots {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count() + self.free.len();
        pages * size_of::<Page>() + self.pages.len() * size_of::<usize>() + self.far.len() * size_of::<(u64, u32)>()
    }

    /// The slot of a goroutine.
    #[inline]
    pub fn get(&self, id: u64) -> Option<u32> {
        let page = id as usize / PAGE;
        if page >= PAGES_MAX {
            return self.far.get(&id).copied();
        }
        let slot = self.pages.get(page)?.as_ref()?.slots[id as usize % PAGE];
        (slot != NONE).then_some(slot)
    }

    /// Remembers the slot of a goroutine.
    pub fn insert(&mut self, id: u64, slot: u32) {
        let at = id as usize / PAGE;
        if at >= PAGES_MAX {
            self.far.insert(id, slot);
            return;
        }
        if at >= self.pages.len() {
            self.pages.resize_with(at + 1, || None);
        }
        let free = &mut self.free;
        let page =
            self.pages[at].get_or_insert_with(|| free.pop().unwrap_or_else(|| Box::new(Page { used: 0, slots: [NONE; PAGE] })));
        let known = &mut page.slots[id as usize % PAGE];
        page.used += u32::from(*known == NONE);
        *known = slot;
    }

    /// Forgets a goroutine and gives its slot back, if it was known.
    pub fn remove(&mut self, id: u64) -> Option<u32> {
        let at = id as usize / PAGE;
        if at >= PAGES_MAX {
            return self.far.remove(&id);
        }
        let place = self.pages.get_mut(at)?;
        let page = place.as_mut()?;
        let known = &mut page.slots[id as usize % PAGE];
        if *known == NONE {
            return None;
        }
        let slot = std::mem::replace(known, NONE);
        page.used -= 1;
        if page.used == 0 {
            self.free.extend(place.take());
        }
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_near_and_far_are_kept_and_forgotten() {
        let mut slots = Slots::default();
        let ids = [1, 1023, 1024, 5_000_000, u64::MAX, 1 << 40];
        for (slot, id) in (0..).zip(ids) {
            slots.insert(id, slot);
        }
        for (slot, id) in (0..).zip(ids) {
            assert_eq!(slots.get(id), Some(slot));
            assert_eq!((slots.remove(id), slots.remove(id)), (Some(slot), None));
            assert_eq!(slots.get(id), None);
        }
        assert!(slots.pages.iter().all(Option::is_none));
    }
}
