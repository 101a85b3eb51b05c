//! Contention by line: where goroutines wait (block profiles), and which code lets go of what others waited for (mutex profiles).
//!
//! A mutex profile charges the goroutine that unlocks with all the time others waited for it (`runtime/sema.go`, `semrelease1`, and
//! `runtime/mprof.go`, `mutexevent`, Go 1.21 to 1.27): the line it names holds the lock for too long, or too often, and the waiters stand
//! elsewhere. Since Go 1.22 it holds the runtime's own locks, too (`runtime.unlock`, `runtime._LostContendedRuntimeLock`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use herd_model::{LockKind, LockProfile, LockRole, LockRow, LocksReport, Place, Profile, ProfileKind, StackId, is_runtime};

use crate::heap::hide;
use crate::names;

/// Callers of a row that are kept.
const CALLERS_SHOWN: usize = 16;

/// A profile and what to call it.
pub struct Contended<'a> {
    /// The target's name.
    pub target: &'a str,
    /// Of kind block, mutex or contention.
    pub profile: &'a Profile,
}

/// What a profile counts; nothing for one of another kind.
pub fn kind(profile: &Profile) -> Option<LockKind> {
    match profile.kind {
        ProfileKind::Mutex => Some(LockKind::Mutex),
        ProfileKind::Block => Some(LockKind::Block),
        ProfileKind::Contention => Some(LockKind::Contention),
        ProfileKind::Cpu
        | ProfileKind::Heap
        | ProfileKind::Allocs
        | ProfileKind::Goroutine
        | ProfileKind::GoroutineLeak
        | ProfileKind::ThreadCreate
        | ProfileKind::Other => None,
    }
}

