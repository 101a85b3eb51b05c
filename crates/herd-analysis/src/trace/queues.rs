//! Queues in a trace: goroutines that wait for a lock or for a connection of a pool, how many at a time, and what whoever is in front does.

use herd_model::{
    Place, StackId, TraceCall, TraceEvent, TraceGeneration, TraceGoState, TraceGoroutine, TraceTables, TraceVisitor, TraceWhat,
};
use rustc_hash::FxHashMap;

use super::places::{self, FRAMES_SHOWN};
use super::waits;
use crate::names;

/// Queues told apart; waits in others are counted with [`Queues::passed_over`].
const QUEUES_MAX: usize = 4096;
/// Frames of a stack that are looked at.
const FRAMES_READ: usize = 48;

/// A pool of connections as its code waits: the function that parks a goroutine until a connection is free, those that open one, and what sets
/// the limit.
struct Pool {
    waits_in: &'static str,
    opens_in: &'static [&'static str],
    limit: &'static str,
}

/// `net/http/transport.go` and `database/sql/sql.go`, Go 1.22 to 1.27.
const POOLS: [Pool; 2] = [
    Pool {
        waits_in: "net/http.(*Transport).getConn",
        opens_in: &["net/http.(*Transport).dialConn"],
        limit: "http.Transport.MaxConnsPerHost",
    },
    Pool {
        waits_in: "database/sql.(*DB).conn",
        opens_in: &["database/sql.(*DB).conn", "database/sql.(*DB).openNewConnection"],
        limit: "sql.DB.SetMaxOpenConns",
    },
];

/// Functions that write to a file or socket.
const WRITES: [&str; 4] = ["syscall.write", "syscall.writev", "internal/poll.(*FD).Write", "internal/poll.(*FD).Writev"];

/// The lock of a file or socket.
const FILE_LOCK: &str = "internal/poll.(*fdMutex).rwlock";

/// What a queue is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueFor {
    /// A lock that this function takes.
    Lock {
        /// Its name.
        func: String,
    },
    /// A connection.
    Connection {
        /// What sets how many there are.
        limit: String,
    },
}

/// Goroutines that wait for one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// For what.
    pub what: QueueFor,
    /// Waits, finished or not.
    pub waits: u64,
    /// Goroutines that wait at a time, on average.
    pub waiting_mean: f64,
    /// Share of the trace in which at least one waits, 0 to 1.
    pub occupied: f64,
    /// For a lock: time that goroutines below the function that takes it wrote to a file or socket, as a share of the trace. At most 1
    /// where they write one after the other.
    pub writing: f64,
    /// For a connection: goroutines that open one at a time, on average.
    pub opening_mean: f64,
    /// Where most of the waiting is: the program's line.
    pub call: TraceCall,
    /// Frames there, innermost first.
    pub frames: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Not looked at yet.
    Unknown,
    Other,
    Queue(u16),
    Opening(u8),
    Writing,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    goroutine: u64,
    class: Class,
    stack: StackId,
    since_ns: u64,
}

#[derive(Clone, Debug)]
struct Line {
    /// The function that takes the lock, or the pool.
    what: What,
    waits: u64,
    waiting: u64,
    since_ns: u64,
    /// Σ of goroutines × time.
    area_ns: u128,
    occupied_ns: u64,
    by_stack: FxHashMap<StackId, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Lock(herd_model::NameId),
    Pool(u8),
}

impl Line {
    fn tick(&mut self, at_ns: u64) {
        let ns = at_ns.saturating_sub(self.since_ns);
        self.area_ns += u128::from(ns) * u128::from(self.waiting);
        self.occupied_ns = self.occupied_ns.saturating_add(if self.waiting > 0 { ns } else { 0 });
        self.since_ns = self.since_ns.max(at_ns);
    }
}

/// Looks for queues beside whatever else looks at a trace.
#[derive(Clone, Debug, Default)]
pub struct Queues {
    start_ns: Option<u64>,
    end_ns: u64,
    span_ns: u64,
    classes: Vec<Class>,
    open: Vec<Option<Open>>,
    lines: Vec<Line>,
    by_what: FxHashMap<(bool, u32), u16>,
    writing: FxHashMap<StackId, u64>,
    opening_ns: [u64; POOLS.len()],
    /// Stacks at which goroutines wait in queues beyond those told apart.
    pub passed_over: u64,
}

