//! A writer that is killed, one whose disk fills up, and files that are not what they should be. The writers are this program again, called
//! with `child`: it appends ticks and prints a line for each that was acknowledged.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    reason = "a program of tests that tells what it did"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use herd_model::Place;
use herd_store::{FamilyCount, History, Limits, NewEvidence, Row, Store, StoreError, Tick};

/// Kills in the tests; `GOHERD_STORE_KILLS` has more for long runs.
const KILLS: u32 = 5;
const INSTANCES: u64 = 40;
const STEP_MS: i64 = 5000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, folder, from] = arguments.as_slice()
        && mode == "child"
    {
        return appends(Path::new(folder), from.parse().expect("a number of a tick"));
    }
    killed_while_it_appends();
    a_disk_that_fills_loses_nothing_acknowledged();
    a_file_limit_is_lived_with();
    files_that_are_no_store_are_told();
    println!("4 tests of crashes passed");
}

fn limits() -> Limits {
    Limits { seal_ticks: 12, raw_for: Duration::from_hours(1), clock_doubt: Duration::ZERO, ..Limits::default() }
}

/// The values of an instance at a tick.
fn values(instance: u64, tick: i64) -> [f64; 6] {
    let tick = tick as f64;
    let at = instance as f64;
    [tick * 3.0 + at, 17.0, (tick * 7.0 + at) % 13.0, (tick + at) / 100.0, (tick * at).sin(), f64::NAN]
}

/// The writer: a tick, its families, evidence and cursor as one, until something stops it.
fn appends(folder: &Path, from: i64) {
    let mut store = Store::open(folder, &limits()).expect("open");
    let keys = ["a", "b", "c", "d", "e", "f"];
    let mut out = std::io::stdout();
    for tick in from.. {
        let appended = store.together(|store| {
            let layout = store.layout(&keys)?;
            let ids: Result<Vec<_>, _> = (0..INSTANCES).map(|at| store.instance(&[("instance", &at.to_string())])).collect();
            let ids = ids?;
            let values: Vec<_> = (0..INSTANCES).map(|at| values(at, tick)).collect();
            let rows: Vec<_> = ids
                .iter()
                .zip(&values)
                .map(|(instance, values)| Row { instance: *instance, layout, offset_ms: 1, values })
                .collect();
            store.append(&Tick { at_ms: tick * STEP_MS, rows: &rows })?;
            let frame = Place { func: format!("work{}", tick % 50), file: "w.go".to_owned(), line: 3 };
            let stack = store.stack(&[frame])?;
            let count = FamilyCount { stack, state: "select", count: tick.unsigned_abs() };
            let first = ids.first().copied().ok_or(StoreError::Refused { what: "no instance".to_owned() })?;
            store.append_families(tick * STEP_MS, first, &[count])?;
            if tick % 10 == 0 {
                let body = tick.to_le_bytes().repeat(500);
                store.add_evidence(&NewEvidence {
                    kind: "x",
                    instance: None,
                    at_ms: tick * STEP_MS,
                    finding: None,
                    body: &body,
                })?;
            }
            store.set_state("tick", &tick)
        });
        match appended {
            Ok(()) => writeln!(out, "ok {tick}"),
            Err(StoreError::Full { .. }) => return drop(writeln!(out, "full {tick}")),
            Err(error) => return drop(writeln!(out, "error {error}")),
        }
        .expect("the reader is there");
        // Not tended after every tick: the log and the shards are caught in every state.
        if tick % 3 == 0
            && let Err(error) = store.tend(tick * STEP_MS, Duration::from_millis(20))
        {
            let word = if matches!(error, StoreError::Full { .. }) { "full" } else { "error" };
            return drop(writeln!(out, "{word} {tick} {error}"));
        }
    }
}

