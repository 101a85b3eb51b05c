//! The timeline of recorded traces: sums against the portrait's, and what is read again for a window or a moment against a visitor that
//! keeps every span of the whole trace.

#![allow(clippy::unwrap_used, reason = "a recording that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use herd_analysis::trace::timeline::{Looked, Overview, Part, Surroundings, Window};
use herd_analysis::trace::{Portrait, Shown};
use herd_formats::trace::{Times, read, read_on};
use herd_model::{
    StackId, TimelineMoment, TimelineState, TraceEvent, TraceGeneration, TraceGoState, TraceGoroutine, TracePlace, TraceTables,
    TraceVisitor, TraceWhat,
};

const HEADER_BYTES: usize = 16;

/// One goroutine's span, in the trace's own times.
#[derive(Clone, Copy, Debug)]
struct Span {
    from_ns: u64,
    to_ns: u64,
    /// Running, runnable, syscall, waiting.
    class: usize,
    waker: Option<u64>,
}

/// Keeps everything.
#[derive(Default)]
struct Plain {
    start_ns: Option<u64>,
    end_ns: u64,
    now: BTreeMap<u64, (u64, usize)>,
    spans: BTreeMap<u64, Vec<Span>>,
    /// Goroutines that were there, with the function outermost in a stack of theirs, where there is one.
    there: BTreeMap<u64, Option<String>>,
    created: BTreeSet<u64>,
}

impl Plain {
    fn change(&mut self, goroutine: TraceGoroutine, class: Option<usize>, at_ns: u64, waker: Option<u64>) {
        if let Some((from_ns, before)) = self.now.remove(&goroutine.id) {
            self.spans.entry(goroutine.id).or_default().push(Span { from_ns, to_ns: at_ns, class: before, waker });
        }
        if let Some(class) = class {
            self.now.insert(goroutine.id, (at_ns, class));
        }
    }

    fn stands(&mut self, goroutine: u64, stack: StackId, tables: &TraceTables) {
        if goroutine != 0 && !self.created.contains(&goroutine) {
            let outermost = tables.frames_of(stack).last().map(|frame| tables.func(*frame).to_owned());
            let known = self.there.entry(goroutine).or_default();
            *known = known.take().or(outermost);
        }
    }

    fn close(&mut self) {
        for (goroutine, (from_ns, class)) in std::mem::take(&mut self.now) {
            let span = Span { from_ns, to_ns: self.end_ns, class, waker: None };
            self.spans.entry(goroutine).or_default().push(span);
        }
    }
}

impl TraceVisitor for Plain {
    fn generation(&mut self, _tables: &TraceTables, _generation: &TraceGeneration) {}

    #[allow(clippy::wildcard_enum_match_arm, reason = "all other events change no goroutine's state")]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        match event.what {
            TraceWhat::GoCreate { goroutine, .. } | TraceWhat::GoCreateSyscall { goroutine } => {
                self.created.insert(goroutine.id);
            }
            TraceWhat::GoBlock { stack, .. } | TraceWhat::GoStop { stack, .. } | TraceWhat::SyscallBegin { stack } => {
                self.stands(event.goroutine.id, stack, tables);
            }
            TraceWhat::GoStatus { goroutine, stack, .. } => self.stands(goroutine.id, stack, tables),
            _ => {}
        }
        let start_ns = *self.start_ns.get_or_insert(event.at_ns);
        self.end_ns = self.end_ns.max(event.at_ns);
        let (who, at_ns) = (event.goroutine, event.at_ns);
        match event.what {
            TraceWhat::GoStart { goroutine } => self.change(goroutine, Some(0), at_ns, None),
            TraceWhat::GoUnblock { goroutine, .. } => self.change(goroutine, Some(1), at_ns, Some(who.id)),
            TraceWhat::GoCreate { goroutine, blocked, .. } => {
                self.change(goroutine, Some(if blocked { 3 } else { 1 }), at_ns, None);
            }
            TraceWhat::GoCreateSyscall { goroutine } => self.change(goroutine, Some(2), at_ns, None),
            TraceWhat::GoBlock { .. } => self.change(who, Some(3), at_ns, None),
            TraceWhat::GoStop { .. } | TraceWhat::SyscallEndBlocked => self.change(who, Some(1), at_ns, None),
            TraceWhat::SyscallBegin { .. } => self.change(who, Some(2), at_ns, None),
            TraceWhat::SyscallEnd => self.change(who, Some(0), at_ns, None),
            TraceWhat::GoDestroy | TraceWhat::GoDestroySyscall => self.change(who, None, at_ns, None),
            TraceWhat::GoStatus { goroutine, state, .. } => {
                let class = match state {
                    TraceGoState::Running => 0,
                    TraceGoState::Runnable => 1,
                    TraceGoState::Syscall => 2,
                    TraceGoState::Waiting => 3,
                };
                self.now.entry(goroutine.id).or_insert((start_ns, class));
            }
            _ => {}
        }
    }

    fn another_trace(&mut self, _tables: &TraceTables) {}
}

