//! Takes out of an answer what must not be shared: arguments, labels, raw text, URLs, trace ids, addresses, credentials.
//!
//! What remains is what a finding needs: functions, files, lines, states, counts, ages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use herd_model::{
    Envelope, EscapeShown, Evidence, EvidenceKind, Flame, NameId, Names, Note, NoteKind, Place, Profile, Snapshot,
    SnapshotReport, Step, TargetKind, Timeline, TraceDiff, TraceDiffWhat, TraceReport, WaitGraph, WaitReason, shell_word,
};
use regex_lite::{Captures, Regex};

/// Stands for what was taken out of a sentence.
const GONE: &str = "(redacted)";
/// Stands for a state no known Go version prints: such text may come from anywhere.
const OTHER_STATE: &str = "other";
/// Between the first and the last file of a series in its name.
const SERIES: &str = " … ";

/// Redacts in place. Names of targets stay distinct: the second endpoint becomes `endpoint-2` wherever it is named, the second
/// file `input-2`.
pub fn redact(envelope: &mut Envelope) {
    let mut names = target_names(envelope);
    let states = envelope.snapshot.iter().flat_map(|report| report.states.keys());
    states.filter(|state| !is_known_state(state)).for_each(|state| name_it(&mut names, state, OTHER_STATE));
    let sources = log_sources(envelope);
    for (source, stand_in) in &sources {
        name_it(&mut names, source, stand_in);
    }
    // In commands a name stands as a shell takes it.
    for (name, stand_in) in names.clone() {
        name_it(&mut names, &shell_word(&name), &stand_in);
    }
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let text = |text: &mut String| *text = scrub(&rename(text, &names));
    for target in &mut envelope.targets {
        text(&mut target.name);
        target.witnesses.iter_mut().for_each(text);
        target.cost.iter_mut().for_each(text);
        target.go_version = target.go_version.take().filter(|version| VERSION.is_match(version));
    }
    for finding in &mut envelope.findings {
        for part in [&mut finding.target, &mut finding.title, &mut finding.why, &mut finding.fix] {
            text(part);
        }
        redact_waits_on(&mut finding.waits_on);
        redact_source(&mut finding.at, &sources);
        finding.next.iter_mut().for_each(text);
        // What a repair writes is source.
        finding.repair = None;
        finding.steps.iter_mut().for_each(|step| redact_step(step, text));
        finding.evidence.iter_mut().for_each(|fact| redact_evidence(fact, text));
    }
    for candidate in &mut envelope.candidates {
        for part in [&mut candidate.target, &mut candidate.title, &mut candidate.why, &mut candidate.fix] {
            text(part);
        }
        redact_waits_on(&mut candidate.waits_on);
        redact_source(&mut candidate.at, &sources);
        candidate.decide_by.iter_mut().for_each(text);
        candidate.steps.iter_mut().for_each(|step| redact_step(step, text));
        candidate.evidence.iter_mut().for_each(|fact| redact_evidence(fact, text));
    }
    for note in &mut envelope.notes {
        redact_note(note);
        text(&mut note.text);
    }
    if let Some(report) = &mut envelope.snapshot {
        redact_snapshot(report, text);
    }
    if let Some(flame) = &mut envelope.flame {
        redact_flame(flame);
    }
    if let Some(graph) = &mut envelope.graph {
        redact_graph(graph);
    }
    for profile in envelope.locks.iter_mut().flat_map(|report| &mut report.profiles) {
        text(&mut profile.target);
    }
    if let Some(report) = &mut envelope.trace {
        redact_trace(report);
    }
    if let Some(timeline) = &mut envelope.timeline {
        redact_timeline(timeline);
    }
    if let Some(diff) = &mut envelope.trace_diff {
        redact_trace_diff(diff);
    }
    envelope.runlog.iter_mut().flat_map(|report| &mut report.processes).flat_map(|process| &mut process.source).for_each(text);
    if let Some(report) = &mut envelope.tune {
        // Arguments may hold anything; the program alone says what was measured.
        report.command.truncate(1);
        report.command.iter_mut().for_each(|program| *program = program.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let escapes = envelope.heap.iter_mut().flat_map(|report| &mut report.escapes).flat_map(|report| &mut report.rows);
    escapes.flat_map(|row| &mut row.escapes).for_each(redact_escape);
}

/// What logs call their processes, their hosts', pods' or containers' names, with what stands for them.
fn log_sources(envelope: &Envelope) -> Vec<(String, String)> {
    let processes = envelope.runlog.iter().flat_map(|report| &report.processes);
    let named = processes.zip(1..).filter_map(|(process, at)| Some((process.source.clone()?, format!("process-{at}"))));
    named.collect()
}

/// A finding about a log stands where the log says it comes from.
fn redact_source(place: &mut Place, sources: &[(String, String)]) {
    if let Some((_, stand_in)) = sources.iter().find(|(source, _)| *source == place.func) {
        place.func.clone_from(stand_in);
    }
}

/// The stacks without what must not be shared, for the formats made of them.
pub fn redact_stacks(stacks: &Snapshot) -> Snapshot {
    let mut stacks = stacks.clone();
    stacks.crash = None;
    for cluster in &mut stacks.clusters {
        if matches!(cluster.state, WaitReason::Other(_)) {
            cluster.state = WaitReason::Other(OTHER_STATE.into());
        }
        cluster.labels.clear();
        cluster.objects.clear();
        cluster.sample = "".into();
    }
    stacks
}

/// A profile without what must not be shared: functions, files, lines and weights stay.
pub fn redact_weights(profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    profile.label_sets.iter_mut().for_each(|labels| *labels = Box::default());
    profile.comments.clear();
    profile.doc_url = "".into();
    // A writer copies the whole table, with the texts of labels in it.
    let all = std::mem::take(&mut profile.names);
    let mut names = Names::default();
    names.intern("");
    let mut keep = |id: &mut NameId| *id = names.intern(all.text(*id));
    for function in &mut profile.functions {
        [&mut function.name, &mut function.system_name, &mut function.file].into_iter().for_each(&mut keep);
    }
    for mapping in &mut profile.mappings {
        [&mut mapping.file, &mut mapping.build_id].into_iter().for_each(&mut keep);
    }
    profile.names = names;
    profile
}

/// Expressions of the source may hold texts of it.
fn redact_escape(escape: &mut EscapeShown) {
    escape.why = None;
    if escape.what.contains(['"', '`', '\'']) {
        GONE.clone_into(&mut escape.what);
    }
}

fn redact_step(step: &mut Step, text: impl Fn(&mut String)) {
    step.command.iter_mut().for_each(&text);
    step.words.iter_mut().for_each(&text);
}

fn redact_evidence(fact: &mut Evidence, text: impl Fn(&mut String)) {
    // A line of source may hold anything.
    fact.code = None;
    // Endpoints and tasks are named in labels, which are not shared; other facts quote states.
    if fact.kind == EvidenceKind::Account {
        fact.text = unquoted(&fact.text);
        for name in ["endpoint", "service", "task", "runner", "what"] {
            fact.args.entry(name.to_owned()).and_modify(|value| GONE.clone_into(value));
        }
    }
    text(&mut fact.text);
    fact.args.values_mut().for_each(text);
}

/// What a note quotes comes from the input. The notes about damage say all of theirs before the quote; those about witnesses and
/// files left out go on with names.
fn redact_note(note: &mut Note) {
    let text = &note.text;
    note.text = match note.kind {
        NoteKind::Malformed | NoteKind::Unwrapped => before(text, &['`', '"']),
        NoteKind::Skipped => before(text, &['`', '"', ':']),
        NoteKind::NotAsked if NOT_ASKED.iter().any(|start| text.starts_with(start)) => before(text, &['`', '"', ':']),
        NoteKind::NotAsked => format!("a target was not asked: {GONE}"),
        NoteKind::Truncated | NoteKind::Limit | NoteKind::Suppressed | NoteKind::Advice => unquoted(text),
    };
}

/// How notes begin that name a profile and no target.
const NOT_ASKED: &[&str] = &["the leak profile is listed", "goroutine?debug="];

/// The words before the first of `signs`.
fn before(text: &str, signs: &[char]) -> String {
    match text.split_once(signs) {
        Some((words, _)) => format!("{} {GONE}", words.trim_end()),
        None => text.to_owned(),
    }
}

/// Without what stands between the first and the last quote, as a quoted text may hold quotes of its own.
fn unquoted(text: &str) -> String {
    let Some(start) = text.find(['`', '"']) else { return text.to_owned() };
    let end = text.rfind(['`', '"']).filter(|end| *end > start).map_or("", |end| &text[end + 1..]);
    format!("{}{GONE}{end}", &text[..start])
}

fn is_known_state(text: &str) -> bool {
    text == WaitReason::Unknown.as_str()
        || WaitReason::ALL.iter().any(|reason| reason.as_str() == text || reason.class().as_str() == text)
}

fn redact_state(state: &mut String) {
    if !is_known_state(state) {
        OTHER_STATE.clone_into(state);
    }
}

/// A state, perhaps with the address waited on.
fn redact_waits_on(waits_on: &mut String) {
    let state = waits_on.split(" 0x").next().unwrap_or_default();
    let state = state.strip_suffix(" at").unwrap_or(state);
    if is_known_state(state) || waits_on == "not told by the witness" {
        *waits_on = scrub(waits_on);
    } else {
        OTHER_STATE.clone_into(waits_on);
    }
}

fn redact_snapshot(report: &mut SnapshotReport, text: impl Fn(&mut String)) {
    if let Some(why) = &mut report.truncated_why {
        *why = unquoted(why);
        text(why);
    }
    report.crash = report.crash.take().map(|reason| crash(&reason));
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for (mut state, count) in std::mem::take(&mut report.states) {
        redact_state(&mut state);
        *states.entry(state).or_default() += count;
    }
    report.states = states;
    report.families.iter_mut().for_each(|family| redact_state(&mut family.state));
    report.blocking_points.iter_mut().for_each(|point| redact_state(&mut point.state));
    for cluster in &mut report.clusters {
        redact_state(&mut cluster.state);
        cluster.labels.clear();
        cluster.objects.clear();
        cluster.goroutine_ids.clear();
        cluster.sample.clear();
    }
}

/// What a program panics with is its own text, an argument like any other.
fn crash(reason: &str) -> String {
    if matches!(reason, "fatal error: all goroutines are asleep - deadlock!" | "SIGQUIT: quit") {
        return reason.to_owned();
    }
    match reason.split(':').next().unwrap_or_default() {
        kind @ ("panic" | "fatal error" | "SIGQUIT" | "SIGABRT" | "SIGSEGV") => format!("{kind}: {GONE}"),
        _ => GONE.to_owned(),
    }
}

/// Rows of states stand in brackets; every other row is a function or of goherd's own making.
fn redact_flame(flame: &mut Flame) {
    for name in &mut flame.names {
        let state = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if state.is_some_and(|state| state != "no stack" && !is_known_state(state)) {
            *name = format!("[{OTHER_STATE}]");
        }
    }
}

/// Goroutines keep who is who by numbers of their own.
fn redact_graph(graph: &mut WaitGraph) {
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    let mut number = |id: &mut u64| {
        let next = numbers.len() as u64 + 1;
        *id = *numbers.entry(*id).or_insert(next);
    };
    for step in graph.cycles.iter_mut().flat_map(|cycle| &mut cycle.steps) {
        number(&mut step.goroutine);
        number(&mut step.next);
        step.address = None;
    }
    for object in graph.objects.iter_mut().chain(&mut graph.rest.objects) {
        object.address = None;
        object.inside.endpoint = None;
        for holder in &mut object.holders {
            number(&mut holder.goroutine);
            redact_state(&mut holder.state);
        }
    }
    for group in graph.groups.iter_mut().chain(&mut graph.rest.groups) {
        group.goroutines.clear();
        redact_state(&mut group.state);
    }
}

/// Types of tasks and regions and categories of logs are the program's own texts; goroutines keep who is who by numbers of their own.
fn redact_trace(report: &mut TraceReport) {
    for (what, rows) in [("task", &mut report.tasks), ("region", &mut report.regions)] {
        for (row, at) in rows.iter_mut().zip(1..) {
            row.name = format!("{what}-{at}");
        }
    }
    for (row, at) in report.logs.iter_mut().zip(1..) {
        row.name = format!("log-{at}");
    }
    let mut number = numbered();
    for delay in report.collector.longest.iter_mut().filter_map(|stop| stop.delayed_by.as_mut()) {
        delay.goroutine = number(delay.goroutine);
    }
    for busy in report.cpu.iter_mut().flat_map(|cpu| &mut cpu.hot).flat_map(|hot| &mut hot.goroutines) {
        busy.goroutine = number(busy.goroutine);
    }
    if let Some(cpu) = &mut report.beside_cpu {
        cpu.labels.clear();
    }
}

fn redact_timeline(timeline: &mut Timeline) {
    let mut number = numbered();
    for row in timeline.lanes.iter_mut().flat_map(|lane| &mut lane.rows) {
        row.goroutine = number(row.goroutine);
    }
    if let Some(moment) = &mut timeline.moment {
        moment.goroutine = number(moment.goroutine);
        if let Some(goroutine) = moment.woken_by.as_mut().and_then(|waker| waker.goroutine.as_mut()) {
            *goroutine = number(*goroutine);
        }
    }
}

fn redact_trace_diff(diff: &mut TraceDiff) {
    for (what, name) in [(TraceDiffWhat::Task, "task"), (TraceDiffWhat::Region, "region")] {
        for (row, at) in diff.rows.iter_mut().filter(|row| row.what == what).zip(1..) {
            row.name = format!("{name}-{at}");
        }
    }
}

/// Gives ids numbers of their own, from 1 on.
fn numbered() -> impl FnMut(u64) -> u64 {
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    move |id| {
        let next = numbers.len() as u64 + 1;
        *numbers.entry(id).or_insert(next)
    }
}

/// Target names with what stands for them.
fn target_names(envelope: &Envelope) -> Vec<(String, String)> {
    let mut endpoints = 0;
    let mut inputs = 0;
    let mut processes = 0;
    let mut names: Vec<(String, String)> = Vec::new();
    for target in &envelope.targets {
        match target.kind {
            TargetKind::Stdin | TargetKind::Source => {}
            TargetKind::Url => {
                endpoints += 1;
                name_it(&mut names, &target.name, &format!("endpoint-{endpoints}"));
            }
            TargetKind::Process => {
                processes += 1;
                name_it(&mut names, &target.name, &format!("process-{processes}"));
                name_it(&mut names, target.name.trim_start_matches("pid:"), &processes.to_string());
            }
            TargetKind::Core => {
                inputs += 1;
                name_it(&mut names, &target.name, &format!("input-{inputs}"));
                for path in target.name.trim_start_matches("core:").split(',') {
                    name_it(&mut names, path, &format!("input-{inputs}"));
                    name_it(&mut names, file_name(path), &format!("input-{inputs}"));
                }
            }
            TargetKind::Recording => name_it(&mut names, &target.name, file_name(&target.name)),
            TargetKind::File => {
                let parts: Vec<&str> = target.name.split(SERIES).collect();
                let files: Vec<&str> = parts.iter().copied().chain(target.witnesses.iter().map(String::as_str)).collect();
                for file in files {
                    let base = file_name(file);
                    let known = names.iter().find(|(name, _)| name == file || name == base);
                    let stand_in = if let Some((_, stand_in)) = known {
                        stand_in.clone()
                    } else {
                        inputs += 1;
                        format!("input-{inputs}")
                    };
                    name_it(&mut names, file, &stand_in);
                    name_it(&mut names, base, &stand_in);
                }
            }
        }
    }
    names
}

fn name_it(names: &mut Vec<(String, String)>, name: &str, stand_in: &str) {
    if !name.is_empty() && !names.iter().any(|(known, _)| known == name) {
        names.push((name.to_owned(), stand_in.to_owned()));
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}

/// Replaces whole names, given longest first, in one pass, so that no stand-in is itself taken for a name.
fn rename(text: &str, names: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let starts = !out.chars().next_back().is_some_and(inside);
        let ends = |name: &str| !rest[name.len()..].chars().next().is_some_and(inside);
        let found = names.iter().find(|(name, _)| starts && rest.starts_with(name.as_str()) && ends(name));
        if let Some((name, stand_in)) = found {
            out.push_str(stand_in);
            rest = &rest[name.len()..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

static VERSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^go[0-9]+\.[0-9]+((\.|rc|beta)[0-9]+)?$").expect("the shape is compiled by a test"));

/// Secrets by their shape, in the order they are looked for.
static SHAPES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let shapes = [
        (r"(?i)\b(authorization:\s*|bearer[ =]\s*|basic\s+|--bearer[ =]|--user[ =]|--header[ =])\S+", "$1(redacted)"),
        (r"(?i)\b[a-z][a-z0-9+.-]*://[^\s'\x22<>]+", "(url)"),
        (r"\b[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b", "(trace id)"),
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "(id)"),
        (r"\b[0-9a-fA-F]{32}\b", "(trace id)"),
        (r"(?i)\b(goroutines?) [0-9]+\b", "$1 N"),
        (r"\b0x[0-9a-fA-F]+\b", "0x?"),
        (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+", "(address)"),
    ];
    let compile = |(shape, stand_in)| (Regex::new(shape).expect("the shapes are compiled by a test"), stand_in);
    shapes.into_iter().map(compile).collect()
});

/// `text` without secrets. Module versions (`pkg@v1.2.0`) are no addresses.
fn scrub(text: &str) -> String {
    SHAPES.iter().fold(text.to_owned(), |text, (shape, stand_in)| {
        shape
            .replace_all(&text, |found: &Captures<'_>| {
                let whole = found.get(0).map_or("", |part| part.as_str());
                if whole.contains("@v") && *stand_in == "(address)" {
                    return whole.to_owned();
                }
                stand_in.replace("$1", found.get(1).map_or("", |part| part.as_str()))
            })
            .into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expect: &str) {
        assert_eq!(scrub(input), expect);
    }

    #[test]
    fn whole_names_are_replaced_once() {
        let names = [("a/orders.txt", "input-1"), ("orders.txt", "input-1"), ("input", "input-2")];
        let names = names.map(|(name, stand_in)| (name.to_owned(), stand_in.to_owned()));
        assert_eq!(rename("a/orders.txt … orders.txt: input, inputs", &names), "input-1 … input-1: input-2, inputs");
    }

    #[test]
    fn notes_lose_what_they_quote() {
        assert_eq!(before("cannot read the header `go \"x\" `y`", &['`', '"']), "cannot read the header (redacted)");
        assert_eq!(unquoted("kept `a` and `b`c` of 3"), "kept (redacted) of 3");
        assert_eq!(unquoted("an open `quote"), "an open (redacted)");
    }

    #[test]
    fn each_kind_of_note_keeps_its_own_words_only() {
        let notes = [
            (NoteKind::Malformed, "cannot read the header `goroutine 8 [x]{\"k\"}`", "cannot read the header (redacted)"),
            (NoteKind::Unwrapped, "took a prefix such as `app[1]` off each line", "took a prefix such as (redacted)"),
            (NoteKind::Skipped, "1 of 3 entries hold no dump: a.txt (text)", "1 of 3 entries hold no dump (redacted)"),
            (NoteKind::NotAsked, "db.internal:6060: db.internal:6060 cannot be reached", "a target was not asked: (redacted)"),
            (NoteKind::NotAsked, "goroutine?debug=2 was not asked: 9 are above", "goroutine?debug=2 was not asked (redacted)"),
            (NoteKind::Limit, "kept 9 labels", "kept 9 labels"),
        ];
        for (kind, text, expect) in notes {
            let mut note = Note { kind, offset: None, text: text.to_owned() };
            redact_note(&mut note);
            assert_eq!(note.text, expect);
        }
    }

    #[test]
    fn released_versions_stay() {
        assert!(["go1.26.8", "go1.27rc1", "go1.21"].iter().all(|version| VERSION.is_match(version)));
        assert!(!VERSION.is_match("go1.26.8-acme"));
    }

    #[test]
    fn secrets_go_and_facts_stay() {
        check("GET https://user:pw@orders.internal:6060/debug/pprof?token=s3cret gave 403", "GET (url) gave 403");
        check("goroutine 4711 holds sync.Mutex 0xc0004a8120", "goroutine N holds sync.Mutex 0x?");
        check("traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "traceparent (trace id)");
        check("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace (trace id)");
        check("goherd doctor :6060 --bearer abc.def.ghi --for 60s", "goherd doctor :6060 --bearer (redacted) --for 60s");
        check("tenant 8f14e45f-ceea-467f-9a0e-1c2d3e4f5a6b", "tenant (id)");
        check("mail ops@example.com", "mail (address)");
        check("same stack in 10 of 10 snapshots, 118204 goroutines", "same stack in 10 of 10 snapshots, 118204 goroutines");
        check("orders@v1.2.0/pay/stream.go:88 and 3 goroutines", "orders@v1.2.0/pay/stream.go:88 and 3 goroutines");
    }
}
