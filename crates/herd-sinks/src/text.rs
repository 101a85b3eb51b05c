//! Text for people at a terminal: what was looked at, the verdict, then findings, candidates, notes, what is hidden, and what to do next.

use herd_model::{
    Candidate, Certainty, Envelope, Evidence, EvidenceKind, Finding, NoteKind, PatternId, Place, Severity, Spread, Step, Target,
    Verdict,
};

use crate::{
    Detail, Look,
    figure::{bytes, duration, rate, spread},
    gate, graph,
    layout::{Role, Sign, columns, labelled, pad, paint, sign, two_sided, wrap},
    lint,
    messages::{Messages, messages},
    name::{clean, full_place, func_tail, short_place, source_link},
    text_flame, text_profile, text_snapshot,
};

/// Targets named before the rest is counted.
const TARGETS_SHOWN: usize = 5;
/// Facts shown of a finding before the rest is counted.
const EVIDENCE_SHOWN: usize = 4;
/// Candidates shown before the rest is counted.
const CANDIDATES_SHOWN: usize = 5;
/// Notes shown before the rest is counted.
const NOTES_SHOWN: usize = 5;
/// Commands shown at the end.
const NEXT_SHOWN: usize = 4;

/// The answer as text, each line ended.
pub fn text(envelope: &Envelope, look: &Look<'_>) -> String {
    let say = messages(look.lang);
    let mut lines = targets(envelope, look, &say);
    match envelope.command.as_str() {
        "lint" if envelope.lint.as_ref().is_some_and(|report| report.spawns.is_some()) => {
            lines.extend(figures(envelope, look, &say));
        }
        "lint" => lines.extend(lint::body(envelope, look, &say)),
        "snap" => lines.extend(text_snapshot::body(envelope, look, &say)),
        "graph" => lines.extend(graph::body(envelope, look, &say)),
        "flame" if envelope.profile.is_some() => lines.extend(text_profile::body(envelope, look, &say)),
        "flame" => lines.extend(text_flame::body(envelope, look, &say)),
        "capacity" | "diff" | "guard" | "heap" | "locks" | "roi" | "runlog" | "trace" | "tune" => {
            lines.extend(figures(envelope, look, &say));
        }
        _ => lines.extend(judgement(envelope, look, &say)),
    }
    lines.extend(notes(envelope, look, &say));
    lines.extend(next(envelope, look, &say));
    if look.detail > Detail::Brief {
        lines.push(String::new());
    }
    lines.push(last_line(envelope, look, &say));
    lines.join("\n") + "\n"
}

fn targets(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let shown = if look.detail == Detail::Full { envelope.targets.len() } else { TARGETS_SHOWN };
    let mut lines: Vec<String> = envelope.targets.iter().take(shown).flat_map(|target| target_lines(target, look, say)).collect();
    if envelope.targets.len() > shown {
        lines.push(paint(
            Role::Faint,
            &format!("{} +{}", sign(Sign::Ellipsis, look.charset), envelope.targets.len() - shown),
            look,
        ));
    }
    lines
}

fn target_lines(target: &Target, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let kind = match target.kind {
        herd_model::TargetKind::File => "target-file",
        herd_model::TargetKind::Stdin => "target-stdin",
        herd_model::TargetKind::Url => "target-url",
        herd_model::TargetKind::Recording => "target-recording",
        herd_model::TargetKind::Process => "target-process",
        herd_model::TargetKind::Core => "target-core",
        herd_model::TargetKind::Source => "target-source",
    };
    let mut facts = vec![say.say(kind)];
    facts.extend(target.go_version.as_deref().map(|version| clean(version).into_owned()));
    if target.bytes > 0 {
        facts.push(bytes(target.bytes));
    }
    facts.extend(
        target
            .looked_s
            .filter(|seconds| *seconds >= 1.0)
            .map(|seconds| say.say_with("target-looked", &[("time", &duration(seconds))])),
    );
    facts.extend(target.cost.as_deref().map(|cost| clean(&say.sentence(cost)).into_owned()));
    let name = clean(&target.name).into_owned();
    let line = format!("{}  {}", paint(Role::Strong, &name, look), paint(Role::Faint, &facts.join(&dot(look)), look));
    if columns(&line) <= look.width {
        return vec![line];
    }
    let mut lines = vec![paint(Role::Strong, &name, look)];
    lines.extend(
        wrap(&facts.join(&dot(look)), look.width.saturating_sub(2))
            .iter()
            .map(|line| format!("  {}", paint(Role::Faint, line, look))),
    );
    lines
}

