//! What locks and WaitGroups look like inside (`sync/mutex.go`, `internal/sync/mutex.go`, `sync/rwmutex.go`, `sync/waitgroup.go`), and
//! when sleepers wake.

use herd_model::{Inside, What};

use crate::channels::fires_in_ms;
use crate::error::LiveError;
use crate::layout::Layout;
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::waits::{Objects, TOGETHER};

const LOCKED: u32 = 1;
const STARVING: u32 = 4;
const WAITERS_SHIFT: u32 = 3;
/// What a writer takes from an `RWMutex`'s count of readers.
const WRITER: i64 = 1 << 30;
/// `Mutex` with its writer's and readers' semaphores, then the counts.
const RW_MUTEX_BYTES: usize = 24;

/// Fills in what can be read of each object that is no channel.
pub fn read(space: &mut Space, layout: &Layout, now_ns: Option<u64>, objects: &mut Objects) -> Result<(), LiveError> {
    let wanted = |what: What| matches!(what, What::Mutex | What::RwMutex | What::WaitGroup);
    let known: Vec<(usize, u64)> = (0..objects.all.len())
        .filter(|index| wanted(objects.all[*index].what))
        .filter_map(|index| Some((index, objects.all[index].address?.0)))
        .collect();
    let mut batch = Batch::default();
    for part in known.chunks(TOGETHER) {
        batch.clear();
        for (index, address) in part {
            let bytes = if objects.all[*index].what == What::RwMutex { RW_MUTEX_BYTES } else { 8 };
            batch.ask(*address, bytes);
        }
        space.read(&mut batch)?;
        for (at, (index, _)) in part.iter().enumerate() {
            let Some(bytes) = batch.get(at) else { continue };
            let object = &mut objects.all[*index];
            let read = [(What::RwMutex, rw_mutex as fn(&[u8]) -> Inside), (What::WaitGroup, wait_group)];
            let read =
                read.into_iter().find(|(what, _)| *what == object.what).map_or(mutex as fn(&[u8]) -> Inside, |(_, read)| read);
            object.inside = read(bytes);
        }
    }
    for object in objects.all.iter_mut().filter(|object| object.what == What::Sleep) {
        if let Some(timer) = object.address.take() {
            object.inside.fires_in_ms = fires_in_ms(space, layout, timer.0, now_ns)?;
        }
    }
    Ok(())
}

fn mutex(bytes: &[u8]) -> Inside {
    let state = u32_at(bytes, 0);
    Inside {
        locked: Some(state & LOCKED != 0),
        starving: Some(state & STARVING != 0),
        own_waiters: Some(u64::from(state >> WAITERS_SHIFT)),
        ..Inside::default()
    }
}

fn rw_mutex(bytes: &[u8]) -> Inside {
    let signed = |at: usize| i64::from(u32_at(bytes, at).cast_signed());
    let (count, left) = (signed(16), signed(20));
    Inside {
        locked: Some(count < 0),
        readers: Some(if count < 0 { count + WRITER } else { count }),
        readers_left: Some(left),
        ..Inside::default()
    }
}

/// The counter in the upper half; in the lower one the waiters, and a flag above them since Go 1.25.
fn wait_group(bytes: &[u8]) -> Inside {
    const WAITERS: u64 = 0x7fff_ffff;
    let state = u64_at(bytes, 0);
    Inside {
        counter: Some(i64::from(((state >> 32) as u32).cast_signed())),
        own_waiters: Some(state & WAITERS),
        ..Inside::default()
    }
}
