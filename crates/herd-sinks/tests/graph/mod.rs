//! The wait graph in every format that shows it, in both languages; and what holds for any graph.

use herd_model::{
    CycleStep, Doubt, Envelope, GraphGroup, GraphObject, GraphRest, GraphWait, Holder, HolderReason, Inside, Place, Side,
    WaitCycle, WaitGraph, What,
};
use herd_sinks::{Charset, Detail, Format, Lang, Look, SinkError, redact, render};

use crate::answers::leaking;

fn place(func: &str, line: u32) -> Place {
    Place { func: format!("example.com/orders/{func}"), file: "/src/orders/main.go".into(), line }
}

fn group(id: &str, count: u64, state: &str, at: Place) -> GraphGroup {
    let (created_by, goroutines) = (Some(place("pay.Run", 12)), vec![41, 42]);
    GraphGroup { id: id.into(), family: format!("f-{id}"), count, leaked: 0, state: state.into(), at, created_by, goroutines }
}

fn object(id: &str, kind: What, waiters: u64, inside: Inside) -> GraphObject {
    GraphObject {
        id: id.into(),
        kind,
        count: 1,
        waiters,
        address: Some(format!("0xc00001{id}")),
        inside,
        for_ever: kind.is_for_ever(),
        holders: Vec::new(),
        holders_not_listed: 0,
    }
}

fn wait(group: &str, object: &str, side: Side, select: bool, count: u64) -> GraphWait {
    GraphWait { group: group.into(), object: object.into(), side, select, count }
}

fn step(goroutine: u64, next: u64, address: &str) -> CycleStep {
    CycleStep {
        goroutine,
        at: place("pay.transfer", 27),
        side: Side::Lock,
        kind: What::Mutex,
        address: Some(address.into()),
        next,
        holder_known: false,
        leaked: false,
        group: Some("g2".into()),
        object: Some("o3".into()),
    }
}

fn waiting() -> Envelope {
    let full = Inside {
        buffered: Some(10),
        capacity: Some(10),
        closed: Some(false),
        senders: Some(400),
        receivers: Some(0),
        ..Inside::default()
    };
    let rw = Inside { locked: Some(true), readers: Some(3), readers_left: Some(2), ..Inside::default() };
    let socket = Inside { fd: Some(7), endpoint: Some("tcp 10.0.0.7:8080 <-> 10.0.0.9:51724".into()), ..Inside::default() };
    let holder = Holder {
        goroutine: 17,
        state: "chan receive".into(),
        at: place("pay.consume", 40),
        reason: HolderReason::Address,
        group: Some("g3".into()),
    };
    let cycle = WaitCycle {
        steps: vec![step(41, 42, "0xc0000a"), step(42, 41, "0xc0000b")],
        alike: 11,
        proven: false,
        open: vec![Doubt::NoHolderRecorded, Doubt::NotOneInstant],
    };
    let graph = WaitGraph {
        waiting: 423,
        unnamed: 1,
        awaited: 29,
        groups: vec![
            group("g1", 400, "chan send", place("pay.(*Queue).put", 31)),
            group("g2", 20, "select", place("pay.poll", 55)),
            group("g3", 3, "chan receive", place("pay.consume", 40)),
        ],
        objects: vec![
            GraphObject { holders: vec![holder], holders_not_listed: 2, ..object("o1", What::Channel, 400, full) },
            GraphObject {
                count: 20,
                address: None,
                ..object("o2", What::TimerChannel, 20, Inside { fires_in_ms: Some(90_000), ..Inside::default() })
            },
            object("o3", What::RwMutex, 2, rw),
            GraphObject { address: None, ..object("o4", What::Descriptor, 1, socket) },
            GraphObject { address: None, ..object("o5", What::NilChannel, 1, Inside::default()) },
        ],
        waits: vec![
            wait("g1", "o1", Side::Send, false, 400),
            wait("g2", "o2", Side::Receive, true, 20),
            wait("g3", "o3", Side::ReadLock, false, 2),
            wait("g3", "o4", Side::Read, false, 1),
            wait("g3", "o5", Side::Receive, false, 1),
        ],
        cycles: vec![cycle],
        one_instant: false,
        searched: true,
        followed: false,
        rest: GraphRest { objects: vec![object("o6", What::Cond, 9, Inside::default())], ..GraphRest::default() },
    };
    Envelope {
        command: "graph".into(),
        findings: Vec::new(),
        notes: Vec::new(),
        graph: Some(graph),
        hidden: [("objects_not_listed".into(), 5), ("waits_not_listed".into(), 9)].into(),
        ..leaking()
    }
}

/// The same from a copy: one ring is proven, of the other one goroutine may be woken.
fn followed() -> Envelope {
    let mut envelope = waiting();
    if let Some(graph) = &mut envelope.graph {
        let open = WaitCycle { proven: false, open: vec![Doubt::StillReachable], ..graph.cycles[0].clone() };
        let steps = graph.cycles[0].steps.iter().cloned().map(|step| CycleStep { leaked: true, ..step }).collect();
        graph.cycles = vec![WaitCycle { steps, alike: 0, proven: true, open: Vec::new() }, open];
        (graph.one_instant, graph.followed) = (true, true);
        (graph.groups[0].leaked, graph.groups[1].leaked) = (400, 7);
    }
    envelope
}