impl TraceVisitor for Queues {
    fn generation(&mut self, _tables: &TraceTables, _generation: &TraceGeneration) {}

    #[expect(clippy::wildcard_enum_match_arm, reason = "all other events begin and end no wait")]
    #[allow(
        clippy::inline_always,
        reason = "where the reader calls it the kind of event is known, and most kinds are nothing to it"
    )]
    #[inline(always)]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        self.start_ns.get_or_insert(event.at_ns);
        self.end_ns = self.end_ns.max(event.at_ns);
        match event.what {
            TraceWhat::GoBlock { stack, .. } | TraceWhat::SyscallBegin { stack } => {
                self.begins(event.goroutine, stack, event.at_ns, tables);
            }
            TraceWhat::GoUnblock { goroutine, .. } => self.ends(goroutine, event.at_ns),
            TraceWhat::SyscallEnd | TraceWhat::SyscallEndBlocked => self.ends(event.goroutine, event.at_ns),
            TraceWhat::GoStatus { goroutine, state: TraceGoState::Waiting | TraceGoState::Syscall, stack, first: true } => {
                self.begins(goroutine, stack, self.start_ns.unwrap_or(event.at_ns), tables);
            }
            _ => {}
        }
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.close();
    }
}

impl Queues {
    #[inline]
    fn begins(&mut self, goroutine: TraceGoroutine, stack: StackId, at_ns: u64, tables: &TraceTables) {
        let class = match self.classes.get(stack.0 as usize) {
            Some(Class::Unknown) | None => self.look(stack, at_ns, tables),
            Some(known) => *known,
        };
        if class == Class::Other || goroutine.slot == u32::MAX {
            return;
        }
        let at = goroutine.slot as usize;
        if at >= self.open.len() {
            self.open.resize(at + 1, None);
        }
        if let Class::Queue(number) = class {
            let line = &mut self.lines[number as usize];
            // One that has waited since before the trace may be listed at its end only.
            line.area_ns += u128::from(line.since_ns.saturating_sub(at_ns));
            line.tick(at_ns);
            line.waits += 1;
            line.waiting += 1;
        }
        self.open[at] = Some(Open { goroutine: goroutine.id, class, stack, since_ns: at_ns });
    }

    #[inline]
    fn ends(&mut self, goroutine: TraceGoroutine, at_ns: u64) {
        let open = self.open.get_mut(goroutine.slot as usize).and_then(Option::take);
        if let Some(open) = open.filter(|open| open.goroutine == goroutine.id) {
            self.over(open, at_ns);
        }
    }

    fn over(&mut self, open: Open, at_ns: u64) {
        let ns = at_ns.saturating_sub(open.since_ns);
        match open.class {
            Class::Queue(number) => {
                let line = &mut self.lines[number as usize];
                line.tick(at_ns);
                line.waiting = line.waiting.saturating_sub(1);
                let at_stack = line.by_stack.entry(open.stack).or_default();
                *at_stack = at_stack.saturating_add(ns);
            }
            Class::Opening(pool) => self.opening_ns[pool as usize] = self.opening_ns[pool as usize].saturating_add(ns),
            Class::Writing => {
                let at_stack = self.writing.entry(open.stack).or_default();
                *at_stack = at_stack.saturating_add(ns);
            }
            Class::Unknown | Class::Other => {}
        }
    }

    /// What a goroutine that stops at a stack waits for.
    fn look(&mut self, stack: StackId, at_ns: u64, tables: &TraceTables) -> Class {
        let class = self.class(stack, at_ns, tables);
        let at = stack.0 as usize;
        if at >= self.classes.len() {
            self.classes.resize(tables.stacks().max(at + 1), Class::Unknown);
        }
        self.classes[at] = class;
        class
    }