/// The verdict, what was judged where something is, then its tables.
fn figures(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let mut lines = if gate::is_judged(envelope) { judgement(envelope, look, say) } else { verdict(envelope, look, say) };
    if look.detail > Detail::Brief {
        lines.extend(gate::sheets(envelope, say).iter().flat_map(|sheet| gate::lines(sheet, look)));
    }
    lines
}

fn judgement(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let mut lines = verdict(envelope, look, say);
    for finding in &envelope.findings {
        if look.detail > Detail::Brief {
            lines.push(String::new());
        }
        lines.extend(finding_lines(finding, look, say));
    }
    if !envelope.candidates.is_empty() && look.detail > Detail::Brief {
        lines.push(String::new());
        lines.extend(candidates(&envelope.candidates, look, say));
    }
    if let Some(heading) = snapshot_heading(envelope, look, say) {
        lines.push(String::new());
        lines.extend(heading);
    }
    lines
}

/// With `--all`, the families follow, known long waiters too.
fn snapshot_heading(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Option<Vec<String>> {
    let report = envelope.snapshot.as_ref().filter(|_| look.benign)?;
    Some(text_snapshot::families(report, envelope, look, say))
}

/// The verdict's sentence with its sign; also what is known of a crash and of a cut input.
pub(crate) fn verdict(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let (mark, role) = gate::mark(envelope).unwrap_or_else(|| verdict_mark(envelope));
    let sentence = wrap(&verdict_sentence(envelope, say), look.width.saturating_sub(2));
    let heads = std::iter::once(sign(mark, look.charset)).chain(std::iter::repeat(" "));
    let mut lines: Vec<String> =
        heads.zip(&sentence).map(|(head, line)| format!("{} {}", paint(role, head, look), paint(role, line, look))).collect();
    lines.extend(input_lines(envelope, look, say));
    lines
}

fn verdict_mark(envelope: &Envelope) -> (Sign, Role) {
    match envelope.verdict {
        Verdict::Healthy => (Sign::Check, Role::Good),
        Verdict::Findings => {
            worst(envelope).map_or((Sign::Bang, Role::Warning), |severity| (severity_sign(severity), severity_role(severity)))
        }
        Verdict::Undecidable | Verdict::Inconclusive => (Sign::Question, Role::Strong),
    }
}

/// What the input itself says: why the process died, and that the input is cut.
pub(crate) fn input_lines(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let Some(report) = &envelope.snapshot else { return Vec::new() };
    let crash = report.crash.as_deref().map(|reason| say.say_with("verdict-crash", &[("reason", &clean(reason))]));
    let cut = report.truncated.then(|| {
        let why =
            report.truncated_why.as_deref().map_or_else(|| say.say("at-unknown"), |why| clean(&say.sentence(why)).into_owned());
        say.say_with("verdict-truncated", &[("why", &why)])
    });
    let sentences = crash.into_iter().chain(cut);
    sentences
        .flat_map(|sentence| wrap(&sentence, look.width.saturating_sub(2)))
        .map(|line| format!("  {}", paint(Role::Warning, &line, look)))
        .collect()
}

/// What of the input is missing or could not be read, a sentence each.
pub(crate) fn holes(envelope: &Envelope, say: &Messages) -> Vec<String> {
    let report = envelope.snapshot.as_ref().filter(|report| report.truncated);
    let cut = report.map(|report| {
        let why = report.truncated_why.as_deref().map_or_else(|| say.say("at-unknown"), |why| say.sentence(why));
        say.say_with("verdict-truncated", &[("why", &clean(&why))])
    });
    let told = |text: &str| cut.as_deref().is_some_and(|cut| cut.contains(text));
    let is_hole = |kind| matches!(kind, NoteKind::Truncated | NoteKind::Malformed | NoteKind::Limit);
    let notes =
        envelope.notes.iter().filter(|note| is_hole(note.kind)).map(|note| say.sentence(&note.text)).filter(|note| !told(note));
    let mut holes: Vec<String> = Vec::new();
    for note in notes {
        if !holes.contains(&note) {
            holes.push(note);
        }
    }
    holes.extend(cut);
    holes
}

/// The verdict in one sentence.
pub(crate) fn verdict_sentence(envelope: &Envelope, say: &Messages) -> String {
    if let Some(sentence) = gate::sentence(envelope, say).or_else(|| lint::sentence(envelope, say)) {
        return sentence;
    }
    let total = envelope.snapshot.as_ref().map_or(0, |report| report.goroutines);
    let goroutines = say.count("goroutines", total);
    let sentence = match envelope.verdict {
        Verdict::Healthy => match envelope.hidden.get("suppressed") {
            Some(suppressed) if *suppressed > 0 => {
                let findings = say.count("findings", *suppressed);
                say.say_with("verdict-healthy-suppressed", &[("goroutines", &goroutines), ("findings", &findings)])
            }
            _ => say.say_with("verdict-healthy", &[("goroutines", &goroutines)]),
        },
        Verdict::Findings => {
            let stuck: u64 = envelope.findings.iter().map(|finding| finding.count).sum();
            let severity = worst(envelope).map_or_else(String::new, |severity| say.say(severity.as_str()));
            let findings = say.count("findings", envelope.findings.len() as u64);
            let stuck = crate::figure::thousands(stuck);
            say.say_with(
                "verdict-findings",
                &[("findings", &findings), ("stuck", &stuck), ("goroutines", &goroutines), ("severity", &severity)],
            )
        }
        Verdict::Undecidable if !envelope.candidates.is_empty() => {
            let candidates = say.count("candidates", envelope.candidates.len() as u64);
            say.say_with("verdict-undecidable-candidates", &[("candidates", &candidates)])
        }
        Verdict::Undecidable => say.say("verdict-undecidable"),
        Verdict::Inconclusive => say.say("verdict-inconclusive"),
    };
    let over = envelope.series.as_ref().and_then(|series| {
        let last = *series.seconds.as_ref()?.last()?;
        let snapshots = say.count("snapshots", series.goroutines.len() as u64);
        Some(say.say_with("target-series", &[("snapshots", &snapshots), ("time", &duration(last))]))
    });
    over.map_or_else(|| sentence.clone(), |over| say.say_with("verdict-over", &[("verdict", &sentence), ("over", &over)]))
}

fn worst(envelope: &Envelope) -> Option<Severity> {
    envelope.findings.iter().map(|finding| finding.severity).max()
}

/// The sign of a severity.
pub(crate) fn severity_sign(severity: Severity) -> Sign {
    match severity {
        Severity::Critical => Sign::Cross,
        Severity::Warning => Sign::Bang,
        Severity::Info => Sign::Dot,
    }
}

fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::Warning => Role::Warning,
        Severity::Info => Role::Info,
    }
}