fn print(format: Format, envelope: &Envelope, look: &Look<'_>) -> String {
    let mut out = Vec::new();
    render(format, envelope, None, look, &mut out).expect("the format prints");
    String::from_utf8(out).expect("the format is text")
}

#[test]
fn text_in_both_languages() {
    let zh = Look { lang: Lang::ZhCn, exit: Some(0), ..Look::default() };
    let en = Look { exit: Some(0), ..Look::default() };
    insta::assert_snapshot!(print(Format::Text, &waiting(), &en) + "\n" + &print(Format::Text, &waiting(), &zh));
}

#[test]
fn markdown_and_dot() {
    let look = Look::default();
    insta::assert_snapshot!(print(Format::Markdown, &waiting(), &look) + "\n" + &print(Format::Dot, &waiting(), &look));
}

#[test]
fn what_a_proof_adds() {
    let zh = Look { lang: Lang::ZhCn, ..Look::default() };
    let [en, zh] = [Look::default(), zh].map(|look| print(Format::Text, &followed(), &look));
    insta::assert_snapshot!([en, zh, print(Format::Dot, &followed(), &Look::default())].join("\n"));
}

#[test]
fn lines_fit_and_are_ascii_where_asked() {
    for width in [40, 100] {
        let look = Look { width, charset: Charset::Ascii, detail: Detail::Full, ..Look::default() };
        let text = print(Format::Text, &waiting(), &look);
        assert!(text.lines().all(|line| line.bytes().all(|byte| byte.is_ascii())), "{text}");
    }
}

#[test]
fn dot_needs_a_graph() {
    let failed = render(Format::Dot, &leaking(), None, &Look::default(), &mut Vec::new());
    assert!(matches!(failed, Err(SinkError::NoGraph)), "{failed:?}");
}

#[test]
fn shared_graphs_name_no_address_socket_or_goroutine() {
    let mut envelope = waiting();
    redact(&mut envelope);
    for format in [Format::Text, Format::Json, Format::Markdown, Format::Dot] {
        let text = print(format, &envelope, &Look::default());
        for secret in ["0xc0000", "10.0.0", "goroutine 41", "\"goroutine\":41", "goroutine 17"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let graph = envelope.graph.expect("the graph");
    let ring: Vec<(u64, u64)> = graph.cycles[0].steps.iter().map(|step| (step.goroutine, step.next)).collect();
    assert_eq!(ring, [(1, 2), (2, 1)], "who waits on whom is kept");
}

/// Names made to break out of a label.
#[test]
fn dot_is_what_graphviz_reads() {
    let mut envelope = waiting();
    if let Some(graph) = &mut envelope.graph {
        graph.groups[0].at.func = "evil\"]; x -> y [label=\"\\".into();
        graph.groups[1].state = "a\nb\\".into();
        graph.objects[0].holders[0].group = Some("g1".into());
    }
    let dot = print(Format::Dot, &envelope, &Look::default());
    let (nodes, edges) = read(&dot);
    assert_eq!(nodes, ["g1", "g2", "g3", "o1", "o2", "o3", "o4", "o5"], "{dot}");
    let known = [("g1", "o1"), ("g2", "o2"), ("g3", "o3"), ("g3", "o4"), ("g3", "o5"), ("o1", "g1")];
    assert_eq!(edges, known.map(|(from, to)| (from.to_owned(), to.to_owned())), "{dot}");
}

/// Nodes and edges by DOT's grammar: `digraph ID { stmt; … }`, a statement being `ID = ID`, `node attrs`, `ID attrs` or `ID -> ID attrs`.
fn read(dot: &str) -> (Vec<String>, Vec<(String, String)>) {
    let tokens = tokens(dot);
    assert_eq!(tokens[..3], ["digraph", "waits", "{"]);
    assert_eq!(tokens.last().map(String::as_str), Some("}"));
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for statement in tokens[3..tokens.len() - 1].split(|token| token == ";").filter(|statement| !statement.is_empty()) {
        let open = statement.iter().position(|token| token == "[");
        let (head, attributes) = statement.split_at(open.unwrap_or(statement.len()));
        assert_attributes(attributes);
        match head {
            [name, equals, _] if equals == "=" && name == "rankdir" => {}
            [name] if name == "node" => {}
            [name] => nodes.push(name.clone()),
            [from, arrow, to] if arrow == "->" => edges.push((from.clone(), to.clone())),
            other => panic!("no statement: {other:?}"),
        }
    }
    (nodes, edges)
}

fn assert_attributes(tokens: &[String]) {
    let [open, inner @ .., close] = tokens else { return assert!(tokens.is_empty()) };
    assert_eq!((open.as_str(), close.as_str()), ("[", "]"));
    for pair in inner.split(|token| token == ",") {
        assert!(matches!(pair, [name, equals, value] if is_name(name) && equals == "=" && !value.is_empty()), "{pair:?}");
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Names, numbers and punctuation; of a quoted string all up to the first quote without a backslash before it.
fn tokens(dot: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = dot.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' => quoted(rest),
            '-' if rest.starts_with("->") => 2,
            '{' | '}' | '[' | ']' | ';' | ',' | '=' => 1,
            _ => rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
        };
        assert!(len > 0, "no token: {rest:.40}");
        tokens.push(rest[..len].to_owned());
        rest = rest[len..].trim_start();
    }
    tokens
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            b'\n' => panic!("a string over two lines: {text:.40}"),
            _ => escaped = false,
        }
    }
    panic!("a string without end: {text:.40}");
}
