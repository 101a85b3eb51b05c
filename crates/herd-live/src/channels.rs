//! Channels goroutines wait on (`runtime/chan.go`): every case of a `select`, which side each waits on, and what the channel holds.

use herd_model::{Inside, Side, Snapshot, WaitReason, What};
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::waits::{Cases, Key, Objects, Parked, TOGETHER, state};

/// Cases of one `select` (`reflect.Select` takes as many at most).
const CASES_MAX: usize = 1 << 16;
/// Waiters of a queue read beyond those whose goroutines were seen.
const STRANGERS_MAX: usize = 64;

/// A goroutine's place in a channel's queue (`sudog`).
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Index of the goroutine.
    of: usize,
    sudog: u64,
    channel: u64,
    select: bool,
}

/// Finds the channels of all goroutines, and which of their queues each stands in.
pub fn read(
    space: &mut Space,
    layout: &Layout,
    snapshot: &Snapshot,
    all: &[Parked],
    now_ns: Option<u64>,
    objects: &mut Objects,
) -> Result<Vec<Cases>, LiveError> {
    let mut cases = vec![Cases::default(); all.len()];
    let mut links = Links::default();
    let places = places(space, layout, all, &mut cases, &mut links)?;
    let mut channels: Vec<u64> = places.iter().map(|place| place.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    let mut sides = FxHashMap::default();
    for part in channels.chunks(TOGETHER) {
        look_inside(space, layout, part, &links, now_ns, objects, &mut sides)?;
    }
    for place in places {
        #[allow(clippy::wildcard_enum_match_arm, reason = "all other states leave it to the queues")]
        let sure = match state(snapshot, &all[place.of]) {
            WaitReason::ChanSend => Some(Side::Send),
            WaitReason::ChanReceive => Some(Side::Receive),
            _ => None,
        };
        let side = sure.or_else(|| sides.get(&place.sudog).copied()).unwrap_or(Side::Either);
        let object = objects.index(Key::At(place.channel), What::Channel);
        cases[place.of].on.push((object, side));
        cases[place.of].select |= place.select;
    }
    Ok(cases)
}

/// The next place in a channel's queue, by the address of the one before.
type Links = FxHashMap<u64, u64>;

/// All places of all goroutines, following the list of each (`sudog.waitlink`) in step.
fn places(
    space: &mut Space,
    layout: &Layout,
    all: &[Parked],
    cases: &mut [Cases],
    links: &mut Links,
) -> Result<Vec<Place>, LiveError> {
    let size = layout.get(At::SudogSize) as usize;
    let mut places = Vec::new();
    let mut round: Vec<(usize, u64)> =
        all.iter().enumerate().filter(|(_, one)| one.waits && one.waiting != 0).map(|(of, one)| (of, one.waiting)).collect();
    let mut batch = Batch::default();
    for _ in 0..CASES_MAX {
        if round.is_empty() {
            break;
        }
        let mut next = Vec::new();
        for part in round.chunks(TOGETHER) {
            batch.clear();
            for (_, sudog) in part {
                batch.ask(*sudog, size);
            }
            space.read(&mut batch)?;
            for (at, (of, sudog)) in part.iter().enumerate() {
                let word = |bytes: &[u8], place: At| u64_at(bytes, layout.get(place) as usize);
                let own = batch.get(at).filter(|bytes| word(bytes, At::SudogG) == all[*of].address);
                let Some(bytes) = own else {
                    cases[*of].torn = true;
                    continue;
                };
                links.insert(*sudog, word(bytes, At::SudogNext));
                let select = bytes.get(layout.get(At::SudogIsSelect) as usize).is_some_and(|byte| *byte != 0);
                let channel = word(bytes, At::SudogC);
                // Of a semaphore the list goes on with other goroutines.
                if channel == 0 {
                    continue;
                }
                places.push(Place { of: *of, sudog: *sudog, channel, select });
                next.extend(Some(word(bytes, At::SudogWaitLink)).filter(|link| *link != 0).map(|link| (*of, link)));
            }
        }
        round = next;
    }
    Ok(places)
}

/// Reads channels and walks their queues.
fn look_inside(
    space: &mut Space,
    layout: &Layout,
    channels: &[u64],
    links: &Links,
    now_ns: Option<u64>,
    objects: &mut Objects,
    sides: &mut FxHashMap<u64, Side>,
) -> Result<(), LiveError> {
    let mut batch = Batch::default();
    for channel in channels {
        batch.ask(*channel, layout.get(At::HchanSize) as usize);
    }
    space.read(&mut batch)?;
    let mut timers = Vec::new();
    for (at, channel) in channels.iter().enumerate() {
        let index = objects.index(Key::At(*channel), What::Channel);
        let Some(bytes) = batch.get(at) else { continue };
        let word = |place: At| u64_at(bytes, layout.get(place) as usize);
        let (buffered, capacity) = (word(At::HchanQcount), word(At::HchanDataqsiz));
        let mut queue = |place: At, side: Side| walk(space, layout, word(place), links, side, sides);
        let object = &mut objects.all[index as usize];
        object.inside = Inside {
            buffered: Some(buffered),
            capacity: Some(capacity),
            closed: Some(u32_at(bytes, layout.get(At::HchanClosed) as usize) != 0),
            senders: queue(At::HchanSendq, Side::Send)?,
            receivers: queue(At::HchanRecvq, Side::Receive)?,
            ..Inside::default()
        };
        let timer = layout.find(At::HchanTimer).map_or(0, |at| u64_at(bytes, at));
        if timer != 0 {
            object.what = What::TimerChannel;
            timers.push((index, timer));
        }
    }
    for (index, timer) in timers {
        objects.all[index as usize].inside.fires_in_ms = fires_in_ms(space, layout, timer, now_ns)?;
    }
    Ok(())
}

/// How long until a timer fires; negative when it is due. Nothing for one that is stopped, or when the clock is not known.
pub fn fires_in_ms(space: &mut Space, layout: &Layout, timer: u64, now_ns: Option<u64>) -> Result<Option<i64>, LiveError> {
    const NEVER: u64 = i64::MAX.cast_unsigned();
    const MS: i64 = 1_000_000;
    let (Some(now), Some(at)) = (now_ns, layout.find(At::TimerWhen)) else { return Ok(None) };
    let when = space.word(timer + at as u64)?.filter(|when| *when != 0 && *when < NEVER);
    Ok(when.map(|when| (when.cast_signed() - now.cast_signed()) / MS))
}

/// Notes the side of every place of a queue and counts them; no count when the queue changed under the eye.
fn walk(
    space: &mut Space,
    layout: &Layout,
    first: u64,
    links: &Links,
    side: Side,
    sides: &mut FxHashMap<u64, Side>,
) -> Result<Option<u64>, LiveError> {
    let (mut at, mut count, mut strangers) = (first, 0, 0);
    while at != 0 {
        if sides.insert(at, side).is_some() {
            return Ok(None);
        }
        count += 1;
        if let Some(next) = links.get(&at) {
            at = *next;
            continue;
        }
        strangers += 1;
        match space.word(at + u64::from(layout.get(At::SudogNext)))?.filter(|_| strangers <= STRANGERS_MAX) {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(count))
}
