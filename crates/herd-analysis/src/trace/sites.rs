//! Goroutines by where they were created.

use herd_model::{FrameId, Place, StackId, TraceSite, TraceStates, TraceTables};
use rustc_hash::FxHashMap;

use super::places;
use super::spread::{Durations, seconds};
use super::waits::{ReasonId, Waits};

/// A creation site, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SiteId(pub u32);

impl SiteId {
    /// Where nobody knows what it starts in.
    pub const UNKNOWN: SiteId = SiteId(0);
}

/// What a goroutine does, as far as time is kept by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// On a P.
    Running,
    /// Ready.
    Runnable,
    /// Waiting.
    Waiting,
    /// In a system call.
    Syscall,
}

/// Goroutines of one site.
#[derive(Clone, Debug)]
pub struct Site {
    /// The function they start in, where known.
    pub entry: Option<FrameId>,
    /// The `go` statement, where known.
    pub created_by: Option<FrameId>,
    /// The runtime's own.
    pub system: bool,
    /// There when the trace began.
    pub before: u64,
    /// Created in it.
    pub created: u64,
    /// Ended in it.
    pub ended: u64,
    /// Time by [`Doing`].
    pub doing_ns: [u64; 4],
    /// Waiting time by reason.
    pub waits_ns: Vec<u64>,
    /// Lives that began and ended.
    pub lived: Durations,
}

impl Site {
    fn new(entry: Option<FrameId>, created_by: Option<FrameId>, system: bool) -> Self {
        Site {
            entry,
            created_by,
            system,
            before: 0,
            created: 0,
            ended: 0,
            doing_ns: [0; 4],
            waits_ns: Vec::new(),
            lived: Durations::default(),
        }
    }
}

/// All sites; the first is [`SiteId::UNKNOWN`].
#[derive(Clone, Debug)]
pub struct Sites {
    /// By number.
    pub all: Vec<Site>,
    by_stacks: FxHashMap<(StackId, StackId), SiteId>,
    by_frames: FxHashMap<(Option<FrameId>, Option<FrameId>), SiteId>,
}

impl Default for Sites {
    fn default() -> Self {
        Sites {
            all: vec![Site::new(None, None, false)],
            by_stacks: FxHashMap::default(),
            by_frames: FxHashMap::from_iter([((None, None), SiteId::UNKNOWN)]),
        }
    }
}

impl Sites {
    /// The site of a goroutine that is created: where it starts, and the stack of its creator.
    pub fn created(&mut self, start: StackId, creator: StackId, tables: &TraceTables) -> SiteId {
        if let Some(known) = self.by_stacks.get(&(start, creator)) {
            return *known;
        }
        let entry = tables.frames_of(start).first().copied();
        let created_by = tables.frames_of(creator).first().copied();
        let site = self.site(entry, created_by, tables);
        self.by_stacks.insert((start, creator), site);
        site
    }

    /// The site of a goroutine the trace found there, by where it stood: nobody saw who created it.
    pub fn found(&mut self, stack: StackId, tables: &TraceTables) -> SiteId {
        self.site(tables.frames_of(stack).last().copied(), None, tables)
    }

    /// A goroutine that was there is of another site than it was taken for, with the time it has spent.
    pub fn moved(&mut self, from: SiteId, to: SiteId, doing_ns: [u64; 4]) {
        let site = &mut self.all[from.0 as usize];
        site.before = site.before.saturating_sub(1);
        site.doing_ns.iter_mut().zip(doing_ns).for_each(|(total, ns)| *total = total.saturating_sub(ns));
        let site = &mut self.all[to.0 as usize];
        site.before += 1;
        site.doing_ns.iter_mut().zip(doing_ns).for_each(|(total, ns)| *total = total.saturating_add(ns));
    }

    fn site(&mut self, entry: Option<FrameId>, created_by: Option<FrameId>, tables: &TraceTables) -> SiteId {
        // Frames of one function differ by line: where a goroutine starts is its function.
        let func = |frame: FrameId| tables.frames[frame.0 as usize].func;
        let known = entry.and_then(|entry| {
            self.all.iter().position(|site| site.created_by == created_by && site.entry.is_some_and(|of| func(of) == func(entry)))
        });
        let next = SiteId(known.map_or(self.all.len() as u32, |at| at as u32));
        *self.by_frames.entry((entry, created_by)).or_insert_with(|| {
            if known.is_none() {
                let system = entry.is_some_and(|entry| is_system(tables.func(entry)));
                self.all.push(Site::new(entry, created_by, system));
            }
            next
        })
    }

    /// A goroutine of the site did something for so long.
    #[inline]
    pub fn did(&mut self, site: SiteId, doing: Doing, ns: u64) {
        let total = &mut self.all[site.0 as usize].doing_ns[doing as usize];
        *total = total.saturating_add(ns);
    }

    /// A goroutine of the site waited.
    #[inline]
    pub fn waited(&mut self, site: SiteId, reason: ReasonId, ns: u64) {
        let waits = &mut self.all[site.0 as usize].waits_ns;
        let at = reason.0 as usize;
        if at >= waits.len() {
            waits.resize(at + 1, 0);
        }
        waits[at] = waits[at].saturating_add(ns);
    }

    /// All sites, most waiting first, at most `top`.
    pub fn report(&self, top: usize, waits: &Waits, tables: &TraceTables, hidden: &mut u64) -> Vec<TraceSite> {
        let mut order: Vec<&Site> = self.all.iter().filter(|site| site.before + site.created > 0).collect();
        order.sort_by_key(|site| {
            let waiting = site.doing_ns[Doing::Waiting as usize];
            (site.system, std::cmp::Reverse(waiting), site.entry, site.created_by)
        });
        *hidden += order.len().saturating_sub(top) as u64;
        order.into_iter().take(top).map(|site| row(site, waits, tables)).collect()
    }
}

/// Whether a goroutine that starts in this function is the runtime's own; that of `main` is not.
pub fn is_system(entry: &str) -> bool {
    herd_model::is_runtime(entry) && entry != "runtime.main"
}

fn row(site: &Site, waits: &Waits, tables: &TraceTables) -> TraceSite {
    let waiting = site.doing_ns[Doing::Waiting as usize];
    let longest = (0u8..).zip(&site.waits_ns).max_by_key(|(at, ns)| (**ns, std::cmp::Reverse(*at))).filter(|(_, ns)| **ns > 0);
    let unknown = || Place { func: "<unknown>".to_owned(), ..Place::default() };
    TraceSite {
        entry: site.entry.map_or_else(unknown, |entry| places::place(entry, tables)),
        created_by: site.created_by.map(|frame| places::place(frame, tables)),
        before: site.before,
        created: site.created,
        ended: site.ended,
        alive: (site.before + site.created).saturating_sub(site.ended),
        states: states(&site.doing_ns),
        waits_for: longest.map(|(at, _)| waits.text(ReasonId(at)).to_owned()),
        waits_for_share: longest.map_or(0.0, |(_, ns)| *ns as f64 / waiting.max(1) as f64),
        lived: site.lived.spread(),
    }
}

/// Times by what was done.
pub fn states(doing_ns: &[u64; 4]) -> TraceStates {
    let of = |doing: Doing| seconds(doing_ns[doing as usize]);
    TraceStates {
        running_s: of(Doing::Running),
        runnable_s: of(Doing::Runnable),
        waiting_s: of(Doing::Waiting),
        syscall_s: of(Doing::Syscall),
    }
}
