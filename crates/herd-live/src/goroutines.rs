//! Every goroutine of a process, read from its own records (`runtime/runtime2.go`).

use std::ops::Range;

use herd_model::{
    Address, ClusterId, Goroutine, GoroutineId, LabelSetId, ObjectKind, Origin, Snapshot, SnapshotBuilder, WaitReason,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::core::Thread;
use crate::error::LiveError;
use crate::labels;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::notify_lists::{self, NotifyLists, Waiting};
use crate::semaphores::{self, Waiters};
use crate::states::{DEAD, DEAD_EXTRA, LEAKED, NAMES, RUNNING, SCAN_BIT, SYSCALL, WAITING};
use crate::target::Opened;
use crate::unwind::{Ended, Registers, Start, Unwinder};
use crate::waits::Parked;

/// Goroutines read together: enough for few calls, few enough for little memory.
const GROUP: usize = 16384;
/// Bytes of a stack read at first; deeper ones are read again.
const STACK_BYTES: u64 = 16 << 10;
/// Bytes read of one stack at most; what is deeper is said to be cut.
const STACK_BYTES_MAX: u64 = 64 << 20;
/// Share of stacks that must end where stacks end before anything is claimed.
const STACK_END_SHARE: f64 = 0.999;
/// How often a goroutine that moves is looked at.
const TRIES: usize = 6;

/// Distinct addresses counted; each goroutine's own record keeps its address beyond.
const MAX_OBJECTS: usize = 1 << 17;

/// No process has started so many goroutines: at ten million a second it would take five days.
const MAX_ID: u64 = 1 << 42;

/// What reading found beyond the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Goroutines of the runtime, which no dump shows.
    pub system: u64,
    /// Goroutines that ran while they were read: their stacks are not known.
    pub running: u64,
    /// Stacks that were walked.
    pub walked: u64,
    /// Of these, those that ended where stacks end.
    pub whole: u64,
    /// Goroutines that moved each time their stack was read: counted, without a stack.
    pub moved: u64,
    /// Goroutines whose address is kept with them and not in their cluster's table, which is bounded.
    pub objects_uncounted: u64,
}

/// A goroutine's record.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of one record")]
struct Record {
    address: u64,
    status: u32,
    scan: bool,
    id: u64,
    parent: u64,
    gopc: u64,
    startpc: u64,
    since: u64,
    reason: u8,
    locked: bool,
    at: Registers,
    stack_start: u64,
    stack_end: u64,
    thread: u64,
    in_syscall: bool,
    /// It may be walked.
    placed: bool,
    waiting: u64,
    labels: u64,
    bubble: u64,
    timer: u64,
}

impl Record {
    /// Whether the goroutine has not moved since. One that runs has nothing that could have been read wrong.
    fn is_same(&self, before: &Record) -> bool {
        let moves = |record: &Record| {
            let at = record.at;
            (record.id, record.status, record.reason, at.pc, at.sp, record.waiting, record.stack_end, record.in_syscall)
        };
        moves(self) == moves(before) || (self.status == RUNNING && before.status == RUNNING && self.id == before.id)
    }
}

/// Reads them all; those whose id is among `leaked` are marked so.
pub fn read(target: &mut Opened, now_ns: Option<u64>, leaked: &FxHashSet<u64>) -> Result<(Snapshot, Tally), LiveError> {
    let (snapshot, tally, _) = read_and_note(target, now_ns, leaked, None)?;
    Ok((snapshot, tally))
}