/// So few that each recording is gone on from at many places.
const STATION_EVENTS: usize = 500;

/// Several visitors of one pass.
struct All {
    overview: Overview,
    portrait: Portrait,
    plain: Plain,
}

impl TraceVisitor for All {
    fn generation(&mut self, tables: &TraceTables, generation: &TraceGeneration) {
        self.overview.generation(tables, generation);
        self.portrait.generation(tables, generation);
    }

    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        self.overview.event(tables, event);
        self.portrait.event(tables, event);
        self.plain.event(tables, event);
    }

    fn another_trace(&mut self, tables: &TraceTables) {
        self.overview.another_trace(tables);
        self.portrait.another_trace(tables);
    }

    fn wants_place(&self) -> bool {
        self.overview.wants_place()
    }

    fn place(&mut self, place: &TracePlace) {
        self.overview.place(place);
    }
}

struct Opened {
    name: String,
    bytes: Vec<u8>,
    tables: TraceTables,
    all: All,
}

fn opened(path: &Path) -> Opened {
    let bytes = zstd::decode_all(&*std::fs::read(path).unwrap()).unwrap();
    let overview = Overview::with_stations(STATION_EVENTS);
    let (mut tables, mut all) = (TraceTables::new(), All { overview, portrait: Portrait::default(), plain: Plain::default() });
    read(&*bytes, Times::Recorded, &mut tables, &mut all).unwrap();
    all.overview.finish(bytes.len() as u64);
    all.plain.close();
    Opened { name: path.display().to_string(), bytes, tables, all }
}

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/traces");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let mut traces: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with(".trace.zst")).collect();
    traces.sort();
    assert!(traces.len() >= 18, "{traces:?}");
    traces
}

/// The four classes of a lane's nine states.
fn classes(states: &[f64]) -> [f64; 4] {
    [states[0], states[1], states[2], states[3..].iter().sum()]
}

fn read_part<V: TraceVisitor>(bytes: &[u8], part: Part, place: Option<&TracePlace>, tables: &mut TraceTables, visit: &mut V) {
    let (from, to) = (part.offset as usize, (part.offset + part.bytes) as usize);
    let source = Cursor::new(&bytes[..HEADER_BYTES]).chain(&bytes[from..to]);
    read_on(source, Times::Recorded, place, tables, visit).unwrap();
}

fn moment(trace: &mut Opened, goroutine: u64, at_ns: u64) -> Option<TimelineMoment> {
    let mut next = trace.all.overview.part_at(at_ns);
    while let Some(part) = next {
        let place = trace.all.overview.place_in(part);
        let mut looking = trace.all.overview.look_at(goroutine, at_ns, part);
        read_part(&trace.bytes, part, place.as_ref(), &mut trace.tables, &mut looking);
        next = match looking.finish(&trace.tables) {
            Looked::Moment(moment) => return Some(*moment),
            Looked::GoesOn(part) => Some(part),
            Looked::Nobody => None,
        };
    }
    None
}

