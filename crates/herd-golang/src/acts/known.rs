//! Functions of the standard library, of golang.org/x/sync and of goherd's own Go module that rules know by name.
//!
//! What they do is from their documentation and source (Go 1.27; golang.org/x/sync v0.17).

use rustc_hash::FxHashMap;

use crate::intern::{Interner, Symbol, known};
use crate::types::{ObjectId, Type, TypeId, Types};

/// A function that is known by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the table below says which each is")]
pub enum Known {
    Lock,
    Unlock,
    TryLock,
    ReadLock,
    ReadUnlock,
    TryReadLock,
    GroupAdd,
    GroupDone,
    GroupWait,
    GroupGo,
    CondWait,
    CondSignal,
    CondBroadcast,
    OnceDo,
    PoolGet,
    PoolPut,
    ErrGroupGo,
    ErrGroupTryGo,
    ErrGroupWait,
    ErrGroupSetLimit,
    ErrGroupWithContext,
    RunnerGo,
    RunnerTryGo,
    RunnerWait,
    WorkerGo,
    PoolSubmit,
    PoolTrySubmit,
    SemaphoreAcquire,
    SemaphoreTryAcquire,
    SemaphoreRelease,
    Background,
    WithCancel,
    WithTimeout,
    WithDeadline,
    WithValue,
    WithoutCancel,
    ContextAfterFunc,
    ContextDone,
    ContextErr,
    Sleep,
    After,
    Tick,
    NewTimer,
    NewTicker,
    TimeAfterFunc,
    TimerStop,
    TimerReset,
    TickerStop,
    Exit,
    Goexit,
    TestEnds,
    SignalNotify,
    SignalNotifyContext,
}

impl Known {
    /// Which argument of a call it runs in a goroutine that it starts; the receiver is none.
    pub fn starts(self) -> Option<u16> {
        match self {
            Known::GroupGo | Known::ErrGroupGo | Known::ErrGroupTryGo | Known::WorkerGo | Known::PoolTrySubmit => Some(0),
            // A name, or a context, stands before it.
            Known::RunnerGo | Known::RunnerTryGo | Known::PoolSubmit => Some(1),
            _ => None,
        }
    }

    /// Whether it waits for all that a group or a runner has started.
    pub fn joins(self) -> bool {
        matches!(self, Known::GroupWait | Known::ErrGroupWait | Known::RunnerWait)
    }
}

/// How a function that is known is called.
#[derive(Clone, Copy)]
struct Row(&'static str, &'static str, &'static [&'static str], Known);