/// Reads them all; notes where each stands when there is something to note it in.
pub fn read_and_note(
    target: &mut Opened,
    now_ns: Option<u64>,
    leaked: &FxHashSet<u64>,
    parked: Option<Vec<Parked>>,
) -> Result<(Snapshot, Tally, Vec<Parked>), LiveError> {
    let Opened { space, layout, functions, wait_reasons, goroutines, version, semtable, threads, frozen, .. } = target;
    let addresses = goroutines.addresses(space)?;
    let waiters = semaphores::read(space, layout, *semtable)?;
    let mut reader = Reader {
        waiters,
        notify_lists: NotifyLists::default(),
        threads,
        frozen: *frozen,
        leaked,
        unwinder: Unwinder::new(functions, layout),
        builder: SnapshotBuilder::new(Origin::Memory),
        layout,
        wait_reasons,
        clusters: FxHashMap::default(),
        key: Vec::new(),
        tally: Tally::default(),
        now_ns,
        misplaced: 0,
        garbled: 0,
        objects: 0,
        parked,
    };
    reader.builder.snapshot_mut().go_version = Some(version.as_str().into());
    let mut batch = Batch::default();
    for group in addresses.chunks(GROUP) {
        reader.group(space, group, &mut batch)?;
    }
    let tally = reader.tally;
    check(&tally, reader.misplaced, reader.garbled, addresses.len())?;
    Ok((reader.builder.finish(), tally, reader.parked.unwrap_or_default()))
}

/// Refuses to claim anything of what does not look like goroutines.
fn check(tally: &Tally, misplaced: u64, garbled: u64, all: usize) -> Result<(), LiveError> {
    if garbled > 0 {
        return Err(LiveError::Inconsistent(format!("{garbled} of {all} goroutine records hold what none can")));
    }
    if misplaced > 0 {
        return Err(LiveError::Inconsistent(format!("{misplaced} of {all} goroutine records do not point at themselves")));
    }
    if (tally.whole as f64) < (tally.walked as f64 * STACK_END_SHARE).floor() - 1.0 {
        return Err(LiveError::Inconsistent(format!(
            "{} of {} stacks do not end where stacks end",
            tally.walked - tally.whole,
            tally.walked
        )));
    }
    Ok(())
}

struct Reader<'a> {
    unwinder: Unwinder<'a>,
    builder: SnapshotBuilder,
    layout: &'a Layout,
    wait_reasons: &'a [String],
    clusters: FxHashMap<Box<[u64]>, ClusterId>,
    /// The key looked up last.
    key: Vec<u64>,
    tally: Tally,
    now_ns: Option<u64>,
    misplaced: u64,
    garbled: u64,
    waiters: Waiters,
    notify_lists: NotifyLists,
    threads: &'a [Thread],
    frozen: bool,
    leaked: &'a FxHashSet<u64>,
    objects: usize,
    /// Where each goroutine stands, when that is asked for.
    parked: Option<Vec<Parked>>,
}

