//! Answers to render: a leaking service over a series, one dump that cannot decide, a healthy service, and a hostile input.

use herd_model::{
    BlockingPoint, Candidate, Certainty, ClusterReport, Envelope, Evidence, EvidenceKind, FamilyReport, Finding, Flame, Label,
    Note, NoteKind, PatternId, Place, SeriesFamily, SeriesReport, Severity, SnapshotReport, Spread, Step, Target, TargetKind,
    Verdict,
};

pub fn place(func: &str, file: &str, line: u32) -> Place {
    Place { func: func.into(), file: file.into(), line }
}

fn watch() -> Place {
    place("github.com/acme/orders/internal/pay.(*Client).watch", "/build/orders/internal/pay/stream.go", 88)
}

fn create() -> Place {
    place("github.com/acme/orders/internal/api.(*Handler).Create", "/build/orders/internal/api/order.go", 141)
}

const WAITS: Option<Spread> = Some(Spread { min: 0.0, p50: 1380.0, max: 2460.0 });

fn cluster(id: &str, count: u64, state: &str, frames: Vec<Place>, created_by: Option<Place>) -> ClusterReport {
    ClusterReport {
        id: id.into(),
        count,
        state: state.into(),
        state_inferred: false,
        wait_s: WAITS,
        wait_minutes: [(0, count / 2), (23, count - count / 2)].into(),
        depth: frames.len() as u32,
        elided: 0,
        frames,
        created_by,
        labels: vec![Label { key: "tenant".into(), value: "blue".into(), count }],
        leaked: 0,
        locked: 0,
        objects: vec![("0xc0004a8120".into(), count)],
        goroutine_ids: vec![4711, 4712],
        benign: None,
        line: 17,
        offset: 1042,
        sample: "goroutine 4711 [chan receive, 23 minutes]:\ngithub.com/acme/orders/internal/pay.(*Client).watch(0xc0004a8120)\n"
            .into(),
    }
}

fn family(id: &str, count: u64, state: &str, at: Place, created_by: Option<Place>, benign: Option<&str>) -> FamilyReport {
    FamilyReport {
        id: id.into(),
        count,
        state: state.into(),
        at,
        created_by,
        clusters: vec![id.into()],
        similar: Vec::new(),
        wait_s: WAITS,
        benign: benign.map(str::to_owned),
    }
}

fn conn() -> Place {
    place("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", 1986)
}

fn serve() -> Place {
    place("net/http.(*Server).Serve", "/usr/local/go/src/net/http/server.go", 3454)
}

fn pool() -> Place {
    place("github.com/acme/orders/internal/store.(*Pool).get", "/build/orders/internal/store/pool.go", 57)
}

fn snapshot() -> SnapshotReport {
    SnapshotReport {
        goroutines: 119_356,
        truncated: false,
        truncated_why: None,
        origin: "stacks".into(),
        taken_at: Some("2026-11-21T11:02:03.123Z".into()),
        crash: None,
        states: [("chan receive".into(), 118_204), ("IO wait".into(), 640), ("sync.Mutex.Lock".into(), 512)].into(),
        families: vec![
            family("9c1e4b7a00000001", 118_204, "chan-receive", watch(), Some(create()), None),
            family("9c1e4b7a00000002", 640, "io", conn(), Some(serve()), Some("one per idle connection")),
            family("9c1e4b7a00000003", 512, "lock", pool(), Some(create()), None),
        ],
        clusters: vec![
            cluster("9c1e4b7a00000001", 118_204, "chan receive", vec![watch()], Some(create())),
            cluster("9c1e4b7a00000002", 640, "IO wait", vec![conn()], Some(serve())),
            cluster("9c1e4b7a00000003", 512, "sync.Mutex.Lock", vec![pool()], Some(create())),
        ],
        blocking_points: vec![
            BlockingPoint { state: "chan receive".into(), at: watch(), count: 118_204 },
            BlockingPoint { state: "IO wait".into(), at: conn(), count: 640 },
            BlockingPoint { state: "sync.Mutex.Lock".into(), at: pool(), count: 512 },
        ],
        module_entropy: 0.0846,
        mean_depth: 3.04,
        distinct_stacks: 3,
    }
}