/// Package, type (empty for functions), names, what it is. Types that embed these are no matter: the method that runs is the same.
const TABLE: &[Row] = &[
    Row("sync", "Mutex", &["Lock"], Known::Lock),
    Row("sync", "Mutex", &["Unlock"], Known::Unlock),
    Row("sync", "Mutex", &["TryLock"], Known::TryLock),
    Row("sync", "RWMutex", &["Lock"], Known::Lock),
    Row("sync", "RWMutex", &["Unlock"], Known::Unlock),
    Row("sync", "RWMutex", &["TryLock"], Known::TryLock),
    Row("sync", "RWMutex", &["RLock"], Known::ReadLock),
    Row("sync", "RWMutex", &["RUnlock"], Known::ReadUnlock),
    Row("sync", "RWMutex", &["TryRLock"], Known::TryReadLock),
    Row("sync", "Locker", &["Lock"], Known::Lock),
    Row("sync", "Locker", &["Unlock"], Known::Unlock),
    Row("sync", "WaitGroup", &["Add"], Known::GroupAdd),
    Row("sync", "WaitGroup", &["Done"], Known::GroupDone),
    Row("sync", "WaitGroup", &["Wait"], Known::GroupWait),
    Row("sync", "WaitGroup", &["Go"], Known::GroupGo),
    Row("sync", "Cond", &["Wait"], Known::CondWait),
    Row("sync", "Cond", &["Signal"], Known::CondSignal),
    Row("sync", "Cond", &["Broadcast"], Known::CondBroadcast),
    Row("sync", "Once", &["Do"], Known::OnceDo),
    Row("sync", "Pool", &["Get"], Known::PoolGet),
    Row("sync", "Pool", &["Put"], Known::PoolPut),
    Row("golang.org/x/sync/errgroup", "Group", &["Go"], Known::ErrGroupGo),
    Row("golang.org/x/sync/errgroup", "Group", &["TryGo"], Known::ErrGroupTryGo),
    Row("golang.org/x/sync/errgroup", "Group", &["Wait"], Known::ErrGroupWait),
    Row("golang.org/x/sync/errgroup", "Group", &["SetLimit"], Known::ErrGroupSetLimit),
    Row("golang.org/x/sync/errgroup", "", &["WithContext"], Known::ErrGroupWithContext),
    Row("github.com/goherd/goherd/go/fuse", "Mutex", &["Lock"], Known::Lock),
    Row("github.com/goherd/goherd/go/fuse", "Mutex", &["Unlock"], Known::Unlock),
    Row("github.com/goherd/goherd/go/fuse", "Mutex", &["TryLock"], Known::TryLock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["Lock"], Known::Lock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["Unlock"], Known::Unlock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["TryLock"], Known::TryLock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["RLock"], Known::ReadLock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["RUnlock"], Known::ReadUnlock),
    Row("github.com/goherd/goherd/go/fuse", "RWMutex", &["TryRLock"], Known::TryReadLock),
    Row("github.com/goherd/goherd/go/fuse", "WaitGroup", &["Wait"], Known::GroupWait),
    Row("github.com/goherd/goherd/go/fuse", "Cond", &["Wait"], Known::CondWait),
    Row("github.com/goherd/goherd/go/runner", "Runner", &["Go"], Known::RunnerGo),
    Row("github.com/goherd/goherd/go/runner", "Runner", &["TryGo"], Known::RunnerTryGo),
    Row("github.com/goherd/goherd/go/runner", "Runner", &["Wait", "WaitTimeout"], Known::RunnerWait),
    Row("github.com/goherd/goherd/go/pool", "Worker", &["Go"], Known::WorkerGo),
    Row("github.com/goherd/goherd/go/pool", "Pool", &["Submit"], Known::PoolSubmit),
    Row("github.com/goherd/goherd/go/pool", "Pool", &["TrySubmit"], Known::PoolTrySubmit),
    Row("github.com/goherd/goherd/go/pool", "Group", &["Submit"], Known::PoolSubmit),
    Row("github.com/goherd/goherd/go/pool", "Group", &["TrySubmit"], Known::PoolTrySubmit),
    Row("golang.org/x/sync/semaphore", "Weighted", &["Acquire"], Known::SemaphoreAcquire),
    Row("golang.org/x/sync/semaphore", "Weighted", &["TryAcquire"], Known::SemaphoreTryAcquire),
    Row("golang.org/x/sync/semaphore", "Weighted", &["Release"], Known::SemaphoreRelease),
    Row("context", "", &["Background", "TODO"], Known::Background),
    Row("context", "", &["WithCancel", "WithCancelCause"], Known::WithCancel),
    Row("context", "", &["WithTimeout", "WithTimeoutCause"], Known::WithTimeout),
    Row("context", "", &["WithDeadline", "WithDeadlineCause"], Known::WithDeadline),
    Row("context", "", &["WithValue"], Known::WithValue),
    Row("context", "", &["WithoutCancel"], Known::WithoutCancel),
    Row("context", "", &["AfterFunc"], Known::ContextAfterFunc),
    Row("context", "Context", &["Done"], Known::ContextDone),
    Row("context", "Context", &["Err"], Known::ContextErr),
    Row("time", "", &["Sleep"], Known::Sleep),
    Row("time", "", &["After"], Known::After),
    Row("time", "", &["Tick"], Known::Tick),
    Row("time", "", &["NewTimer"], Known::NewTimer),
    Row("time", "", &["NewTicker"], Known::NewTicker),
    Row("time", "", &["AfterFunc"], Known::TimeAfterFunc),
    Row("time", "Timer", &["Stop"], Known::TimerStop),
    Row("time", "Timer", &["Reset"], Known::TimerReset),
    Row("time", "Ticker", &["Stop"], Known::TickerStop),
    Row("os", "", &["Exit"], Known::Exit),
    Row("syscall", "", &["Exit"], Known::Exit),
    Row("log", "", &["Fatal", "Fatalf", "Fatalln"], Known::Exit),
    Row("log", "Logger", &["Fatal", "Fatalf", "Fatalln"], Known::Exit),
    Row("log", "", &["Panic", "Panicf", "Panicln"], Known::Goexit),
    Row("log", "Logger", &["Panic", "Panicf", "Panicln"], Known::Goexit),
    Row("runtime", "", &["Goexit"], Known::Goexit),
    Row("testing", "common", &["FailNow", "Fatal", "Fatalf", "Skip", "Skipf", "SkipNow"], Known::TestEnds),
    Row("testing", "TB", &["FailNow", "Fatal", "Fatalf", "Skip", "Skipf", "SkipNow"], Known::TestEnds),
    Row("os/signal", "", &["Notify"], Known::SignalNotify),
    Row("os/signal", "", &["NotifyContext"], Known::SignalNotifyContext),
];

/// The table, by names of a program.
pub struct KnownNames {
    rows: FxHashMap<(Symbol, Symbol, Symbol), Known>,
}

impl KnownNames {
    /// The table with the names of a program.
    pub fn new(names: &Interner) -> Self {
        let entries = TABLE.iter().flat_map(|Row(package, ty, functions, known)| {
            functions.iter().map(|name| ((names.intern(package), names.intern(ty), names.intern(name)), *known))
        });
        Self { rows: entries.collect() }
    }

    /// What a function of a package is.
    pub(super) fn function(&self, types: &Types<'_>, id: ObjectId) -> Option<Known> {
        self.rows.get(&(package_path(types, id)?, known::EMPTY, types.name(id))).copied()
    }

    /// What a method is, by the type that has it.
    pub(super) fn method(&self, types: &Types<'_>, owner: TypeId, name: Symbol) -> Option<Known> {
        let Type::Named { object, .. } = types.get(owner) else { return None };
        self.rows.get(&(package_path(types, *object)?, types.name(*object), name)).copied()
    }
}

/// Whether a type is one of the Go module's that embed their like of package sync.
pub(super) fn wraps(types: &Types<'_>, ty: TypeId) -> bool {
    let Type::Named { object, .. } = types.get(ty) else { return false };
    let package = types.scope_of(*object).and_then(|scope| types.program().package(scope.package()));
    package.is_some_and(|package| &*package.path == "github.com/goherd/goherd/go/fuse")
}

/// The import path of the package that declares something.
fn package_path(types: &Types<'_>, id: ObjectId) -> Option<Symbol> {
    let package = types.program().package(types.scope_of(id)?.package())?;
    types.names().get(&package.path)
}
