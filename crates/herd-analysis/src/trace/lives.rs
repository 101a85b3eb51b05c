//! Goroutines that live: what each does, since when, and what it did before.

use herd_model::{FrameId, StackId, TraceGoroutine, TraceTables};

use super::collector::Mode;
use super::sites::{Doing, Site, SiteId};
use super::waits::ReasonId;

/// Whether the trace shows how what a goroutine does began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It does.
    Seen,
    /// It began before the goroutine was first seen.
    Before,
}

/// One goroutine.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Its id; 0 for nobody.
    pub id: u64,
    /// What it does; nothing between two events.
    pub doing: Option<Doing>,
    /// Since when.
    pub since_ns: u64,
    /// Whether that was seen.
    pub since: Since,
    /// What it waits for, or waited for last.
    pub reason: Option<ReasonId>,
    /// Where it stands, or stood last.
    pub stack: StackId,
    /// Where it was created.
    pub site: SiteId,
    /// When, if in the trace.
    pub created_ns: Option<u64>,
    /// What it had waited for before it ran.
    pub after: Option<ReasonId>,
    /// It assists, since when and where.
    pub assist: Option<(u64, StackId)>,
    /// It marks.
    pub mode: Option<Mode>,
    /// The generation it last did something in, counted from 1; 0 for never.
    pub moved_in: u64,
}

impl Life {
    /// A free place.
    pub const NOBODY: Life = Life {
        id: 0,
        doing: None,
        since_ns: 0,
        since: Since::Before,
        reason: None,
        stack: TraceTables::NO_STACK,
        site: SiteId(0),
        created_ns: None,
        after: None,
        assist: None,
        mode: None,
        moved_in: 0,
    };

    /// Whether where it starts is not known yet, and its own stack may tell; one that came from C starts nowhere in Go.
    #[inline]
    pub fn is_unknown(&self) -> bool {
        self.site == SiteId::UNKNOWN && self.created_ns.is_none()
    }
}

/// The life of a goroutine that is known.
#[inline]
pub fn of(lives: &mut [Life], goroutine: TraceGoroutine) -> Option<&mut Life> {
    lives.get_mut(goroutine.slot as usize).filter(|life| life.id == goroutine.id)
}

/// What a goroutine did when the trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliveState {
    /// It ran.
    Running,
    /// It was ready.
    Runnable,
    /// It waited.
    Waiting,
    /// It was in a system call.
    Syscall,
}

/// Waits at one place that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// How many.
    pub count: u64,
    /// The longest, in nanoseconds; at least so long when it began before the trace.
    pub max_ns: u64,
}

/// A goroutine that had not ended when the trace did.
#[derive(Clone, Debug)]
pub struct Alive {
    /// Its id, the same as in a dump.
    pub id: u64,
    /// What it did.
    pub state: AliveState,
    /// For how long, in nanoseconds; at least so long when it began before the trace.
    pub for_ns: u64,
    /// It began before the trace did, or before the goroutine was first seen.
    pub began_before: bool,
    /// What it waited for.
    pub reason: Option<String>,
    /// Where it stood, innermost first.
    pub stack: StackId,
    /// The function it started in.
    pub entry: Option<FrameId>,
    /// The `go` statement that started it.
    pub created_by: Option<FrameId>,
    /// When it was created, in nanoseconds since the trace began; absent for one that was there before.
    pub created_ns: Option<u64>,
    /// Goroutines created by the same `go` statement in the trace.
    pub site_created: u64,
    /// Of these, and of those that were there before, how many ended in it.
    pub site_ended: u64,
    /// Waits at the place where it waits that ended in the trace, whoever's they were; see [`super::Portrait::finish`].
    pub released: Released,
    /// Whole generations in which it did nothing at all, the last of the trace among them.
    pub still_generations: u64,
    /// The runtime's own.
    pub system: bool,
}

/// A life at the end of a trace of so many generations, from `start_ns` to `end_ns`.
pub fn alive(life: &Life, site: &Site, reason: Option<String>, generations: u64, (start_ns, end_ns): (u64, u64)) -> Alive {
    let state = match life.doing {
        Some(Doing::Running) => AliveState::Running,
        Some(Doing::Syscall) => AliveState::Syscall,
        Some(Doing::Waiting) => AliveState::Waiting,
        Some(Doing::Runnable) | None => AliveState::Runnable,
    };
    Alive {
        id: life.id,
        state,
        for_ns: end_ns.saturating_sub(life.since_ns),
        began_before: life.since == Since::Before,
        reason,
        stack: life.stack,
        entry: site.entry,
        created_by: site.created_by,
        created_ns: life.created_ns.map(|at_ns| at_ns.saturating_sub(start_ns)),
        site_created: site.created,
        site_ended: site.ended,
        released: Released::default(),
        still_generations: generations.saturating_sub(life.moved_in),
        system: site.system,
    }
}
