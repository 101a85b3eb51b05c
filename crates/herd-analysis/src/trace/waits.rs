//! What goroutines waited for: by reason and by stack.

use herd_model::{NameId, StackId, TraceReason, TraceStack, TraceTables};
use rustc_hash::FxHashMap;

use super::places::{self, FRAMES_SHOWN};
use super::spread::{Durations, Open};

/// Reasons told apart; more are counted with the last.
const REASONS_MAX: usize = 250;
/// Frames looked at for what was called in package sync.
const SYNC_FRAMES: usize = 8;
const UNKNOWN: u8 = u8::MAX;

/// The reason of a coroutine's switch, which has none.
pub const SWITCH: &str = "coroutine switch";
/// Where a goroutine was found waiting, nobody saw why it began.
pub const UNSEEN: &str = "began before the trace";

/// A semaphore of the runtime: `sync` in the trace, and nothing of package sync in the stack (a call of `runtime.GC` that waits for its turn).
const OF_THE_RUNTIME: &str = "runtime semaphore";

/// Waits of the runtime's own goroutines (`runtime/traceruntime.go`, `traceBlockReasonStrings`); they say nothing of the program.
const SYSTEM: [&str; 3] = ["GC background sweeper wait", "system goroutine wait", "preempted"];

/// A reason, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReasonId(pub u8);

#[derive(Clone, Debug)]
struct Reason {
    text: String,
    finished: Durations,
    unfinished: Open,
}

/// Time at a stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtStack {
    /// Finished.
    pub count: u64,
    /// Finished, all together.
    pub total_ns: u64,
    /// Finished, the longest.
    pub max_ns: u64,
    /// Finished, begun before the goroutine was first seen: in no other figure.
    pub count_unseen: u64,
    /// Of those, the longest since then.
    pub max_unseen_ns: u64,
    /// Not finished at the end.
    pub unfinished: u64,
    /// Those, all together, up to the end.
    pub unfinished_ns: u64,
}

/// Time by stack, in a list: nearly every event of a busy program comes by.
#[derive(Clone, Debug, Default)]
pub struct ByStack(Vec<AtStack>);

impl ByStack {
    /// What is kept of a stack.
    #[inline]
    pub fn at(&mut self, stack: StackId) -> &mut AtStack {
        let at = stack.0 as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, AtStack::default());
        }
        &mut self.0[at]
    }

    /// Stacks with anything, in order.
    pub fn iter(&self) -> impl Iterator<Item = (StackId, AtStack)> {
        let all = (0..).map(StackId).zip(self.0.iter().copied());
        all.filter(|(_, stat)| stat.count + stat.count_unseen + stat.unfinished > 0)
    }
}

impl AtStack {
    /// Counts a finished one in.
    #[inline]
    pub fn add(&mut self, ns: u64) {
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// Counts a finished one in that began before the goroutine was first seen.
    pub fn add_unseen(&mut self, ns: u64) {
        self.count_unseen += 1;
        self.max_unseen_ns = self.max_unseen_ns.max(ns);
    }

    /// Counts one in that was under way at the end.
    pub fn add_open(&mut self, ns: u64) {
        self.unfinished += 1;
        self.unfinished_ns = self.unfinished_ns.saturating_add(ns);
    }

    /// For a report.
    pub fn report(&self, stack: StackId, tables: &TraceTables) -> TraceStack {
        TraceStack {
            call: places::call(stack, tables),
            frames: places::frames(stack, FRAMES_SHOWN, tables),
            entry: tables.frames_of(stack).get(FRAMES_SHOWN..).and_then(<[_]>::last).map(|frame| tables.func(*frame).to_owned()),
            count: self.count,
            total_s: super::spread::seconds(self.total_ns),
            max_s: super::spread::seconds(self.max_ns),
            unfinished: self.unfinished,
        }
    }
}

/// All waits so far.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    reasons: Vec<Reason>,
    by_name: Vec<u8>,
    by_sync_stack: Vec<u8>,
    by_stack: FxHashMap<(u8, StackId), AtStack>,
    // The stacks of most waits: (reason, figures) by the stack's number, so that no hash is needed.
    quick: Vec<(u8, AtStack)>,
}

impl Waits {
    /// The reason of a wait that begins, as the trace tells it; `sync` by what of the package was called.
    #[inline]
    pub fn reason(&mut self, name: NameId, stack: StackId, tables: &TraceTables) -> ReasonId {
        match self.by_name.get(name.0 as usize) {
            Some(&UNKNOWN) | None => self.new_reason(name, stack, tables),
            Some(&SPLIT) => self.sync_reason(stack, tables),
            Some(known) => ReasonId(*known),
        }
    }