fn certainty_role(certainty: Certainty) -> Role {
    match certainty {
        Certainty::Proven => Role::Strong,
        Certainty::Confirmed => Role::Info,
        Certainty::Suspected => Role::Faint,
    }
}

/// A finding's first line: what it is, and how bad and how sure.
pub(crate) fn head(finding: &Finding, look: &Look<'_>, say: &Messages) -> (String, String) {
    let role = severity_role(finding.severity);
    let words = look.finding(finding, say);
    let mark = paint(role, sign(severity_sign(finding.severity), look.charset), look);
    let left =
        format!("{mark} {}  {}", paint(role, &clean(&finding.id.0), look), paint(Role::Strong, &clean(&words.title), look));
    let certainty = paint(certainty_role(finding.certainty), &say.say(finding.certainty.as_str()), look);
    let severity = paint(role, &say.say(finding.severity.as_str()), look);
    let right = [counted(finding.count, finding.rate_per_s, say), severity, certainty];
    // A finding of a whole process counts no goroutines.
    (left, right[usize::from(finding.count == 0)..].join(&dot(look)))
}

fn finding_lines(finding: &Finding, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let words = look.finding(finding, say);
    let (left, right) = head(finding, look, say);
    let mut lines = vec![two_sided(&left, &right, look.width)];
    if look.detail == Detail::Brief {
        return lines;
    }
    lines.extend(place_rows(&finding.waits_on, finding.since_s.as_ref(), &finding.at, finding.started_by.as_ref(), look, say));
    lines.extend(evidence_rows(&finding.id, &finding.evidence, look, say));
    lines.extend(labelled(&say.say("row-why"), &clean(&words.why), look));
    lines.extend(labelled(&say.say("row-fix"), &clean(&words.fix), look));
    lines.extend(also(&finding.also, look, say));
    lines.push(explain_hint(&finding.id, look, say));
    lines
}