/// Adds up the profiles line by line; those of other kinds are passed over. `top` rows of each table are kept, what is beyond is
/// counted in `hidden`. Cost: linear in the frames of all samples.
pub fn locks(profiles: &[Contended<'_>], top: usize, hidden: &mut BTreeMap<String, u64>) -> LocksReport {
    let mut told: Vec<LockProfile> = Vec::new();
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    let known = profiles.iter().filter_map(|of| Some((of, kind(of.profile)?, Columns::of(of.profile)?)));
    for (of, kind, columns) in known {
        let number = told.len();
        let mut whole = LockProfile {
            target: of.target.to_owned(),
            kind,
            contentions: 0,
            delay_ns: 0,
            over_s: of.profile.duration_ns.filter(|ns| *ns > 0).map(|ns| ns as f64 / 1e9),
        };
        for (stack, contentions, delay_ns) in by_stack(of.profile, &columns) {
            whole.contentions = whole.contentions.saturating_add(contentions);
            whole.delay_ns = whole.delay_ns.saturating_add(delay_ns);
            let (key, callers) = place(of.profile, stack, kind);
            let sum = sums.entry(key).or_default();
            sum.add(number, contentions, delay_ns, callers);
        }
        told.push(whole);
    }
    let mut rows: Vec<LockRow> = Vec::new();
    for (key, sum) in sums {
        let of_kind = told.iter().filter(|profile| profile.kind == key.kind);
        let whole = of_kind.fold(0u64, |whole, profile| whole.saturating_add(profile.delay_ns));
        rows.push(sum.row(key, whole, told.len()));
    }
    rows.sort_by(|a, b| (a.kind, Reverse(a.delay_ns), &a.at).cmp(&(b.kind, Reverse(b.delay_ns), &b.at)));
    let (mut runtime, mut rows): (Vec<LockRow>, Vec<LockRow>) = rows.into_iter().partition(|row| row.role == LockRole::Runtime);
    runtime.sort_by_key(|row| Reverse(row.delay_ns));
    hide(hidden, "runtime_locks_not_listed", runtime.len(), top);
    runtime.truncate(top);
    let all = rows.len();
    // Each kind has a table of its own.
    let mut of_kind: BTreeMap<LockKind, usize> = BTreeMap::new();
    rows.retain(|row| {
        let shown = of_kind.entry(row.kind).or_default();
        *shown += 1;
        *shown <= top
    });
    hide(hidden, "locks_not_listed", all, rows.len());
    LocksReport { profiles: told, rows, runtime }
}

/// Where the two values are.
struct Columns {
    contentions: usize,
    delay: usize,
}

impl Columns {
    fn of(profile: &Profile) -> Option<Columns> {
        Some(Columns { contentions: profile.sample_index("contentions")?, delay: profile.sample_index("delay")? })
    }
}

fn by_stack(profile: &Profile, columns: &Columns) -> Vec<(StackId, u64, u64)> {
    let mut sums: BTreeMap<StackId, (u64, u64)> = BTreeMap::new();
    for (row, stack) in profile.samples.stacks.iter().enumerate() {
        let value = |column: usize| u64::try_from(profile.samples.values[column][row]).unwrap_or_default();
        let (contentions, delay) = sums.entry(*stack).or_default();
        *contentions = contentions.saturating_add(value(columns.contentions));
        *delay = delay.saturating_add(value(columns.delay));
    }
    sums.into_iter().map(|(stack, (contentions, delay))| (stack, contentions, delay)).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: LockKind,
    role: LockRole,
    at: Place,
    operation: String,
}

#[derive(Default)]
struct Sum {
    by_profile: BTreeMap<usize, (u64, u64)>,
    stacks: u64,
    heaviest: u64,
    callers: Vec<Place>,
}

impl Sum {
    fn add(&mut self, profile: usize, contentions: u64, delay_ns: u64, callers: Vec<Place>) {
        let (count, delay) = self.by_profile.entry(profile).or_default();
        *count = count.saturating_add(contentions);
        *delay = delay.saturating_add(delay_ns);
        self.stacks += 1;
        if self.stacks == 1 || delay_ns > self.heaviest {
            self.heaviest = delay_ns;
            self.callers = callers;
        }
    }

    fn row(self, key: Key, whole_ns: u64, profiles: usize) -> LockRow {
        let sum = |part: fn(&(u64, u64)) -> u64| self.by_profile.values().map(part).fold(0, u64::saturating_add);
        let (contentions, delay_ns) = (sum(|both| both.0), sum(|both| both.1));
        let of = |profile: usize| self.by_profile.get(&profile).copied().unwrap_or_default();
        LockRow {
            kind: key.kind,
            role: key.role,
            at: key.at,
            operation: key.operation,
            contentions,
            delay_ns,
            mean_ns: if contentions == 0 { 0.0 } else { delay_ns as f64 / contentions as f64 },
            share: if whole_ns == 0 { 0.0 } else { delay_ns as f64 / whole_ns as f64 },
            callers: self.callers,
            stacks: self.stacks,
            by_profile: if profiles > 1 { (0..profiles).map(of).collect() } else { Vec::new() },
        }
    }
}

/// The line a stack is charged to, and the calls above it.
fn place(profile: &Profile, stack: StackId, kind: LockKind) -> (Key, Vec<Place>) {
    let frames: Vec<Place> = profile.frames(stack).map(|frame| profile.place(frame)).collect();
    let operations = frames.iter().take_while(|frame| is_operation(&frame.func)).count();
    let inside_runtime = match frames.get(operations) {
        Some(above) => is_runtime(&above.func) && !DEFERS.contains(&above.func.as_str()),
        None => true,
    };
    let is_std = |frame: &&Place| names::is_std(&frame.func, &frame.file);
    let outside = frames.iter().position(|frame| !is_std(&frame));
    // What the outermost of the calls does is what the program asked for: `Unlock` of a lock that a library holds for it.
    let operation = operations.checked_sub(1).and_then(|last| frames.get(last)).or_else(|| frames.first());
    let operation = operation.map(|frame| frame.func.clone()).unwrap_or_default();
    let role = if inside_runtime || operation.starts_with("runtime._") || is_runtime_lock(&operation) {
        LockRole::Runtime
    } else {
        role(&operation, kind)
    };
    let above = operations.min(frames.len().saturating_sub(1));
    let at = if role == LockRole::Runtime { above } else { outside.unwrap_or(above) };
    let place = frames.get(at).cloned().unwrap_or_default();
    let callers = frames.into_iter().skip(at + 1).take(CALLERS_SHOWN).collect();
    (Key { kind, role, at: place, operation }, callers)
}

/// Calls that wait or let go (`runtime.blockevent` and `runtime.mutexevent`, and their callers, Go 1.21 to 1.27).
fn is_operation(func: &str) -> bool {
    func.starts_with("sync.(*") || func.starts_with("internal/sync.(*") || is_runtime_lock(func) || OPERATIONS.contains(&func)
}

fn is_runtime_lock(func: &str) -> bool {
    func.starts_with("runtime.unlock") || func.starts_with("runtime.lock") || func == "runtime._LostContendedRuntimeLock"
}

/// Calls of the runtime between a deferred call and the function that deferred it (`runtime/panic.go`, Go 1.21 to 1.27).
const DEFERS: &[&str] = &[
    "runtime.deferreturn",
    "runtime.gopanic",
    "runtime.Goexit",
    "runtime.deferCallSave",
    "runtime.panicmem",
    "runtime.sigpanic",
];

const OPERATIONS: &[&str] = &[
    "runtime.block",
    "runtime.chanrecv1",
    "runtime.chanrecv2",
    "runtime.chansend1",
    "runtime.selectgo",
    "runtime.semrelease",
    "runtime.semacquire",
    "reflect.chanrecv",
    "reflect.chansend0",
    "reflect.rselect",
];

fn role(operation: &str, kind: LockKind) -> LockRole {
    let method = operation.rsplit('.').next().unwrap_or(operation);
    match operation {
        _ if operation.contains("WaitGroup)") => LockRole::WaitsForGroup,
        _ if operation.contains("Cond)") => LockRole::WaitsForCondition,
        "runtime.chanrecv1" | "runtime.chanrecv2" | "reflect.chanrecv" => LockRole::Receives,
        "runtime.chansend1" | "reflect.chansend0" => LockRole::Sends,
        "runtime.selectgo" | "reflect.rselect" | "runtime.block" => LockRole::Selects,
        _ if method.contains("nlock") => LockRole::Unlocks,
        _ if method.contains("Lock") || method == "Do" => match kind {
            LockKind::Mutex => LockRole::Unlocks,
            LockKind::Block | LockKind::Contention => LockRole::WaitsForLock,
        },
        _ => LockRole::Other,
    }
}
