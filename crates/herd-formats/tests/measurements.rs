//! Tables of measurements in every form, whole, damaged and cut.

use herd_formats::measurements::{Columns, Document, Measure, MeasurementsError, Prefer, Table, read};
use herd_model::NoteKind;

const LOAD: &str = include_str!("../../../fixtures/measurements/load.csv");

fn columns(prefer: Prefer) -> Columns {
    Columns { told: Vec::new(), prefer, required: Vec::new() }
}

fn table(text: &str) -> Result<Table, MeasurementsError> {
    read(&[Document { name: "a.csv", bytes: text.as_bytes() }], &columns(Prefer::P99))
}

#[track_caller]
fn check(text: &str, message: &str) {
    assert_eq!(table(text).map(|table| table.rows).map_err(|error| error.to_string()), Err(message.to_owned()));
}

#[test]
fn a_load_test_is_read_with_its_units() {
    let table = table(LOAD).expect("it is read");
    assert_eq!(table.rows.len(), 40);
    assert_eq!(table.measures.len(), 4);
    let row = table.rows[0];
    assert_eq!((row.goroutines, row.memory_bytes), (Some(2500.0), Some(5.79 * 1_048_576.0)));
    assert_eq!((row.qps, row.latency_ms, row.time_s), (Some(4827.6), Some(517.86), None));
    assert!(table.notes.is_empty(), "{:?}", table.notes);
}

#[test]
fn other_spellings_of_the_same_table() {
    let rows = table(LOAD).expect("it is read").rows;
    let same = |text: &str| assert_eq!(table(text).expect("it is read").rows, rows, "{}", &text[..60]);
    same(&LOAD.replace(',', ";"));
    same(&LOAD.replace(',', "\t"));
    same(&LOAD.replace('\n', "\r\n"));
    same(&format!("\u{feff}# made by a load test\n\n{LOAD}"));
    let (head, body) = LOAD.split_once('\n').expect("lines");
    let keys: Vec<&str> = head.split(',').collect();
    let object = |line: &str| {
        let fields: Vec<String> = keys.iter().zip(line.split(',')).map(|(key, cell)| format!("\"{key}\":{cell}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let objects: Vec<String> = body.lines().map(object).collect();
    same(&objects.join("\n"));
    same(&format!("[{}]", objects.join(",\n")));
}

#[test]
fn series_of_prometheus_are_joined_by_time_and_labels() {
    let answer =
        |series: &str| format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{series}]}}}}");
    let goroutines = answer(
        r#"{"metric":{"__name__":"go_goroutines","pod":"a"},"values":[[1763700000,"10"],[1763700060.5,"20"]]},
           {"metric":{"__name__":"go_goroutines","pod":"b"},"values":[[1763700000,"11"]]}"#,
    );
    let memory = answer(
        r#"{"metric":{"pod":"a"},"values":[[1763700000,"1048576"],[1763700060.5,"NaN"]]},
           {"metric":{"pod":"b"},"values":[[1763700000,"2e6"]]}"#,
    );
    let documents = [
        Document { name: "g.json", bytes: goroutines.as_bytes() },
        Document { name: "load/p99_memory.json", bytes: memory.as_bytes() },
    ];
    let rows = read(&documents, &columns(Prefer::P99)).expect("it is read").rows;
    let found: Vec<_> = rows.iter().map(|row| (row.time_s, row.goroutines, row.memory_bytes)).collect();
    let start = Some(1_763_700_000.0);
    assert_eq!(
        found,
        [(start, Some(10.0), Some(1_048_576.0)), (start, Some(11.0), Some(2e6)), (Some(1_763_700_060.5), Some(20.0), None)]
    );
    check(
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
        "a.csv: Prometheus answers a vector, not a matrix: ask /api/v1/query_range",
    );
    check(&answer(""), "a.csv: Prometheus answers no series: the query matches nothing in this time");
    check(
        r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
        "a.csv: Prometheus answers an error: parse error",
    );
}

#[test]
fn requests_windows_and_rates_become_failures() {
    let failures = |text: &str| -> Vec<(Option<f64>, Option<f64>)> {
        // 200 × (1 − 0.99) is 2 but for the last digit.
        let whole = |failures: f64| (failures * 1e9).round() / 1e9;
        table(text).expect("it is read").rows.iter().map(|row| (row.requests, row.failures.map(whole))).collect()
    };
    assert_eq!(failures("status,latency_ms\n200,1\n503,2\n404,3\n"), [(1, 0), (1, 1), (1, 0)].map(some));
    assert_eq!(failures("ok\ntrue\nfalse\n1\n"), [(1, 0), (1, 1), (1, 0)].map(some));
    assert_eq!(failures("requests,success_rate\n200,0.99\n100,1\n"), [(200, 2), (100, 0)].map(some));
    assert_eq!(failures("requests,error rate\n200,1.5\n200,0.5\n"), [(200, 3), (200, 1)].map(some));
    assert_eq!(failures("count;errors\n200;3\n"), [(200, 3)].map(some));
}

