//! Every format over the same answers, as snapshots; and what holds for any answer.

mod answers;
mod graph;

use answers::{healthy, hostile, leaking, undecidable};
use herd_model::{Envelope, Note, NoteKind, PatternId, Step};
use herd_sinks::{Charset, Detail, Format, Lang, Localised, Look, PatternWords, redact, render};

#[track_caller]
fn print(format: Format, envelope: &Envelope, look: &Look<'_>) -> String {
    let mut out = Vec::new();
    render(format, envelope, None, look, &mut out).expect("the format prints");
    String::from_utf8(out).expect("the format is text")
}

fn chinese() -> Vec<PatternWords> {
    let words = |id: &'static str, title: &str| PatternWords {
        id: PatternId::new(id),
        words: vec![(
            Lang::ZhCn,
            Localised {
                title: title.into(),
                why: "循环等待的上下文来自 context.Background()，没有任何东西能够结束它。".into(),
                fix: "传入请求的上下文，并用 defer 调用它的 cancel。".into(),
                page: "# 页".into(),
            },
        )],
    };
    vec![words("LK005", "上下文从未取消"), words("DL007", "单个持锁者造成拥堵"), words("LK002", "接收方等不到发送或关闭")]
}

#[test]
fn text_of_findings() {
    insta::assert_snapshot!(print(Format::Text, &leaking(), &Look { exit: Some(1), ..Look::default() }));
}

#[test]
fn text_of_findings_in_full_with_links() {
    let look = Look {
        detail: Detail::Full,
        benign: true,
        source_url: Some("https://host/{file}#L{line}"),
        root: Some("/build/orders"),
        ..Look::default()
    };
    insta::assert_snapshot!(print(Format::Text, &leaking(), &look));
}

#[test]
fn text_in_brief_and_ascii() {
    let look = Look { detail: Detail::Brief, charset: Charset::Ascii, exit: Some(1), ..Look::default() };
    let text = print(Format::Text, &leaking(), &look);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn text_of_candidates() {
    insta::assert_snapshot!(print(Format::Text, &undecidable(), &Look { exit: Some(0), ..Look::default() }));
}

#[test]
fn text_of_health() {
    insta::assert_snapshot!(print(Format::Text, &healthy(), &Look { exit: Some(0), ..Look::default() }));
}

#[test]
fn text_in_chinese() {
    let patterns = chinese();
    let look = Look { lang: Lang::ZhCn, patterns: &patterns, exit: Some(1), ..Look::default() };
    insta::assert_snapshot!(print(Format::Text, &leaking(), &look) + &print(Format::Text, &undecidable(), &look));
}

#[test]
fn text_of_a_snapshot_and_its_flame() {
    let snap = Envelope { command: "snap".into(), findings: Vec::new(), ..leaking() };
    let flame = Envelope { command: "flame".into(), ..snap.clone() };
    let look = Look { exit: Some(0), ..Look::default() };
    insta::assert_snapshot!(print(Format::Text, &snap, &look) + "\n" + &print(Format::Text, &flame, &look));
}

#[test]
fn text_in_colour() {
    let text = print(Format::Text, &leaking(), &Look { colour: true, detail: Detail::Brief, ..Look::default() });
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn concise() {
    insta::assert_snapshot!(
        print(Format::Concise, &leaking(), &Look::default()) + &print(Format::Concise, &undecidable(), &Look::default())
    );
}

#[test]
fn a_hole_in_the_input_is_a_line_in_pipes_and_annotations() {
    let mut envelope = healthy();
    let kinds = [NoteKind::Truncated, NoteKind::Malformed, NoteKind::Limit, NoteKind::Advice];
    envelope.notes = kinds.iter().map(|kind| Note { kind: *kind, offset: None, text: format!("a {kind:?} note") }).collect();
    if let Some(report) = &mut envelope.snapshot {
        report.truncated = true;
        report.truncated_why = Some("the input ends inside a goroutine at byte 9".into());
    }
    let lines = print(Format::Concise, &envelope, &Look::default());
    let notes: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("goherd: note: ")).collect();
    let cut = "the input does not hold every goroutine: the input ends inside a goroutine at byte 9";
    assert_eq!(notes, ["a Truncated note", "a Malformed note", "a Limit note", cut]);
    let commands = print(Format::Github, &envelope, &Look::default());
    for note in notes {
        assert!(commands.lines().any(|line| line == format!("::notice title=goherd input::{note}")), "{commands}");
    }
    assert!(!commands.contains("Advice"), "{commands}");
    assert_eq!(print(Format::Concise, &envelope, &Look { detail: Detail::Brief, ..Look::default() }).lines().count(), 1);
}

#[test]
fn quiet_lines_are_findings_and_the_verdict() {
    let mut envelope = leaking();
    envelope.candidates = undecidable().candidates;
    assert!(!envelope.candidates.is_empty());
    let lines = print(Format::Concise, &envelope, &Look { detail: Detail::Brief, ..Look::default() });
    assert_eq!(lines.lines().count(), envelope.findings.len() + 1, "{lines}");
    assert!(!lines.contains("candidate["), "{lines}");
}

#[test]
fn json_on_a_terminal() {
    let text = print(Format::Json, &leaking(), &Look { pretty: true, ..Look::default() });
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), leaking());
    insta::assert_snapshot!(text);
}