/// `118,204 goroutines (+412/s)`.
pub(crate) fn counted(count: u64, rate_per_s: Option<f64>, say: &Messages) -> String {
    let goroutines = say.count("goroutines", count);
    rate_per_s.and_then(rate).map_or_else(|| goroutines.clone(), |rate| format!("{goroutines} ({rate})"))
}

fn place_rows(
    waits_on: &str,
    since: Option<&Spread>,
    at: &Place,
    started_by: Option<&Place>,
    look: &Look<'_>,
    say: &Messages,
) -> Vec<String> {
    let state = waits_on_text(waits_on, say);
    let waits = match since {
        Some(since) => format!("{state}, {}", spread(since, look.charset)),
        None => state,
    };
    // What a whole process shows has no goroutine that waits, and no line.
    if waits_on.is_empty() && at.func.is_empty() && at.file.is_empty() {
        return Vec::new();
    }
    let mut lines = if waits_on.is_empty() { Vec::new() } else { labelled(&say.say("row-waits-on"), &waits, look) };
    let width = started_by.into_iter().chain([at]).map(|place| columns(&short_place(place))).max().unwrap_or(0);
    lines.extend(place_row("row-at", at, width, look, say));
    lines.extend(started_by.into_iter().flat_map(|place| place_row("row-started-by", place, width, look, say)));
    lines
}

/// A state stands as Go prints it; that there is none is said in words.
pub(crate) fn waits_on_text(waits_on: &str, say: &Messages) -> String {
    clean(&say.sentence(waits_on)).into_owned()
}

fn place_row(label: &str, place: &Place, width: usize, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let func = clean(func_tail(&place.func));
    let place_text = short_place(place);
    let text = if place_text.is_empty() { func.into_owned() } else { format!("{}   {func}", pad(&place_text, width)) };
    let mut lines = labelled(&say.say(label), &text, look);
    lines.extend(source_link(place, look).map(|link| format!("{}{}", " ".repeat(16), paint(Role::Faint, &clean(&link), look))));
    lines
}