fn some((requests, failures): (u32, u32)) -> (Option<f64>, Option<f64>) {
    (Some(f64::from(requests)), Some(f64::from(failures)))
}

#[test]
fn what_cannot_be_used_is_named_with_line_and_column() {
    check("", "a.csv: it is empty");
    check(
        "a,b\n1,2\n",
        "a.csv: line 1: no column of it is known (time, goroutines, memory, qps, latency, gc_pause, requests, failures, success_rate, failure_rate, status, ok); its first line is the header",
    );
    check("goroutines,rss,heap\n1,2,3\n", "a.csv: line 1: several columns could be `memory`: rss, heap");
    check("goroutines,rss\n1,2 MB\n", "a.csv: line 2, column `rss`: `2 MB` is no number, and no other row can be read");
    check("goroutines,rss\n", "a.csv: it has columns and no row with a figure");
    let required = Columns { required: vec![Measure::Memory], ..columns(Prefer::P99) };
    let error = read(&[Document { name: "a.csv", bytes: b"# by hand\ngoroutines,cpu\n1,2\n" }], &required).err();
    assert_eq!(
        error.map(|error| error.to_string()).as_deref(),
        Some("a.csv: line 2: no column is `memory`; there are: goroutines, cpu")
    );
    let told = Columns { told: vec![(Measure::Memory, "swap".into())], ..columns(Prefer::P99) };
    let error = read(&[Document { name: "a.csv", bytes: b"goroutines,cpu\n1,2\n" }], &told).err();
    assert_eq!(
        error.map(|error| error.to_string()).as_deref(),
        Some("a.csv: line 1: there is no column `swap`; there are: goroutines, cpu")
    );
}

#[test]
fn a_row_that_is_no_number_is_left_out_and_noted() {
    let text = LOAD.replacen("14.43", "n/a", 1).replacen("28.23", "many", 1);
    let table = table(&text).expect("it is read");
    assert_eq!(table.rows.len(), 39);
    assert_eq!(table.rows[1].memory_bytes, None, "nothing was measured there, which is no error");
    let notes: Vec<(NoteKind, Option<u64>, &str)> =
        table.notes.iter().map(|note| (note.kind, note.offset, note.text.as_str())).collect();
    let offset = text.lines().take(3).map(|line| line.len() as u64 + 1).sum();
    let said = "a.csv: line 4, column `p99_memory_mib`: `many` is no number; the row is left out";
    assert_eq!(notes, [(NoteKind::Malformed, Some(offset), said)]);
}

#[test]
fn the_column_that_fits_the_question_is_taken() {
    let text = b"latency_p50_ms,latency_p99_ms,latency_mean_ms\n1,9,2\n";
    let latency = |prefer| {
        let table = read(&[Document { name: "a.csv", bytes: text }], &columns(prefer)).expect("it is read");
        table.rows[0].latency_ms
    };
    assert_eq!((latency(Prefer::P99), latency(Prefer::Mean)), (Some(9.0), Some(2.0)));
}

#[test]
fn times_as_tables_write_them() {
    for time in ["2026-11-21T11:02:03Z", "2026-11-21 11:02:03", "2026-11-21T12:02:03+01:00", "1795258923", "1795258923000"] {
        let table = table(&format!("time,goroutines\n{time},7\n")).expect("it is read");
        assert_eq!(table.rows[0].time_s, Some(1_795_258_923.0), "{time}");
    }
    let table = table("time,goroutines\nnoon,7\n").expect("it is read");
    assert_eq!((table.rows[0].time_s, table.rows[0].goroutines), (None, Some(7.0)));
    assert_eq!(table.notes[0].text, "1 rows have a time that cannot be read");
}

#[test]
fn cut_and_damaged_anywhere_it_ends_in_an_answer() {
    let quoted = "time,\"p99 memory, MiB\",goroutines\n2026-11-21T11:02:03Z,\"1\"\"2\",3\n";
    let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"go_goroutines"},"values":[[1,"2"]]}]}}"#;
    for text in [&LOAD[..400], quoted, answer, "{\"goroutines\":1,\"rss\":null}\n[1]\n", "[{\"c\":1},{\"c\":\"x\"}]"] {
        for end in 0..=text.len() {
            let _ = table(&text[..end]);
            let mut bytes = text.as_bytes().to_vec();
            bytes.insert(end, 0xff);
            let _ = read(&[Document { name: "a", bytes: &bytes }], &columns(Prefer::Mean));
        }
    }
}