#[test]
fn lanes_add_up_to_the_times_of_sites() {
    for path in recordings() {
        let trace = opened(&path);
        let all = Window { from_ns: 0, to_ns: u64::MAX, columns: 300, ..Window::default() };
        let view = trace.all.overview.view(&all, &trace.tables);
        let shown = Shown { rows: 100_000, stacks: 0, weighed: None };
        let report = trace.all.portrait.finish(shown, &trace.tables, &mut BTreeMap::new()).report;
        let mut by_site: BTreeMap<String, [f64; 4]> = BTreeMap::new();
        for site in &report.sites {
            let key = format!("{} {:?}", site.entry.func, site.created_by);
            let states = [site.states.running_s, site.states.runnable_s, site.states.syscall_s, site.states.waiting_s];
            by_site.insert(key, states);
        }
        assert_eq!(view.lanes.len(), by_site.len(), "{}", trace.name);
        for lane in &view.lanes {
            let entry = lane.entry.as_ref().map_or("<unknown>", |place| &place.func);
            let key = format!("{entry} {:?}", lane.created_by);
            for (found, expect) in classes(&lane.total_s).into_iter().zip(by_site[&key]) {
                assert!((found - expect).abs() < 1e-6, "{}: {key}: {found} {expect}", trace.name);
            }
            for (cells, total) in lane.cells.iter().zip(&lane.total_s) {
                let widths = (0..cells.len()).map(|at| view.step_s.min(view.to_s - view.from_s - at as f64 * view.step_s));
                let sum: f64 = cells.iter().zip(widths).map(|(cell, width)| *cell as f64 / 1000.0 * width).sum();
                let rounding = view.step_s * cells.len().max(1) as f64 * 0.5e-3 + 2e-6;
                assert!((sum - total).abs() <= rounding, "{}: {key}: {sum} {total}", trace.name);
            }
        }
    }
}

#[test]
fn a_goroutine_that_was_there_starts_where_its_own_stack_says() {
    let mut learned = 0;
    for path in recordings() {
        let mut trace = opened(&path);
        let shown = Shown { rows: 100_000, stacks: 0, weighed: None };
        let finished = trace.all.portrait.clone().finish(shown, &trace.tables, &mut BTreeMap::new());
        let there = trace.all.plain.there.clone();
        let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in there.values() {
            *wanted.entry(entry.as_deref().unwrap_or("<unknown>")).or_default() += 1;
        }
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        for site in finished.report.sites.iter().filter(|site| site.before > 0) {
            *found.entry(&site.entry.func).or_default() += site.before;
        }
        assert_eq!(found, wanted, "{}", trace.name);
        // Where it is looked at before it has told, too.
        for (goroutine, entry) in there.iter().filter(|(_, entry)| entry.is_some()) {
            let first = moment(&mut trace, *goroutine, 0).unwrap_or_else(|| panic!("{}: #{goroutine}", trace.name));
            assert_eq!(first.entry.map(|place| place.func).as_ref(), entry.as_ref(), "{}: #{goroutine}", trace.name);
            learned += u64::from(trace.name.contains("go1.22"));
        }
    }
    assert!(learned > 40, "{learned}");
}