fn evidence_rows(id: &PatternId, evidence: &[Evidence], look: &Look<'_>, say: &Messages) -> Vec<String> {
    let (source, evidence): (Vec<&Evidence>, Vec<&Evidence>) =
        evidence.iter().partition(|fact| fact.kind == EvidenceKind::Source);
    let shown = if look.detail == Detail::Full { evidence.len() } else { EVIDENCE_SHOWN };
    let mut rows: Vec<String> = evidence.iter().take(shown).map(|fact| clean(&say.evidence(id, fact)).into_owned()).collect();
    if evidence.len() > shown {
        rows.push(say.count("more-evidence", (evidence.len() - shown) as u64));
    }
    let mut lines = under(&say.say("row-evidence"), &rows, look);
    // The source is the way to the fault: none of it is left out.
    let told = source.iter().flat_map(|fact| {
        let place = fact.place.as_ref().map(|place| format!("{}  ", clean(&full_place(place, look)))).unwrap_or_default();
        let said = format!("{place}{}", clean(&say.evidence(id, fact)));
        [Some(said), fact.code.as_ref().map(|code| format!("  {}", clean(code)))].into_iter().flatten()
    });
    lines.extend(under(&say.say("row-source"), &told.collect::<Vec<_>>(), look));
    lines
}

/// Rows below one label.
fn under(label: &str, rows: &[String], look: &Look<'_>) -> Vec<String> {
    rows.iter().enumerate().flat_map(|(index, row)| labelled(if index == 0 { label } else { "" }, row, look)).collect()
}

fn also(ids: &[PatternId], look: &Look<'_>, say: &Messages) -> Vec<String> {
    if ids.is_empty() {
        return Vec::new();
    }
    let ids: Vec<String> = ids.iter().map(|id| clean(&id.0).into_owned()).collect();
    labelled(&say.say("row-also"), &ids.join(", "), look)
}

pub(crate) fn explain_hint(id: &PatternId, look: &Look<'_>, say: &Messages) -> String {
    let command = say.say_with("explain-hint", &[("id", &clean(&id.0))]);
    format!("{}{}", " ".repeat(16), paint(Role::Command, &command, look))
}

/// One block a family: its likeliest pattern in full, the others that fit it by id.
fn candidates(all: &[Candidate], look: &Look<'_>, say: &Messages) -> Vec<String> {
    let same = |a: &Candidate, b: &Candidate| a.family.is_some() && a.family == b.family && a.target == b.target;
    let mut families: Vec<Vec<&Candidate>> = Vec::new();
    for candidate in all {
        match families.iter_mut().find(|family| same(family[0], candidate)) {
            Some(family) => family.push(candidate),
            None => families.push(vec![candidate]),
        }
    }
    let shown = if look.detail == Detail::Full { families.len() } else { CANDIDATES_SHOWN.min(families.len()) };
    let mut lines = vec![paint(Role::Strong, &say.say("candidates-heading"), look)];
    lines.extend(families[..shown].iter().flat_map(|family| candidate_lines(family, look, say)));
    let left: usize = families[shown..].iter().map(Vec::len).sum();
    if left > 0 {
        lines.push(paint(Role::Faint, &format!("  {}", say.with_count("more-candidates", "candidates", left as u64)), look));
    }
    let steps = families[..shown].iter().flatten().flat_map(|candidate| &candidate.steps);
    lines.extend(step_rows("row-decide", &distinct(steps), look, say));
    lines
}

fn candidate_lines(family: &[&Candidate], look: &Look<'_>, say: &Messages) -> Vec<String> {
    let Some((candidate, others)) = family.split_first() else { return Vec::new() };
    let words = look.candidate(candidate, say);
    let left = format!("{} {}  {}", sign(Sign::Question, look.charset), clean(&candidate.id.0), clean(&words.title));
    let rank = |candidate: &Candidate| say.say_with("candidate", &[("rank", &candidate.rank.to_string())]);
    let right = [counted(candidate.count, candidate.rate_per_s, say), paint(Role::Faint, &rank(candidate), look)];
    let right = right[usize::from(candidate.count == 0)..].join(&dot(look));
    let mut lines = vec![two_sided(&left, &right, look.width)];
    lines.extend(place_rows(
        &candidate.waits_on,
        candidate.since_s.as_ref(),
        &candidate.at,
        candidate.started_by.as_ref(),
        look,
        say,
    ));
    if look.detail == Detail::Full {
        lines.extend(evidence_rows(&candidate.id, &candidate.evidence, look, say));
        lines.extend(labelled(&say.say("row-why"), &clean(&words.why), look));
        lines.extend(labelled(&say.say("row-fix"), &clean(&words.fix), look));
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|other| format!("{} ({})", clean(&other.id.0), rank(other))).collect();
        lines.extend(labelled(&say.say("row-also"), &others.join(", "), look));
    }
    lines
}