fn flame() -> Flame {
    let names = [
        "all goroutines",
        "created by github.com/acme/orders/internal/api.(*Handler).Create",
        "github.com/acme/orders/internal/pay.(*Client).watch",
        "[chan receive]",
        "github.com/acme/orders/internal/store.(*Pool).get",
        "[sync.Mutex.Lock]",
        "created by net/http.(*Server).Serve",
        "net/http.(*conn).serve",
        "[IO wait]",
    ];
    Flame {
        unit: "goroutines".into(),
        names: names.map(str::to_owned).to_vec(),
        name: vec![0, 1, 2, 3, 4, 5, 6, 7, 8],
        depth: vec![0, 1, 2, 3, 2, 3, 1, 2, 3],
        start: vec![0, 0, 0, 0, 118_204, 118_204, 118_716, 118_716, 118_716],
        total: vec![119_356, 118_716, 118_204, 118_204, 512, 512, 640, 640, 640],
        ..Flame::default()
    }
}

fn leak() -> Finding {
    Finding {
        id: PatternId::new("LK005"),
        target: "http://orders:6060".into(),
        title: "context never cancelled".into(),
        severity: Severity::Critical,
        certainty: Certainty::Confirmed,
        count: 118_204,
        rate_per_s: Some(412.3),
        at: watch(),
        started_by: Some(create()),
        waits_on: "chan receive".into(),
        since_s: WAITS,
        evidence: vec![
            Evidence::new(
                EvidenceKind::Growth,
                "rose from 93460 to 118204 in 60 s, at every one of 6 steps or without ever falling",
            )
            .with("from", &93_460)
            .with("to", &118_204)
            .with("seconds", &60)
            .with("steps", &6),
            Evidence::new(EvidenceKind::Persistence, "93460 of the 93460 at the start of the window are still alive")
                .with("still", &93_460)
                .with("of", &93_460),
            Evidence::new(EvidenceKind::Presence, "the same stack stands 118204 times, in 7 of the last 7 snapshots")
                .with("count", &118_204)
                .with("present", &7)
                .with("windows", &7),
            Evidence::new(EvidenceKind::CreatorReturned, "the function that started them is on no stack").at(create()),
            Evidence::new(EvidenceKind::NameHint, "a frame is named watch"),
        ],
        why: "The loop waits for a context that comes from context.Background(), so that nothing can end it.".into(),
        fix: "Pass the request's context and defer its cancel.".into(),
        next: vec!["goherd explain LK005".into(), "goherd open http://orders:6060".into()],
        steps: vec![Step::command(&["goherd", "explain", "LK005"]), Step::command(&["goherd", "open", "http://orders:6060"])],
        fingerprint: "5d1c0a9be2f34711".into(),
        also: vec![PatternId::new("LK002")],
        family: Some("9c1e4b7a00000001".into()),
        position: None,
        repair: None,
    }
}

fn convoy() -> Finding {
    Finding {
        id: PatternId::new("DL007"),
        title: "convoy behind one lock holder".into(),
        severity: Severity::Warning,
        certainty: Certainty::Suspected,
        count: 512,
        rate_per_s: Some(1.25),
        at: pool(),
        waits_on: "sync.Mutex.Lock at 0xc000122008".into(),
        evidence: vec![Evidence::new(EvidenceKind::SharedObject, "512 goroutines wait on one mutex, 0xc000122008")],
        why: "One goroutine keeps the mutex while the others queue.".into(),
        fix: "Do the slow work outside of the lock.".into(),
        next: vec!["goherd open http://orders:6060".into()],
        steps: vec![Step::command(&["goherd", "open", "http://orders:6060"])],
        fingerprint: "5d1c0a9be2f34712".into(),
        also: Vec::new(),
        family: Some("9c1e4b7a00000003".into()),
        ..leak()
    }
}