#[test]
fn a_narrow_window_has_the_spans_of_the_whole_trace() {
    let (mut compared, mut again, mut looked, mut inside) = (0, 0, 0, 0);
    for path in recordings() {
        let mut trace = opened(&path);
        let start_ns = trace.all.plain.start_ns.unwrap();
        let span_ns = trace.all.plain.end_ns - start_ns;
        for eighth in 0..8u64 {
            let (from_ns, to_ns) = (span_ns * eighth / 8, span_ns * eighth / 8 + span_ns / 64);
            let every = trace.all.overview.view(&Window { from_ns, to_ns, columns: 1, ..Window::default() }, &trace.tables);
            let open: Vec<u32> = every.lanes.iter().map(|lane| lane.id).collect();
            let window = Window { from_ns, to_ns, columns: 1000, open, ..Window::default() };
            let part = trace.all.overview.part(&window).unwrap();
            let place = trace.all.overview.place_in(part);
            inside += u64::from(place.is_some());
            let mut close_up = trace.all.overview.close_up(window.clone(), part);
            read_part(&trace.bytes, part, place.as_ref(), &mut trace.tables, &mut close_up);
            let (view, around) = close_up.finish(&trace.tables);
            assert!(view.close);
            assert_eq!(trace.all.overview.close_again(&window, &around, &trace.tables).as_ref(), Some(&view), "{}", trace.name);
            again += beside(&mut trace, &around, (from_ns, to_ns));
            for row in view.lanes.iter().flat_map(|lane| &lane.rows).step_by(7) {
                let at_ns = from_ns + row.from_ns[row.from_ns.len() / 2];
                let kept = trace.all.overview.look_again(row.goroutine, at_ns, &around, &trace.tables);
                if kept.is_some() {
                    assert_eq!(kept, moment(&mut trace, row.goroutine, at_ns), "{}: #{}", trace.name, row.goroutine);
                    looked += 1;
                }
            }
            let begin_ns = start_ns + from_ns;
            let rows: u64 = view.lanes.iter().map(|lane| lane.rows.len() as u64 + lane.rows_hidden).sum();
            let overlaps = |span: &Span| span.from_ns < start_ns + to_ns && begin_ns < span.to_ns && span.from_ns < span.to_ns;
            let there = trace.all.plain.spans.values().filter(|spans| spans.iter().any(overlaps)).count() as u64;
            assert_eq!(rows, there, "{}: {eighth} eighths", trace.name);
            for (lane, row) in view.lanes.iter().flat_map(|lane| lane.rows.iter().map(move |row| (lane, row))) {
                let plain = &trace.all.plain.spans[&row.goroutine];
                for at in 0..row.from_ns.len() {
                    if row.merged[at] > 1 {
                        continue;
                    }
                    let (from, to) = (begin_ns + row.from_ns[at], begin_ns + row.from_ns[at] + row.ns[at]);
                    let class = (row.state[at] as usize).min(3);
                    let same = |span: &Span| {
                        let (first, last) = (span.from_ns.max(begin_ns), span.to_ns.min(start_ns + to_ns));
                        (first, last, span.class) == (from, to, class)
                    };
                    assert!(
                        plain.iter().any(same),
                        "{}: {:?} #{}: {from}–{to} {class}: {:?}",
                        trace.name,
                        lane.entry,
                        row.goroutine,
                        plain.iter().filter(|span| span.from_ns < to && from < span.to_ns).collect::<Vec<_>>()
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 5000, "{compared}");
    assert!(again > 400 && looked > 100, "{again} {looked}");
    assert!(inside > 100, "{inside} windows were gone on to from inside a generation");
}

#[test]
fn a_narrow_window_is_read_only_for_finer_columns_and_for_goroutines() {
    for path in recordings().into_iter().take(3) {
        let trace = opened(&path);
        let span_ns = trace.all.plain.end_ns - trace.all.plain.start_ns.unwrap();
        let (from_ns, to_ns) = (span_ns / 4, span_ns / 2);
        let window = |columns: usize, open: Vec<u32>| Window { from_ns, to_ns, columns, open, ..Window::default() };
        let told = |window: &Window| trace.all.overview.view_for_close(window, &trace.tables);
        let view = told(&window(300, Vec::new())).unwrap_or_else(|| panic!("{}", trace.name));
        let sums = trace.all.overview.view(&window(300, Vec::new()), &trace.tables);
        assert!(view.close && !sums.close && view.lanes == sums.lanes, "{}", trace.name);
        let columns = view.procs.iter().map(|proc| proc.busy.len()).max().unwrap();
        assert!((150..=300).contains(&columns), "{}: {columns}", trace.name);
        assert_eq!(told(&window(300, vec![view.lanes[0].id])), None, "{}", trace.name);
        let narrow = Window { to_ns: from_ns + span_ns / 1000, ..window(300, Vec::new()) };
        assert_eq!(told(&narrow), None, "{}", trace.name);
    }
}

/// Windows beside another, told from what was read around that one and from the trace: how many were compared.
fn beside(trace: &mut Opened, around: &Surroundings, (from_ns, to_ns): (u64, u64)) -> u64 {
    let width = to_ns - from_ns;
    let windows = [
        (from_ns + width / 3, to_ns + width / 3),
        (from_ns + 2 * width, to_ns + 3 * width),
        (from_ns.saturating_sub(width), to_ns.saturating_sub(width / 2).max(1)),
        (from_ns + width / 3, from_ns + width / 2),
    ];
    let mut compared = 0;
    for (from_ns, to_ns) in windows {
        let window = Window { from_ns, to_ns, columns: 300, open: (0..64).collect(), ..Window::default() };
        let Some(kept) = trace.all.overview.close_again(&window, around, &trace.tables) else { continue };
        let part = trace.all.overview.part(&window).unwrap();
        let place = trace.all.overview.place_in(part);
        let mut close_up = trace.all.overview.close_up(window, part);
        read_part(&trace.bytes, part, place.as_ref(), &mut trace.tables, &mut close_up);
        let fresh = close_up.finish(&trace.tables).0;
        let where_else = kept.lanes.iter().zip(&fresh.lanes).find(|(kept, fresh)| kept != fresh).map(|(kept, fresh)| {
            let rows = kept.rows.iter().zip(&fresh.rows).find(|(kept, fresh)| kept != fresh);
            (
                kept.id,
                kept.cells == fresh.cells,
                kept.rows.len(),
                fresh.rows.len(),
                kept.rows_hidden,
                fresh.rows_hidden,
                format!("{rows:?}"),
            )
        });
        assert!(kept == fresh, "{}: {from_ns} to {to_ns}: {where_else:?} {}", trace.name, kept.procs == fresh.procs);
        compared += 1;
    }
    compared
}

#[test]
fn a_wait_is_told_with_who_ended_it_wherever_that_was() {
    let (mut told, mut across) = (0, 0);
    for path in recordings() {
        let mut trace = opened(&path);
        let start_ns = trace.all.plain.start_ns.unwrap();
        let mut waits: Vec<(u64, Span)> = Vec::new();
        for (goroutine, spans) in &trace.all.plain.spans {
            waits.extend(
                spans.iter().filter(|span| span.waker.is_some() && span.to_ns > span.from_ns + 1).map(|span| (*goroutine, *span)),
            );
        }
        waits.sort_by_key(|(goroutine, span)| (span.to_ns - span.from_ns, *goroutine));
        // The longest, which are those that go on into other generations, and some of all.
        let few = waits.len() / 10 + 1;
        let asked: Vec<(u64, Span)> = waits.iter().rev().take(8).chain(waits.iter().step_by(few)).copied().collect();
        for (goroutine, wait) in asked {
            let at_ns = wait.from_ns.saturating_sub(start_ns) + 1;
            let first = trace.all.overview.part_at(at_ns).unwrap();
            let found =
                moment(&mut trace, goroutine, at_ns).unwrap_or_else(|| panic!("{}: #{goroutine} {wait:?} {at_ns}", trace.name));
            let seconds = |ns: u64| ns.saturating_sub(start_ns) as f64 / 1e9;
            assert!((found.to_s - seconds(wait.to_ns)).abs() < 1e-9, "{}: #{goroutine} {wait:?} {found:?}", trace.name);
            assert!((found.from_s - seconds(wait.from_ns)).abs() < 1e-9, "{}: #{goroutine} {wait:?} {found:?}", trace.name);
            assert!(found.state >= TimelineState::Channel);
            let woken_by = found.woken_by.unwrap();
            assert_eq!(woken_by.goroutine.unwrap_or(0), wait.waker.unwrap(), "{}: #{goroutine}", trace.name);
            told += 1;
            across += u64::from(trace.all.overview.part_at(wait.to_ns - start_ns).unwrap().offset != first.offset);
        }
    }
    assert!(told > 100 && across > 0, "{told} {across}");
}