fn notes(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    if envelope.notes.is_empty() || look.detail == Detail::Brief {
        return Vec::new();
    }
    let shown = if look.detail == Detail::Full { envelope.notes.len() } else { NOTES_SHOWN };
    let label = say.say("row-note");
    let mut lines = vec![String::new()];
    for note in envelope.notes.iter().take(shown) {
        lines.extend(labelled(&label, &clean(&say.sentence(&note.text)), look));
    }
    if envelope.notes.len() > shown {
        lines.push(paint(Role::Faint, &format!("  {}", say.count("notes-more", (envelope.notes.len() - shown) as u64)), look));
    }
    lines
}

fn next(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let explains = |step: &Step| step.command.as_deref().is_some_and(|command| command.starts_with("goherd explain "));
    let steps = envelope.findings.iter().flat_map(|finding| &finding.steps).filter(|step| !explains(step));
    let mut steps = distinct(steps);
    steps.truncate(NEXT_SHOWN);
    if steps.is_empty() || look.detail == Detail::Brief {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.extend(step_rows("row-next", &steps, look, say));
    lines
}

fn distinct<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<&'a Step> {
    let mut kept: Vec<&Step> = Vec::new();
    for step in steps {
        if !kept.contains(&step) {
            kept.push(step);
        }
    }
    kept
}

/// Commands are never broken, so that they can be copied; words are, and those about a command stand under it.
fn step_rows(label: &str, steps: &[&Step], look: &Look<'_>, say: &Messages) -> Vec<String> {
    let label = say.say(label);
    let labels = std::iter::once(label.as_str()).chain(std::iter::repeat(""));
    labels.zip(steps).flat_map(|(label, step)| step_lines(label, step, look, say)).collect()
}

fn step_lines(label: &str, step: &Step, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let command = step.command.as_deref().map(|command| paint(Role::Command, &clean(command), look));
    let mut lines: Vec<String> =
        command.iter().map(|command| format!("  {}{command}", paint(Role::Faint, &pad(label, 14), look))).collect();
    let label = if lines.is_empty() { label } else { "" };
    lines.extend(step.words.iter().flat_map(|words| labelled(label, &clean(&say.sentence(words)), look)));
    lines
}