    fn class(&mut self, stack: StackId, at_ns: u64, tables: &TraceTables) -> Class {
        let frames = tables.frames_of(stack);
        let funcs = || frames.iter().take(FRAMES_READ).map(|frame| tables.func(*frame));
        let called = waits::called_in_sync(stack, tables);
        if matches!(called.as_str(), "sync.(*Mutex).Lock" | "sync.(*RWMutex).Lock" | "sync.(*RWMutex).RLock") {
            let taker = frames.iter().find(|frame| !waits::is_of_sync(tables.func(**frame)));
            let Some(taker) = taker else { return Class::Other };
            let func = tables.frames[taker.0 as usize].func;
            return self.queue(What::Lock(func), (true, func.0), at_ns);
        }
        // Writers of one file that have no lock of their own wait for the file's (`internal/poll/fd_mutex.go`, `rwlock`).
        if funcs().any(|func| func == FILE_LOCK) && funcs().any(|func| WRITES.contains(&func)) {
            let own = frames.iter().take(FRAMES_READ).find(|frame| {
                let frame = tables.frames[frame.0 as usize];
                !names::is_std(tables.names.text(frame.func), tables.names.text(frame.file))
            });
            let Some(own) = own else { return Class::Other };
            let func = tables.frames[own.0 as usize].func;
            return self.queue(What::Lock(func), (true, func.0), at_ns);
        }
        let first = funcs().find(|func| !herd_model::is_runtime(func));
        for (number, pool) in (0u8..).zip(&POOLS) {
            if first == Some(pool.waits_in) {
                return self.queue(What::Pool(number), (false, u32::from(number)), at_ns);
            }
            if funcs().any(|func| pool.opens_in.contains(&func)) {
                return Class::Opening(number);
            }
        }
        if funcs().any(|func| WRITES.contains(&func)) { Class::Writing } else { Class::Other }
    }

    fn queue(&mut self, what: What, key: (bool, u32), at_ns: u64) -> Class {
        if let Some(known) = self.by_what.get(&key) {
            return Class::Queue(*known);
        }
        if self.lines.len() == QUEUES_MAX {
            self.passed_over += 1;
            return Class::Other;
        }
        let number = self.lines.len() as u16;
        self.by_what.insert(key, number);
        self.lines.push(Line {
            what,
            waits: 0,
            waiting: 0,
            since_ns: at_ns,
            area_ns: 0,
            occupied_ns: 0,
            by_stack: FxHashMap::default(),
        });
        Class::Queue(number)
    }

    /// A trace ends: what is under way is counted up to there.
    fn close(&mut self) {
        let end_ns = self.end_ns;
        for at in 0..self.open.len() {
            if let Some(open) = self.open[at].take() {
                self.over(open, end_ns);
            }
        }
        self.span_ns = self.span_ns.saturating_add(end_ns.saturating_sub(self.start_ns.unwrap_or(end_ns)));
        for line in &mut self.lines {
            line.waiting = 0;
            line.since_ns = 0;
        }
        self.start_ns = None;
        self.end_ns = 0;
    }

    /// The queues, longest first.
    pub fn finish(mut self, tables: &TraceTables) -> Vec<Queue> {
        self.close();
        let mut order: Vec<&Line> = self.lines.iter().collect();
        order.sort_by_key(|line| (std::cmp::Reverse(line.area_ns), line.since_ns, line.waits));
        order.into_iter().map(|line| self.report(line, tables)).collect()
    }

    fn report(&self, line: &Line, tables: &TraceTables) -> Queue {
        let span = self.span_ns.max(1) as f64;
        let heaviest = line.by_stack.iter().max_by_key(|(stack, ns)| (**ns, std::cmp::Reverse(**stack))).map(|(stack, _)| *stack);
        let stack = heaviest.unwrap_or(TraceTables::NO_STACK);
        let (what, writing, opening) = match line.what {
            What::Lock(func) => {
                let below =
                    |stack: &StackId| tables.frames_of(*stack).iter().any(|frame| tables.frames[frame.0 as usize].func == func);
                let writing: u64 = self.writing.iter().filter(|(stack, _)| below(stack)).map(|(_, ns)| *ns).sum();
                (QueueFor::Lock { func: tables.names.text(func).to_owned() }, writing, 0)
            }
            What::Pool(number) => {
                let limit = POOLS[number as usize].limit.to_owned();
                (QueueFor::Connection { limit }, 0, self.opening_ns[number as usize])
            }
        };
        Queue {
            what,
            waits: line.waits,
            waiting_mean: line.area_ns as f64 / span,
            occupied: line.occupied_ns as f64 / span,
            writing: writing as f64 / span,
            opening_mean: opening as f64 / span,
            call: places::call(stack, tables),
            frames: places::frames(stack, FRAMES_SHOWN, tables),
        }
    }
}