impl Reader<'_> {
    /// Reads the records of a group; leaves out those that hold no goroutine.
    fn records(
        &mut self,
        space: &mut Space,
        group: &[u64],
        batch: &mut Batch,
        records: &mut Vec<Record>,
    ) -> Result<(), LiveError> {
        let size = self.layout.get(At::GSize) as usize;
        batch.clear();
        for address in group {
            batch.ask(*address, size);
        }
        space.read(batch)?;
        records.clear();
        for (index, address) in group.iter().enumerate() {
            let Some(bytes) = batch.get(index) else { continue };
            let record = record(self.layout, *address, bytes);
            self.garbled += u64::from(!self.is_sound(&record));
            if matches!(record.status, 0 | DEAD | DEAD_EXTRA) || record.id == 0 {
                continue;
            }
            // A goroutine keeps a pointer to itself where it saves its registers (`gogo` relies on it).
            let own = u64_at(bytes, self.at(At::GSched) + self.at(At::GobufG));
            if own != *address {
                self.misplaced += u64::from(own != 0);
                continue;
            }
            records.push(record);
        }
        self.place_running(space, records)
    }

    /// Whether a record can be a goroutine's at all, whatever it does: each of these is one word, written at once.
    fn is_sound(&self, record: &Record) -> bool {
        let known = matches!(record.status, 0..=4 | DEAD | 8..=DEAD_EXTRA);
        let named = record.status != WAITING || usize::from(record.reason) < self.wait_reasons.len();
        known && named && record.id < MAX_ID && record.parent < MAX_ID
    }

    /// Where the threads of goroutines that ran stood, when they were stopped for this reading.
    fn place_running(&self, space: &mut Space, records: &mut [Record]) -> Result<(), LiveError> {
        if self.threads.is_empty() {
            return Ok(());
        }
        for record in records.iter_mut().filter(|record| record.status == RUNNING && record.thread != 0) {
            let Some(id) = space.word(record.thread + self.at(At::MProcid) as u64)? else { continue };
            let Some(thread) = self.threads.iter().find(|thread| u64::from(thread.id) == id) else { continue };
            let at = thread.registers(self.layout.arch);
            let own = record.stack_start..record.stack_end;
            if own.contains(&at.sp) {
                record.at = at;
                record.placed = true;
                continue;
            }
            // Where the thread is on its scheduler's stack, the goroutine's is as it was saved; where it handles a signal, it is not.
            let scheduler = space.word(record.thread + self.at(At::MG0) as u64)?.unwrap_or(0);
            let stack = space.bytes(scheduler + self.at(At::GStack) as u64, 16)?;
            let is_saved = stack.is_some_and(|stack| (u64_at(&stack, 0)..u64_at(&stack, 8)).contains(&at.sp));
            record.placed = is_saved && own.contains(&record.at.sp);
        }
        Ok(())
    }

    fn at(&self, place: At) -> usize {
        self.layout.get(place) as usize
    }

    /// Reads a group of goroutines. Each counts only when its record is the same before and after its stack was read; those that
    /// moved, and those whose stack does not end where stacks end, are read again, and after some tries counted as they are.
    fn group(&mut self, space: &mut Space, group: &[u64], batch: &mut Batch) -> Result<(), LiveError> {
        let mut records = Vec::new();
        self.records(space, group, batch, &mut records)?;
        let mut last = FxHashMap::<u64, Box<[u64]>>::default();
        for left in (0..TRIES).rev() {
            if records.is_empty() {
                return Ok(());
            }
            let seen = self.look(space, &records, batch)?;
            let mut again = Vec::new();
            if self.frozen {
                again.clone_from(&records);
            } else {
                let addresses: Vec<u64> = records.iter().map(|record| record.address).collect();
                self.records(space, &addresses, batch, &mut again)?;
            }
            let mut again = again.into_iter().peekable();
            let mut moved = Vec::new();
            let alike = alike(&records, &seen);
            for (record, one) in records.iter().zip(&seen.each) {
                let pcs = &seen.pcs[one.pcs.clone()];
                let known = self.known(record, pcs);
                let shared = one.whole && (known.is_some() || alike.get(pcs).is_some_and(|count| *count > 1));
                match again.next_if(|now| now.address == record.address) {
                    // It has ended.
                    None => {}
                    Some(now)
                        if now.is_same(record)
                            && (one.whole || left == 0 || self.frozen || !record.placed)
                            && self.is_borne_out(record, shared, pcs, &last) =>
                    {
                        self.settle(space, record, one, known, pcs)?;
                    }
                    Some(now) => moved.push(now),
                }
            }
            last =
                records.iter().zip(&seen.each).map(|(record, one)| (record.address, seen.pcs[one.pcs.clone()].into())).collect();
            records = moved;
        }
        for record in &records {
            self.tally.moved += 1;
            let record = Record { placed: false, ..*record };
            let known = self.known(&record, &[]);
            self.settle(space, &record, &Seen::default(), known, &[])?;
        }
        Ok(())
    }

    /// Whether a stack is one that stood there. A goroutine may run and wait again at the same place while its stack is read, which
    /// its record does not show; what such a reading makes up is like no other goroutine's stack, nor like itself read again.
    fn is_borne_out(&self, record: &Record, shared: bool, pcs: &[u64], last: &FxHashMap<u64, Box<[u64]>>) -> bool {
        let again = || last.get(&record.address).is_some_and(|before| **before == *pcs);
        self.frozen || !record.placed || shared || again()
    }

    /// Reads what the records point at.
    fn look(&mut self, space: &mut Space, records: &[Record], batch: &mut Batch) -> Result<Look, LiveError> {
        let sudog_bytes = self.at(At::SudogSize);
        let bubble_id = self.layout.find(At::BubbleId);
        batch.clear();
        let asked: Vec<[Option<usize>; 3]> = records
            .iter()
            .map(|record| {
                let stack = (record.placed && record.at.sp < record.stack_end)
                    .then(|| batch.ask(record.at.sp, (record.stack_end - record.at.sp).min(STACK_BYTES) as usize));
                let sudog = (record.waiting != 0 && record.status == WAITING).then(|| batch.ask(record.waiting, sudog_bytes));
                let bubble = bubble_id.filter(|_| record.bubble != 0).map(|at| batch.ask(record.bubble + at as u64, 8));
                [stack, sudog, bubble]
            })
            .collect();
        space.read(batch)?;
        let mut sets: Vec<u64> = records.iter().map(|record| record.labels).filter(|labels| *labels != 0).collect();
        sets.sort_unstable();
        sets.dedup();
        let sets = labels::read(space, self.layout, &mut self.builder, &sets)?;
        let on_conds =
            records.iter().filter(|record| record.waiting == 0 && state(self.wait_reasons, record) == notify_lists::STATE);
        let on_conds =
            on_conds.map(|record| Waiting { goroutine: record.address, sp: record.at.sp, stack_end: record.stack_end });
        let conds = self.notify_lists.of(space, self.layout, on_conds)?;
        let mut look = Look { pcs: Vec::new(), each: Vec::with_capacity(records.len()) };
        for (record, [stack, sudog, bubble]) in records.iter().zip(asked) {
            let from = look.pcs.len();
            let whole = match stack.and_then(|stack| batch.get(stack)) {
                Some(bytes) => self.walk(space, record, bytes, &mut look.pcs)?,
                None => false,
            };
            let waiter = self.waiters.get(record.address).or_else(|| conds.get(&record.address).copied());
            let semaphore = || waiter.map(|waiter| Wait { element: waiter.semaphore, ..Wait::default() });
            look.each.push(Seen {
                pcs: from..look.pcs.len(),
                whole,
                wait: sudog.and_then(|sudog| batch.get(sudog)).map(|bytes| self.waits_on(bytes)).or_else(semaphore),
                labels: sets.get(&record.labels).copied(),
                bubble: bubble.and_then(|bubble| batch.get(bubble)).map(|bytes| u64_at(bytes, 0)),
            });
        }
        Ok(look)
    }

    /// Walks a stack; answers whether it ended where stacks end.
    fn walk(&mut self, space: &mut Space, record: &Record, bytes: &[u8], pcs: &mut Vec<u64>) -> Result<bool, LiveError> {
        let from = pcs.len();
        let mut ended = self.unwinder.walk(space, &mut self.builder, record.at, bytes, record.in_syscall, pcs)?;
        let size = record.stack_end - record.at.sp;
        if ended == Ended::Short
            && size > STACK_BYTES
            && let Some(all) = space.bytes(record.at.sp, size.min(STACK_BYTES_MAX) as usize)?
        {
            pcs.truncate(from);
            ended = self.unwinder.walk(space, &mut self.builder, record.at, &all, record.in_syscall, pcs)?;
        }
        Ok(matches!(ended, Ended::Top | Ended::SpWrite))
    }

    /// Counts a goroutine of which all is known that can be.
    fn settle(
        &mut self,
        space: &mut Space,
        record: &Record,
        seen: &Seen,
        known: Option<ClusterId>,
        pcs: &[u64],
    ) -> Result<(), LiveError> {
        let start = self.unwinder.start(space, record.startpc)?;
        if start == Start::Runtime {
            self.tally.system += 1;
            return Ok(());
        }
        if record.placed {
            self.tally.walked += 1;
            self.tally.whole += u64::from(seen.whole);
        } else {
            self.tally.running += u64::from(record.status == RUNNING);
        }
        let state = state(self.wait_reasons, record);
        let id = match known {
            Some(known) => Some(known),
            None => self.cluster(space, record, start, pcs, state)?,
        };
        match id {
            Some(id) => self.count(record, id, state, seen),
            None => self.tally.system += 1,
        }
        Ok(())
    }

    /// The channel or semaphore of the first wait, and whether it is one of a select's.
    fn waits_on(&self, sudog: &[u8]) -> Wait {
        Wait {
            channel: u64_at(sudog, self.at(At::SudogC)),
            element: u64_at(sudog, self.at(At::SudogElem)),
            select: sudog.get(self.at(At::SudogIsSelect)).is_some_and(|byte| *byte != 0),
        }
    }

    /// What a goroutine of a cluster waits on: the channel, or the object its semaphore lies in.
    fn object(&self, id: ClusterId, state: &str, wait: Wait) -> Option<(ObjectKind, u64)> {
        if wait.channel != 0 {
            return (!wait.select).then_some((ObjectKind::Channel, wait.channel));
        }
        let snapshot = self.builder.snapshot();
        let frames = snapshot.stack(&snapshot.clusters[id.0 as usize]).frames.iter();
        semaphores::object(state, frames.map(|frame| snapshot.func(*frame)), wait.element)
    }

    fn count(&mut self, record: &Record, id: ClusterId, state: &str, seen: &Seen) {
        let object = seen.wait.and_then(|wait| self.object(id, state, wait));
        if let Some((kind, address)) = object {
            let cluster = self.builder.cluster_mut(id);
            cluster.object_kind = Some(kind);
            match cluster.objects.get_mut(&Address(address)) {
                Some(count) => *count += 1,
                None if self.objects < MAX_OBJECTS => {
                    self.objects += 1;
                    cluster.objects.insert(Address(address), 1);
                }
                None => self.tally.objects_uncounted += 1,
            }
        }
        let waited = self.waited(record);
        if let Some(parked) = &mut self.parked {
            parked.push(Parked {
                address: record.address,
                id: record.id,
                cluster: id,
                waits: matches!(record.status, WAITING | LEAKED),
                waiting: record.waiting,
                object,
                sp: if record.placed { record.at.sp } else { 0 },
                stack_end: record.stack_end,
                pc: record.at.pc,
                timer: record.timer,
            });
        }
        self.builder.log(
            id,
            &Goroutine {
                id: record.id,
                parent: Some(record.parent).filter(|parent| *parent != 0).map(GoroutineId),
                wait_minutes: waited,
                object: object.map(|(_, address)| Address(address)),
                labels: seen.labels,
                bubble: seen.bubble,
                locked: record.locked,
                leaked: record.status == LEAKED || self.leaked.contains(&record.id),
                scan: record.scan,
                durable: state.ends_with("(durable)"),
            },
        );
    }

    /// The cluster of a stack and state seen before.
    fn known(&mut self, record: &Record, pcs: &[u64]) -> Option<ClusterId> {
        self.key.clear();
        self.key.extend(key(record, pcs));
        self.clusters.get(self.key.as_slice()).copied()
    }

    /// A new cluster for a stack and state; `None` for a goroutine of the runtime that runs nothing of the program's now.
    fn cluster(
        &mut self,
        space: &mut Space,
        record: &Record,
        start: Start,
        pcs: &[u64],
        state: &str,
    ) -> Result<Option<ClusterId>, LiveError> {
        let created_by = if record.id == 1 { None } else { self.unwinder.creator(space, &mut self.builder, record.gopc)? };
        let mut stack = self.unwinder.stack(pcs, created_by);
        stack.unavailable = !record.placed;
        if start == Start::Sometimes && !self.shows_users(&stack.frames) {
            return Ok(None);
        }
        let stack = self.builder.stack(stack);
        let id = self.builder.cluster(stack, WaitReason::from_text(state));
        self.clusters.insert(key(record, pcs).collect(), id);
        Ok(Some(id))
    }

    /// Whether finalizers or cleanups of the program are running: only then does a dump show the goroutine.
    fn shows_users(&self, frames: &[herd_model::FrameId]) -> bool {
        frames.iter().any(|frame| !self.builder.snapshot().func(*frame).starts_with("runtime."))
    }

    fn waited(&self, record: &Record) -> Option<u32> {
        const MINUTE_NS: u64 = 60_000_000_000;
        if record.since == 0 || !matches!(record.status, WAITING | SYSCALL) {
            return None;
        }
        let minutes = self.now_ns?.checked_sub(record.since)? / MINUTE_NS;
        u32::try_from(minutes).ok().filter(|minutes| *minutes > 0)
    }
}