    fn new_reason(&mut self, name: NameId, stack: StackId, tables: &TraceTables) -> ReasonId {
        let text = tables.names.text(name);
        let at = name.0 as usize;
        if at >= self.by_name.len() {
            self.by_name.resize(at + 1, UNKNOWN);
        }
        if text == "sync" {
            self.by_name[at] = SPLIT;
            return self.sync_reason(stack, tables);
        }
        let id = self.named(if text.is_empty() { SWITCH } else { text });
        self.by_name[at] = id.0;
        id
    }

    fn sync_reason(&mut self, stack: StackId, tables: &TraceTables) -> ReasonId {
        let at = stack.0 as usize;
        if at >= self.by_sync_stack.len() {
            self.by_sync_stack.resize(tables.stacks(), UNKNOWN);
        }
        if self.by_sync_stack[at] == UNKNOWN {
            self.by_sync_stack[at] = self.named(&called_in_sync(stack, tables)).0;
        }
        ReasonId(self.by_sync_stack[at])
    }

    /// The reason of this text.
    pub fn named(&mut self, text: &str) -> ReasonId {
        if let Some(at) = self.reasons.iter().position(|reason| reason.text == text) {
            return ReasonId(at as u8);
        }
        if self.reasons.len() == REASONS_MAX {
            return ReasonId(REASONS_MAX as u8 - 1);
        }
        self.reasons.push(Reason { text: text.to_owned(), finished: Durations::default(), unfinished: Open::default() });
        ReasonId(self.reasons.len() as u8 - 1)
    }

    /// The text of a reason.
    pub fn text(&self, id: ReasonId) -> &str {
        &self.reasons[id.0 as usize].text
    }

    /// A wait ended that was seen to begin.
    #[inline]
    pub fn finished(&mut self, reason: ReasonId, stack: StackId, ns: u64) {
        self.reasons[reason.0 as usize].finished.add(ns);
        self.at_stack(reason, stack).add(ns);
    }

    /// A wait ended that began before the goroutine was first seen.
    pub fn finished_unseen(&mut self, reason: ReasonId, stack: StackId, ns: u64) {
        self.at_stack(reason, stack).add_unseen(ns);
    }

    /// A wait was under way when the trace ended.
    pub fn unfinished(&mut self, reason: ReasonId, stack: StackId, ns: u64) {
        self.reasons[reason.0 as usize].unfinished.add(ns);
        self.at_stack(reason, stack).add_open(ns);
    }

    #[inline]
    fn at_stack(&mut self, reason: ReasonId, stack: StackId) -> &mut AtStack {
        let at = stack.0 as usize;
        if at >= self.quick.len() {
            self.quick.resize(at + 1, (UNKNOWN, AtStack::default()));
        }
        if self.quick[at].0 == UNKNOWN {
            self.quick[at].0 = reason.0;
        }
        if self.quick[at].0 == reason.0 { &mut self.quick[at].1 } else { self.by_stack.entry((reason.0, stack)).or_default() }
    }

    /// All reasons, longest first, those of the runtime's own goroutines last, each with at most `top` stacks.
    pub fn report(&self, top: usize, tables: &TraceTables) -> Vec<TraceReason> {
        let is_system = |reason: &Reason| SYSTEM.contains(&&*reason.text);
        let all = self.reasons.iter().filter(|reason| !is_system(reason)).map(|reason| reason.finished.total_ns);
        let all_ns = all.fold(0u64, u64::saturating_add);
        let mut order: Vec<usize> = (0..self.reasons.len()).collect();
        order.sort_by_key(|at| {
            let reason = &self.reasons[*at];
            (is_system(reason), std::cmp::Reverse((reason.finished.total_ns, reason.unfinished.total_ns)), reason.text.clone())
        });
        let row = |at: usize| {
            let reason = &self.reasons[at];
            let system = is_system(reason);
            let share = if system || all_ns == 0 { 0.0 } else { reason.finished.total_ns as f64 / all_ns as f64 };
            TraceReason {
                reason: reason.text.clone(),
                system,
                share,
                finished: reason.finished.spread(),
                unfinished: reason.unfinished.report(),
                stacks: self.stacks(at as u8, top, tables),
            }
        };
        order.into_iter().map(row).collect()
    }

