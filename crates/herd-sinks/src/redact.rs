//! Takes out of an answer what must not be shared: arguments, labels, raw text, URLs, trace ids, addresses, credentials.
//!
//! What remains is what a finding needs: functions, files, lines, states, counts, ages.

use std::sync::LazyLock;

use herd_model::{ClusterReport, Envelope, Evidence, SnapshotReport, TargetKind};
use regex_lite::{Captures, Regex};

/// Redacts in place. Names of targets stay distinct: the second endpoint becomes `endpoint-2` wherever it is named.
pub fn redact(envelope: &mut Envelope) {
    let names = target_names(envelope);
    let text = |text: &mut String| *text = scrub(&rename(text, &names));
    for target in &mut envelope.targets {
        text(&mut target.name);
        target.witnesses.iter_mut().for_each(text);
        target.cost.iter_mut().for_each(text);
    }
    for finding in &mut envelope.findings {
        for part in [&mut finding.target, &mut finding.title, &mut finding.waits_on, &mut finding.why, &mut finding.fix] {
            text(part);
        }
        finding.next.iter_mut().for_each(text);
        finding.evidence.iter_mut().for_each(|fact| redact_evidence(fact, text));
    }
    for candidate in &mut envelope.candidates {
        for part in [&mut candidate.target, &mut candidate.title, &mut candidate.waits_on, &mut candidate.why, &mut candidate.fix]
        {
            text(part);
        }
        candidate.decide_by.iter_mut().for_each(text);
        candidate.evidence.iter_mut().for_each(|fact| redact_evidence(fact, text));
    }
    for note in &mut envelope.notes {
        text(&mut note.text);
    }
    if let Some(report) = &mut envelope.snapshot {
        redact_snapshot(report, text);
    }
}

fn redact_evidence(fact: &mut Evidence, text: impl Fn(&mut String)) {
    text(&mut fact.text);
    fact.args.values_mut().for_each(text);
}

fn redact_snapshot(report: &mut SnapshotReport, text: impl Fn(&mut String)) {
    report.truncated_why.iter_mut().for_each(&text);
    // What a program panics with is its own text, an argument like any other.
    if let Some(crash) = &mut report.crash {
        let kind = crash.split(':').next().unwrap_or_default().to_owned();
        if matches!(kind.as_str(), "panic" | "fatal error") && !crash.contains("all goroutines are asleep") {
            *crash = format!("{kind}: (redacted)");
        }
        text(crash);
    }
    for cluster in &mut report.clusters {
        let ClusterReport { labels, objects, goroutine_ids, sample, .. } = cluster;
        labels.clear();
        objects.clear();
        goroutine_ids.clear();
        sample.clear();
    }
}

/// Target names with what stands for them, longest first so that no name is replaced inside another.
fn target_names(envelope: &Envelope) -> Vec<(String, String)> {
    let mut endpoints = 0;
    let mut names: Vec<(String, String)> = Vec::new();
    for target in &envelope.targets {
        let stand_in = match target.kind {
            TargetKind::Stdin => continue,
            TargetKind::Url => {
                endpoints += 1;
                format!("endpoint-{endpoints}")
            }
            TargetKind::File | TargetKind::Recording => file_name(&target.name).to_owned(),
        };
        if !target.name.is_empty() && !names.iter().any(|(name, _)| *name == target.name) {
            names.push((target.name.clone(), stand_in));
        }
    }
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}

fn rename(text: &str, names: &[(String, String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, stand_in)| text.replace(name.as_str(), stand_in))
}

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