fn last_line(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> String {
    let mut parts = Vec::new();
    parts.extend(look.exit.map(|code| say.say_with("exit-line", &[("code", &code.to_string())])));
    let of_figures = matches!(
        envelope.command.as_str(),
        "snap" | "flame" | "capacity" | "diff" | "guard" | "heap" | "locks" | "roi" | "trace" | "tune"
    );
    let judged = gate::is_judged(envelope) && !(envelope.findings.is_empty() && envelope.candidates.is_empty());
    if !of_figures || judged {
        parts.push(say.count("findings", envelope.findings.len() as u64));
        if !envelope.candidates.is_empty() {
            parts.push(say.count("candidates", envelope.candidates.len() as u64));
        }
    }
    parts.extend(hidden(envelope, look, say));
    let lines = fill_line(&parts, &dot(look), look.width);
    lines.iter().map(|line| paint(Role::Faint, line, look)).collect::<Vec<_>>().join("\n")
}

/// Fragments on as few lines as hold them whole.
fn fill_line(parts: &[String], separator: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(separator) + columns(part) <= width => line.extend([separator, part]),
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// Whether goroutines are concerned that were counted; source and what a whole process shows have none.
pub(crate) fn is_of_goroutines(finding: &Finding) -> bool {
    finding.count > 0 || !finding.waits_on.is_empty()
}

/// What shows a finding, each fact behind its place where that is not the finding's own.
pub(crate) fn shown(finding: &Finding, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let facts = finding.evidence.iter().map(|fact| {
        let text = clean(&say.evidence(&finding.id, fact)).into_owned();
        match fact.place.as_ref().filter(|place| (&place.file, place.line) != (&finding.at.file, finding.at.line)) {
            Some(place) => format!("{}: {text}", full_place(place, look)),
            None => text,
        }
    });
    facts.collect()
}

/// What is not shown, counted.
pub(crate) fn hidden(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let mut parts = Vec::new();
    for (name, count) in envelope.hidden.iter().filter(|(_, count)| **count > 0) {
        match name.as_str() {
            "benign_goroutines" if look.benign => {}
            "benign_goroutines" => parts.push(say.count("hidden-benign", *count)),
            "steady_goroutines" => parts.push(say.count("hidden-steady", *count)),
            "suppressed" => parts.push(say.with_count("hidden-suppressed", "findings", *count)),
            "preview_findings"
            | "findings_in_generated"
            | "findings_ignored_in_source"
            | "findings_excluded"
            | "findings_ignored_by_path"
            | "findings_not_new" => {
                parts.push(say.with_count(&format!("hidden-{}", name.replace('_', "-")), "findings", *count));
            }
            "goroutines_not_listed" => {
                let clusters = say.count("clusters", envelope.hidden.get("clusters_not_listed").copied().unwrap_or(0));
                let goroutines = say.count("goroutines", *count);
                parts.push(say.say_with("hidden-not-listed", &[("goroutines", &goroutines), ("clusters", &clusters)]));
            }
            "objects_not_listed" => {
                let waits = envelope.hidden.get("waits_not_listed").copied().unwrap_or(0);
                let facts = [("objects", &*say.count("graph-objects", *count)), ("waits", &*say.count("graph-waits", waits))];
                parts.push(say.say_with("hidden-objects", &facts));
            }
            "rows_left_out" => parts.push(say.count("hidden-rows", *count)),
            "functions_not_listed" | "samples_left_out" | "samples_below_zero" => {
                parts.push(say.count(&format!("hidden-{}", name.replace('_', "-")), *count));
            }
            "processes_not_listed" => parts.push(say.say_with("hidden-processes-not-listed", &[("count", &count.to_string())])),
            "points_not_listed" => parts.push(say.count("hidden-points", *count)),
            "lines_not_listed"
            | "residents_not_listed"
            | "growth_not_listed"
            | "escapes_not_listed"
            | "locks_not_listed"
            | "runtime_locks_not_listed"
            | "sites_not_listed"
            | "unfinished_not_listed"
            | "marks_not_followed" => {
                let key = format!("hidden-{}", name.replace('_', "-"));
                parts.push(say.say_with(&key, &[("count", &crate::figure::thousands(*count))]));
            }
            "waits_not_listed" if envelope.hidden.contains_key("objects_not_listed") => {}
            "goroutines_that_fit_no_pattern" => parts.push(say.with_count("hidden-no-pattern", "goroutines", *count)),
            "goroutines_that_moved" => parts.push(say.with_count("hidden-moved", "goroutines", *count)),
            "candidate_goroutines_not_listed" => parts.push(say.with_count("hidden-candidates", "goroutines", *count)),
            "candidate_families_not_listed" if envelope.hidden.contains_key("candidate_goroutines_not_listed") => {}
            "clusters_not_listed" if envelope.hidden.contains_key("goroutines_not_listed") => {}
            other => parts.push(
                say.say_with("hidden-other", &[("name", &other.replace('_', " ")), ("count", &crate::figure::thousands(*count))]),
            ),
        }
    }
    parts
}

/// The separator between fragments.
pub(crate) fn dot(look: &Look<'_>) -> String {
    format!(" {} ", sign(Sign::Dot, look.charset))
}