    /// Shows every reason and stack with its figures, in the order of the stacks' numbers.
    pub fn each(&self, mut show: impl FnMut(&str, StackId, AtStack)) {
        let text = |reason: u8| self.reasons[reason as usize].text.as_str();
        for (at, (reason, stat)) in (0u32..).zip(&self.quick).filter(|(_, (reason, _))| *reason != UNKNOWN) {
            show(text(*reason), StackId(at), *stat);
        }
        let mut others: Vec<(&(u8, StackId), &AtStack)> = self.by_stack.iter().collect();
        others.sort_by_key(|((reason, stack), _)| (*stack, *reason));
        for ((reason, stack), stat) in others {
            show(text(*reason), *stack, *stat);
        }
    }

    fn stacks(&self, reason: u8, top: usize, tables: &TraceTables) -> Vec<TraceStack> {
        let quick = (0u32..).zip(&self.quick).filter(|(_, (of, _))| *of == reason).map(|(at, (_, stat))| (StackId(at), *stat));
        let others = self.by_stack.iter().filter(|((of, _), _)| *of == reason).map(|((_, stack), stat)| (*stack, *stat));
        let told = |(_, stat): &(StackId, AtStack)| stat.count + stat.unfinished > 0;
        let mut rows: Vec<(StackId, AtStack)> = quick.chain(others).filter(told).collect();
        rows.sort_by_key(|(stack, stat)| (std::cmp::Reverse((stat.total_ns, stat.unfinished)), *stack));
        rows.into_iter().take(top).map(|(stack, stat)| stat.report(stack, tables)).collect()
    }
}

/// Marks the name that is split by stack.
const SPLIT: u8 = u8::MAX - 1;

/// The function of package sync that the program called: the outermost of the innermost frames that are the runtime's or the package's.
pub fn called_in_sync(stack: StackId, tables: &TraceTables) -> String {
    let own = |func: &&str| is_of_sync(func);
    let frames = tables.frames_of(stack).iter().take(SYNC_FRAMES).map(|frame| tables.func(*frame));
    // A condition takes its lock again once it is signalled: the wait is for the lock.
    let called = frames.take_while(own).filter(|func| func.starts_with("sync.") && *func != "sync.(*Cond).Wait").last();
    called.unwrap_or(OF_THE_RUNTIME).to_owned()
}

/// Whether a function is of package sync or below it.
pub fn is_of_sync(func: &str) -> bool {
    func.starts_with("sync.") || func.starts_with("internal/sync.") || func.starts_with("runtime.")
}

/// What a goroutine found waiting at a stack waits for, where the runtime's frames tell.
pub fn told_by_stack(stack: StackId, tables: &TraceTables) -> Option<String> {
    let found = tables.frames_of(stack).iter().take(SYNC_FRAMES).find_map(|frame| match tables.func(*frame) {
        "runtime.chanrecv" | "runtime.chanrecv1" | "runtime.chanrecv2" => Some("chan receive"),
        "runtime.chansend" | "runtime.chansend1" => Some("chan send"),
        "runtime.selectgo" => Some("select"),
        "runtime.block" => Some("forever"),
        "runtime.netpollblock" | "internal/poll.runtime_pollWait" => Some("network"),
        "time.Sleep" => Some("sleep"),
        "sync.(*Cond).Wait" => Some("sync.(*Cond).Wait"),
        _ => None,
    });
    let called = || Some(called_in_sync(stack, tables)).filter(|called| called != OF_THE_RUNTIME);
    found.map(str::to_owned).or_else(called)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sync_is_told_by_what_was_called() {
        let mut tables = TraceTables::new();
        let mut stack = |funcs: &[&str]| {
            let frames: Vec<_> = funcs
                .iter()
                .map(|func| {
                    let func = tables.names.intern(func);
                    tables.frame(herd_model::Frame { func, file: TraceTables::NO_NAME, line: 1 })
                })
                .collect();
            tables.stack(&frames)
        };
        let read_lock = stack(&["sync.runtime_SemacquireRWMutexR", "sync.(*RWMutex).RLock", "main.get"]);
        let lock = stack(&["internal/sync.(*Mutex).lockSlow", "sync.(*Mutex).Lock", "sync.(*RWMutex).Lock", "main.put"]);
        let none = stack(&["main.get"]);
        assert_eq!(called_in_sync(read_lock, &tables), "sync.(*RWMutex).RLock");
        assert_eq!(called_in_sync(lock, &tables), "sync.(*RWMutex).Lock");
        assert_eq!(called_in_sync(none, &tables), OF_THE_RUNTIME);
    }
}