#[test]
fn json_in_a_pipe_is_one_line() {
    let text = print(Format::Json, &hostile(), &Look::default());
    assert_eq!(text.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), hostile());
}

#[test]
fn markdown() {
    insta::assert_snapshot!(
        print(Format::Markdown, &leaking(), &Look::default()) + &print(Format::Markdown, &undecidable(), &Look::default())
    );
}

#[test]
fn github() {
    let look = Look { root: Some("/build/orders"), ..Look::default() };
    insta::assert_snapshot!(print(Format::Github, &leaking(), &look) + &print(Format::Github, &undecidable(), &look));
}

#[test]
fn junit() {
    let text = print(Format::Junit, &leaking(), &Look::default()) + &print(Format::Junit, &undecidable(), &Look::default());
    insta::assert_snapshot!(text + &print(Format::Junit, &healthy(), &Look::default()));
}

#[test]
fn svg() {
    insta::assert_snapshot!(print(Format::Svg, &leaking(), &Look::default()));
}

/// The text between a marker element and its end.
fn embedded<'a>(page: &'a str, id: &str) -> &'a str {
    let open = format!(r#"<script id="{id}" type="application/json">"#);
    assert_eq!(page.matches(&open).count(), 1, "{id}");
    let (_, rest) = page.split_once(&open).expect("it was counted");
    rest.split_once("</script>").expect("the element ends").0
}

#[test]
fn html_carries_the_answer_its_pages_and_nothing_from_elsewhere() {
    let patterns = chinese();
    let look = Look { patterns: &patterns, source_url: Some("https://host/{file}#L{line}"), ..Look::default() };
    let page = print(Format::Html, &hostile(), &look);
    assert_eq!(serde_json::from_str::<Envelope>(embedded(&page, "goherd-envelope")).unwrap(), hostile());
    let pages: serde_json::Value = serde_json::from_str(embedded(&page, "goherd-pages")).unwrap();
    assert_eq!(pages["LK005"]["zh-CN"], "# 页");
    let options: serde_json::Value = serde_json::from_str(embedded(&page, "goherd-options")).unwrap();
    assert_eq!(options["source_url"], "https://host/{file}#L{line}");
    let plain = print(Format::Html, &healthy(), &Look::default());
    assert_eq!(page.matches("<script").count(), plain.matches("<script").count(), "a name opened an element of its own");
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!plain.contains(outside), "{outside}");
    }
}

#[test]
fn no_format_lets_a_hostile_name_out() {
    let envelope = hostile();
    for format in [Format::Text, Format::Concise, Format::Markdown, Format::Github, Format::Junit, Format::Svg] {
        let text = print(format, &envelope, &Look::default());
        assert!(!text.contains(['\u{1b}', '\u{0}']), "{format:?}: {text}");
        assert!(!text.contains("\n::error::x.go"), "{format:?}: {text}");
    }
    for format in [Format::Junit, Format::Svg] {
        assert!(!print(format, &envelope, &Look::default()).contains("<script"), "{format:?}");
        assert!(!print(format, &envelope, &Look::default()).contains("<svg onload"), "{format:?}");
    }
    let markdown = print(Format::Markdown, &envelope, &Look::default());
    assert!(!markdown.contains("|*_<img"), "{markdown}");
    insta::assert_snapshot!(print(Format::Github, &envelope, &Look::default()) + &markdown);
}

#[test]
fn text_keeps_to_the_width() {
    for envelope in [leaking(), undecidable(), healthy()] {
        for (width, lang) in [(60, Lang::En), (80, Lang::En), (100, Lang::En), (80, Lang::ZhCn)] {
            let text = print(Format::Text, &envelope, &Look { width, lang, ..Look::default() });
            // Commands and places are never broken, so that they can be copied.
            let prose = text.lines().filter(|line| !line.contains("goherd ") && !line.contains(".go:"));
            for line in prose {
                let columns = unicode_width::UnicodeWidthStr::width(line);
                assert!(columns <= width, "{columns} > {width}: {line}");
            }
        }
    }
}