fn candidate(rank: u32) -> Candidate {
    Candidate {
        id: PatternId::new("LK002"),
        target: "dumps/orders-1.txt".into(),
        title: "receive, nobody sends or closes".into(),
        rank,
        family_rank: 1,
        count: 1_000 / u64::from(rank),
        rate_per_s: None,
        at: watch(),
        started_by: Some(create()),
        waits_on: "chan receive".into(),
        since_s: WAITS,
        evidence: vec![Evidence::new(EvidenceKind::Shape, "1,000 goroutines receive from a channel in their own code")],
        why: "Every sender is gone.".into(),
        fix: "Close the channel when the last sender ends.".into(),
        decide_by: vec![
            "goherd open dumps/orders-1.txt".into(),
            "the memory of the process: which goroutine can still reach what this one waits for".into(),
        ],
        steps: vec![
            Step::command(&["goherd", "open", "dumps/orders-1.txt"]),
            Step::words("the memory of the process: which goroutine can still reach what this one waits for"),
        ],
        fingerprint: "5d1c0a9be2f34713".into(),
        family: Some(format!("9c1e4b7a0000000{}", rank.max(2))),
    }
}

/// A leaking service looked at for a minute.
pub fn leaking() -> Envelope {
    Envelope {
        targets: vec![Target {
            kind: TargetKind::Url,
            name: "http://orders:6060".into(),
            go_version: Some("go1.26.8".into()),
            witnesses: vec!["goroutine?debug=0".into()],
            bytes: 1_984_512,
            looked_s: Some(60.4),
            cost: Some("stopped the world for about 3 ms in total".into()),
        }],
        verdict: Verdict::Findings,
        findings: vec![leak(), convoy()],
        snapshot: Some(snapshot()),
        series: Some(SeriesReport {
            times: (0..7).map(|at| format!("2026-11-21T11:02:{:02}Z", at * 10 % 60)).collect(),
            seconds: Some((0..7).map(|at| f64::from(at) * 10.0).collect()),
            goroutines: (0..7u64).map(|at| 94_612 + at * 4_124).collect(),
            families: vec![SeriesFamily {
                id: "9c1e4b7a00000001".into(),
                counts: (0..7u64).map(|at| 93_460 + at * 4_124).collect(),
            }],
        }),
        flame: Some(flame()),
        notes: vec![Note {
            kind: NoteKind::NotAsked,
            offset: None,
            text: "debug=2 was not asked for: it stops the world, and there are more than 1,000 goroutines; --allow-stw asks"
                .into(),
        }],
        hidden: [("benign_goroutines".into(), 640)].into(),
        ..Envelope::new("doctor", "0.1.0")
    }
}

/// One dump, which cannot convict.
pub fn undecidable() -> Envelope {
    Envelope {
        targets: vec![Target {
            kind: TargetKind::File,
            name: "dumps/orders-1.txt".into(),
            go_version: None,
            witnesses: vec!["dumps/orders-1.txt".into()],
            bytes: 67_108_864,
            looked_s: None,
            cost: None,
        }],
        verdict: Verdict::Undecidable,
        candidates: (1..=7).map(candidate).collect(),
        snapshot: Some(SnapshotReport {
            truncated: true,
            truncated_why: Some("it is 67,108,864 bytes long, where the runtime stops writing".into()),
            crash: Some("panic: order 4711 of ops@example.com is late".into()),
            ..snapshot()
        }),
        hidden: [("goroutines_not_listed".into(), 1_204), ("clusters_not_listed".into(), 31), ("suppressed".into(), 1)].into(),
        ..Envelope::new("doctor", "0.1.0")
    }
}

/// Nothing wrong.
pub fn healthy() -> Envelope {
    Envelope { verdict: Verdict::Healthy, findings: Vec::new(), notes: Vec::new(), ..leaking() }
}

/// Names made to break out of every format.
pub fn hostile() -> Envelope {
    let mut envelope = leaking();
    let evil = place("evil</script><script>alert(1)</script>.f\u{1b}[31m", "/a|b,c:d%\r\n::error::x.go", 1);
    let finding = &mut envelope.findings[0];
    finding.at = evil.clone();
    finding.started_by = Some(evil);
    finding.title = "`|*_<img src=x>]]>&\"\u{202e}".into();
    finding.waits_on = "a\u{0}b;c".into();
    if let Some(flame) = &mut envelope.flame {
        flame.names[2] = "a;b\n<svg onload=x> & \"".into();
    }
    envelope
}