/// Checks that all ticks up to one are there, bit for bit, and at most one more; gives the last.
#[track_caller]
fn check(folder: &Path, acknowledged: i64) -> i64 {
    let store = Store::open(folder, &limits()).expect("open after the crash");
    assert_eq!(store.check().expect("check"), [""; 0]);
    let history = store.history().expect("read");
    let last: i64 = history.state("tick").expect("state").unwrap_or(-1);
    assert!(last == acknowledged || last == acknowledged + 1, "{acknowledged} was acknowledged, {last} is there");
    let instances = history.instances(&[]).expect("instances");
    assert_eq!(instances.len() as u64, if last < 0 { 0 } else { INSTANCES });
    for instance in &instances {
        let at: u64 = instance.label("instance").parse().expect("a number");
        let rows = history.rows(instance.id, i64::MIN, i64::MAX).expect("rows");
        // What is older than an hour may be downsampled, an era at a time, and only then be gone.
        let first = rows.first().map_or(0, |row| row.at_ms / STEP_MS);
        assert!(first == 0 || first * STEP_MS % (6 * 3_600_000) == 0, "the first row is of tick {first}");
        assert_eq!(rows.len() as i64, last + 1 - first);
        for (row, tick) in rows.iter().zip(first..) {
            assert_eq!(row.at_ms, tick * STEP_MS + 1);
            assert_eq!(row.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), values(at, tick).map(f64::to_bits));
        }
    }
    if let Some(first) = instances.first() {
        let profiles = history.profiles(first.id, i64::MIN, i64::MAX).expect("profiles");
        assert_eq!(profiles.len() as i64, last + 1);
        assert_eq!(
            profiles.last().and_then(|profile| profile.counts.first()).map(|count| count.2),
            Some(last.unsigned_abs()).filter(|last| *last > 0)
        );
    }
    let evidence = history.evidence(&herd_store::EvidenceFilter::default()).expect("evidence");
    assert_eq!(evidence.len() as i64, (last + 10) / 10);
    last
}