/// How many goroutines of a round have each stack.
type Alike<'a> = FxHashMap<&'a [u64], u32>;

fn alike<'a>(records: &[Record], look: &'a Look) -> Alike<'a> {
    let mut alike = Alike::default();
    for (_, one) in records.iter().zip(&look.each).filter(|(record, _)| record.placed) {
        *alike.entry(&look.pcs[one.pcs.clone()]).or_default() += 1;
    }
    alike
}

/// What makes goroutines one cluster.
fn key(record: &Record, pcs: &[u64]) -> impl Iterator<Item = u64> {
    let state = u64::from(record.status) | u64::from(record.reason) << 8;
    let marks = u64::from(record.id == 1) | u64::from(record.placed) << 1;
    pcs.iter().copied().chain([record.gopc, state, marks])
}

/// The state as a traceback names it.
fn state<'r>(reasons: &'r [String], record: &Record) -> &'r str {
    if matches!(record.status, WAITING | LEAKED) && record.reason != 0 {
        return reasons.get(usize::from(record.reason)).map_or("unknown wait reason", String::as_str);
    }
    NAMES.get(record.status as usize).copied().unwrap_or("???")
}

/// What records point at, in their order.
struct Look {
    pcs: Vec<u64>,
    each: Vec<Seen>,
}