#[test]
fn the_verdict_stands_in_the_first_ten_lines() {
    for (envelope, word) in [(leaking(), "2 findings:"), (undecidable(), "undecidable:"), (healthy(), "healthy:")] {
        let text = print(Format::Text, &envelope, &Look::default());
        assert!(text.lines().take(10).any(|line| line.contains(word)), "{text}");
    }
}

#[test]
fn a_redacted_answer_keeps_facts_and_drops_secrets() {
    let mut envelope = undecidable();
    envelope.targets.extend(leaking().targets);
    envelope.findings = leaking().findings;
    let before = serde_json::to_string(&envelope).unwrap();
    redact(&mut envelope);
    let after = serde_json::to_string_pretty(&envelope).unwrap();
    for secret in
        ["0xc0004a8120", "0xc000122008", "tenant", "blue", "orders:6060", "ops@example.com", "4711, ", "goroutine 4711", "dumps/"]
    {
        assert!(!after.contains(secret), "{secret} is still there:\n{after}");
    }
    for secret in ["0xc0004a8120", "0xc000122008", "tenant", "orders:6060", "ops@example.com", "goroutine 4711", "dumps/"] {
        assert!(before.contains(secret), "{secret} was never there");
    }
    assert_eq!(envelope.findings[0].target, envelope.targets[1].name);
    assert_eq!(envelope.findings[0].count, 118_204);
    assert_eq!(envelope.findings[0].fingerprint, "5d1c0a9be2f34711");
    insta::assert_snapshot!(after);
}

#[test]
fn a_quoted_name_is_redacted_in_commands_too() {
    let mut envelope = undecidable();
    let name = "my team's/dump 1.txt";
    envelope.targets[0].name = name.into();
    envelope.targets[0].witnesses = Vec::new();
    for candidate in &mut envelope.candidates {
        candidate.target = name.into();
        candidate.steps = vec![Step::command(&["goherd", "open", name])];
        candidate.decide_by = candidate.steps.iter().map(Step::text).collect();
    }
    redact(&mut envelope);
    for candidate in &envelope.candidates {
        assert_eq!(candidate.steps[0].command.as_deref(), Some("goherd open input-1"));
        assert_eq!(candidate.decide_by, ["goherd open input-1"]);
    }
}

/// A chain of two calls, as the lint draws them.
fn chained() -> Envelope {
    let place = |func: &str, file: &str, line| herd_model::Place { func: func.into(), file: file.into(), line };
    let hop = |calls: &str, line, deadline, limit_ms| herd_model::DeadlineHop {
        calls: calls.into(),
        at: place("shop.(*server).list", "main.go", line),
        deadline,
        limit_ms,
        since: (line == 31).then(|| place("shop.(*server).list", "main.go", 29)),
        spawned: line == 31,
    };
    let chain = herd_model::DeadlineChain {
        entry: herd_model::Entry::Http,
        at: place("example.com/shop.(*server).list", "main.go", 20),
        hops: vec![
            hop("s.orders.Of", 24, herd_model::Deadline::Inherited, None),
            hop("o.db.QueryContext", 31, herd_model::Deadline::Widened, Some(50)),
        ],
        sink: herd_model::Sink::Sql,
    };
    let mut envelope = Envelope::new("lint", "0.0.0");
    envelope.lint = Some(herd_model::LintReport { packages: 1, functions: 2, chains: vec![chain], ..Default::default() });
    envelope
}

#[test]
fn chains_of_deadlines_are_trees_and_lines() {
    let text = print(Format::Text, &chained(), &Look { charset: Charset::Ascii, ..Look::default() });
    let tree = "HTTP handler shop.(*server).list   main.go:20\n  |- s.orders.Of                main.go:24  inherited\n  `- go SQL: o.db.QueryContext  main.go:31  widened 50ms (main.go:29)\n";
    assert!(text.contains(tree), "{text}");
    let chinese = print(Format::Text, &chained(), &Look { lang: Lang::ZhCn, ..Look::default() });
    assert!(chinese.contains("HTTP 处理函数 shop") && chinese.contains("放宽 50ms"), "{chinese}");
    let lines = print(Format::Concise, &chained(), &Look::default());
    let line = "main.go:31: SQL HTTP handler shop.(*server).list -> s.orders.Of (inherited) -> o.db.QueryContext (widened 50ms (main.go:29))\n";
    assert!(lines.starts_with(line), "{lines}");
    let json = print(Format::Json, &chained(), &Look::default());
    let back: Envelope = serde_json::from_str(&json).expect("an envelope");
    assert_eq!(back.lint, chained().lint);
}