fn child(folder: &Path, from: i64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("child").arg(folder).arg(from.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn killed_while_it_appends() {
    let kills = std::env::var("GOHERD_STORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().expect("a folder");
    let (mut next, mut more) = (0, 0);
    for kill in 0..kills {
        let mut process = child(folder.path(), next).spawn().expect("start the writer");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut acknowledged = next - 1;
        // The kill comes after so many ticks, wherever the writer is by then.
        let enough = next + 7 + i64::from(kill * 13 % 40);
        while let Some(Ok(line)) = lines.next() {
            acknowledged =
                line.strip_prefix("ok ").unwrap_or_else(|| panic!("the writer says {line}")).parse().expect("a number");
            if acknowledged == enough {
                process.kill().expect("kill");
            }
        }
        assert_eq!(process.wait().expect("its end").signal(), Some(9));
        let last = check(folder.path(), acknowledged);
        more += last - acknowledged;
        next = last + 1;
    }
    println!("killed {kills} times over {next} ticks: all acknowledged are there, {more} times one more");
}

/// No file may grow past seven megabytes: writing fails as it does on a full disk.
fn a_disk_that_fills_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut limited = Command::new("sh");
    let this = std::env::current_exe().expect("this program");
    // Without the trap the signal would end the writer before the call fails.
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 14336; exec \"$0\" child \"$1\" 0").arg(this).arg(folder.path());
    let output = limited.output().expect("run the writer");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut acknowledged = -1;
    let mut full = false;
    for line in text.lines() {
        match line.strip_prefix("ok ") {
            Some(tick) => acknowledged = tick.parse().expect("a number"),
            None => full = line.starts_with("full "),
        }
    }
    assert!(full && acknowledged > 10, "{text} {}", String::from_utf8_lossy(&output.stderr));
    let last = check(folder.path(), acknowledged);
    assert_eq!(last, acknowledged, "what failed left nothing");
    // With room again, it goes on.
    let mut process = child(folder.path(), last + 1).spawn().expect("start the writer");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let more: Vec<String> = (0..30).map_while(|_| lines.next()).map(|line| line.expect("a line")).collect();
    process.kill().expect("kill");
    let rest = lines.map_while(Result::ok).count() as i64;
    process.wait().expect("its end");
    assert!(more.len() == 30 && more.iter().all(|line| line.starts_with("ok ")), "{more:?}");
    check(folder.path(), last + 30 + rest);
    println!("filled after tick {acknowledged}, went on with room");
}

/// The file's own limit: appends fail, reading goes on, and retention makes room for more.
fn a_file_limit_is_lived_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = Limits { file_bytes: 1 << 20, seal_ticks: 8, rolled_for: Duration::ZERO, ..limits() };
    let mut store = Store::open(folder.path(), &small).expect("open");
    let instance = store.instance(&[("instance", "a")]).expect("instance");
    let layout = store.layout(&["x", "y"]).expect("layout");
    let append = |store: &mut Store, tick: i64| {
        // Nothing of these values can be left out.
        let values = [(tick as f64).sin(), (tick as f64).cos()];
        store.append(&Tick { at_ms: tick, rows: &[Row { instance, layout, offset_ms: 0, values: &values }] })?;
        let body: Vec<u8> = (0..4000i64).map(|at| ((at * tick).wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
        store.add_evidence(&NewEvidence { kind: "x", instance: None, at_ms: tick, finding: None, body: &body })
    };
    let mut tick = 0;
    let full = loop {
        tick += 1;
        assert!(tick < 10_000, "the file never fills");
        match append(&mut store, tick) {
            Ok(_) => drop(store.tend(tick, Duration::from_secs(1))),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full { .. }), "{full}");
    assert!(full.to_string().contains("there is no room for the store"), "{full}");
    let rows = store.reader().rows(instance, 0, i64::MAX).expect("rows").len() as i64;
    assert!(rows == tick || rows == tick - 1, "{rows} rows of {tick} ticks");
    assert!(matches!(append(&mut store, tick), Err(StoreError::Full { .. })));
    // Everything is too old now; the same call works again.
    while store.tend(100 * 86_400_000, Duration::from_secs(1)).expect("retention works on a full file").more {}
    append(&mut store, 200 * 86_400_000).expect("there is room again");
    assert_eq!(store.check().expect("check"), [""; 0]);
    println!("full after {tick} ticks, room again after retention");
}

fn files_that_are_no_store_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("goherd.db");
    assert!(matches!(History::open(folder.path()), Err(StoreError::Absent { .. })));
    let store = Store::open(folder.path(), &limits()).expect("open");
    let second = Store::open(folder.path(), &limits());
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    drop(store);
    drop(Store::open(&path, &limits()).expect("by its file"));

    let mut bytes = std::fs::read(&path).expect("read");
    // Bytes 60 to 63 of a database are its user_version.
    bytes.splice(60..64, 99u32.to_be_bytes());
    std::fs::write(&path, &bytes).expect("write");
    let newer = Store::open(folder.path(), &limits());
    assert!(matches!(newer, Err(StoreError::Newer { found: 99, .. })), "{newer:?}");
    assert!(matches!(History::open(folder.path()), Err(StoreError::Newer { .. })));

    bytes.splice(60..64, 1u32.to_be_bytes());
    bytes.splice(68..72, 7u32.to_be_bytes());
    std::fs::write(&path, &bytes).expect("write");
    let foreign = Store::open(folder.path(), &limits());
    assert!(matches!(foreign, Err(StoreError::Foreign { .. })), "{foreign:?}");

    std::fs::write(&path, b"these are notes of mine and no database at all, whatever their name says\n".repeat(300))
        .expect("write");
    let damaged = Store::open(folder.path(), &limits());
    assert!(matches!(damaged, Err(StoreError::Damaged { .. })), "{damaged:?}");
    assert!(damaged.err().is_some_and(|error| error.to_string().contains(".recover")));
    assert!(std::fs::read(&path).expect("read").starts_with(b"these are notes"), "nothing is deleted");

    // A page in the middle that is not what it was.
    std::fs::remove_file(&path).expect("remove");
    let mut store = Store::open(folder.path(), &limits()).expect("open");
    let instance = store.instance(&[("instance", "a")]).expect("instance");
    let layout = store.layout(&["x"]).expect("layout");
    for tick in 0..200 {
        store
            .append(&Tick { at_ms: tick, rows: &[Row { instance, layout, offset_ms: 0, values: &[tick as f64] }] })
            .expect("append");
    }
    store.seal_all().expect("seal");
    drop(store);
    let clean = std::fs::read(&path).expect("read");
    let mut told = 0;
    for page in 1..clean.len() / 16384 {
        let mut bytes = clean.clone();
        bytes[page * 16384..page * 16384 + 200].fill(0xa5);
        std::fs::write(&path, &bytes).expect("write");
        let read = Store::open(folder.path(), &limits()).and_then(|store| {
            store.reader().rows(instance, 0, 1000)?;
            store.check()
        });
        told += i32::from(!matches!(read, Ok(said) if said.is_empty()));
    }
    assert!(told >= 20, "{told} damaged pages were told");
    println!("{told} damaged pages told");
}