/// What one record points at.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Its return addresses among those of all.
    pcs: Range<usize>,
    /// They reach the stack's end.
    whole: bool,
    wait: Option<Wait>,
    labels: Option<LabelSetId>,
    bubble: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    channel: u64,
    element: u64,
    select: bool,
}

fn record(layout: &Layout, address: u64, bytes: &[u8]) -> Record {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let saved = |place: At| layout.find(place).map_or(0, |at| u64_at(bytes, layout.get(At::GSched) as usize + at));
    let status = u32_at(bytes, layout.get(At::GStatus) as usize);
    let syscall_sp = word(At::GSyscallSp);
    let in_syscall = syscall_sp != 0;
    let at = if in_syscall {
        Registers { pc: word(At::GSyscallPc), sp: syscall_sp, ..Registers::default() }
    } else {
        Registers { pc: saved(At::GobufPc), sp: saved(At::GobufSp), lr: saved(At::GobufLr), interrupted: false }
    };
    Record {
        address,
        status: status & !SCAN_BIT,
        scan: status & SCAN_BIT != 0,
        id: word(At::GGoid),
        parent: word(At::GParentGoid),
        gopc: word(At::GGopc),
        startpc: word(At::GStartPc),
        since: word(At::GWaitSince),
        reason: bytes.get(layout.get(At::GWaitReason) as usize).copied().unwrap_or(0),
        locked: word(At::GLockedM) != 0,
        at,
        stack_start: word(At::GStack),
        thread: word(At::GM),
        stack_end: u64_at(bytes, layout.get(At::GStack) as usize + 8),
        in_syscall,
        placed: status & !SCAN_BIT != RUNNING,
        waiting: word(At::GWaiting),
        labels: word(At::GLabels),
        bubble: layout.find(At::GBubble).map_or(0, |at| u64_at(bytes, at)),
        timer: word(At::GTimer),
    }
}
