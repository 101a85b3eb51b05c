//! Measures the store: bytes and CPU a sample, how long appending and tending take, queries. Run by `cargo xtask bench store`; prints rows of
//! tables.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

mod fleet;

use std::path::Path;
use std::time::{Duration, Instant};

use fleet::{KEYS, Random, Service};
use herd_model::Place;
use herd_store::{
    FamilyCount, Fold, GrowthBy, GrowthQuery, History, InstanceId, LabelMatch, Limits, Row, SeriesQuery, Store, StoreError, Tick,
};
use nix::time::ClockId;

const STEP_MS: i64 = 5000;
const SERIES: i64 = 48;
const START_MS: i64 = 1_790_100_000_000;

fn main() -> Result<(), StoreError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: i64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let folder = std::env::temp_dir().join(format!("goherd-bench-store-{}", std::process::id()));
    let done = samples(&folder, number(0, 2000), number(1, 720)).and_then(|()| families(&folder, number(2, 1000)));
    std::fs::remove_dir_all(&folder).map_err(|source| StoreError::Io { path: folder, source })?;
    done
}

/// A fleet for a while.
fn samples(folder: &Path, instances: i64, ticks: i64) -> Result<(), StoreError> {
    let mut store = Store::open(folder, &Limits::default())?;
    let layout = store.layout(&KEYS)?;
    let ids = named(&mut store, instances)?;
    let mut services: Vec<Service> = (0..instances.unsigned_abs()).map(Service::new).collect();
    let mut pages = vec![Vec::new(); ids.len()];
    let (mut spent, mut slowest, mut slowest_tend, mut slices) = (0.0, Duration::ZERO, Duration::ZERO, 0);
    let (mut appending, mut bytes) = (0.0, 0);
    let mut jitter = Random(7);
    for tick in 0..ticks {
        let at_ms = START_MS + tick * STEP_MS;
        for (service, page) in services.iter_mut().zip(&mut pages) {
            service.page(at_ms as f64 / 1000.0, STEP_MS as f64 / 1000.0, page);
        }
        let rows: Vec<Row<'_>> = ids
            .iter()
            .zip(&pages)
            .zip(0..)
            .map(|((instance, values), at)| {
                let offset_ms = at * STEP_MS / instances + (jitter.next() % 4).cast_signed();
                Row { instance: *instance, layout, offset_ms, values }
            })
            .collect();
        let before = cpu();
        let started = Instant::now();
        bytes += store.append(&Tick { at_ms, rows: &rows })?.bytes;
        slowest = slowest.max(started.elapsed());
        let appended = cpu();
        appending += appended - before;
        let mut more = true;
        while more {
            let started = Instant::now();
            let tended = store.tend(at_ms, Duration::ZERO)?;
            slowest_tend = slowest_tend.max(started.elapsed());
            slices += tended.sealed;
            more = tended.more;
        }
        spent += cpu() - before;
    }
    let before = cpu();
    store.seal_all()?;
    while store.tend(START_MS + ticks * STEP_MS, Duration::from_secs(1))?.more {}
    spent += cpu() - before;
    drop(store);
    let count = instances * ticks * SERIES;
    let history = History::open(folder)?;
    let size = history.size()?;
    let (file, used) = (size.file_bytes, size.file_bytes - size.free_bytes);
    println!("samples\t{instances}\t{ticks}\t{count}");
    println!("bytes a sample in the file\t{:.3}\t({file} bytes)", file as f64 / count as f64);
    println!("bytes a sample in pages used\t{:.3}\t({used} bytes)", used as f64 / count as f64);
    println!("bytes a sample before sealing\t{:.3}", bytes as f64 / count as f64);
    println!("CPU µs a sample, all\t{:.4}", spent * 1e6 / count as f64);
    println!("CPU µs a sample, appending\t{:.4}", appending * 1e6 / count as f64);
    println!("longest append ms\t{:.1}", slowest.as_secs_f64() * 1e3);
    println!("longest slice ms\t{:.1}\t({slices} stretches sealed)", slowest_tend.as_secs_f64() * 1e3);
    println!("peak RSS MB\t{:.0}", peak_mb());
    let all = |keys: &[&str], labels: Vec<LabelMatch>, step_ms| SeriesQuery {
        labels,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        from_ms: START_MS,
        to_ms: i64::MAX,
        step_ms,
        fold: Fold::Mean,
    };
    let one = vec![LabelMatch::Equal("instance".to_owned(), "10.0.0.7:9100".to_owned())];
    timed("one series of one instance, all of the time", || history.series(&all(&["go_goroutines"], one.clone(), 0)))?;
    timed("all series of one instance, all of the time", || history.series(&all(&[], one.clone(), 0)))?;
    timed("one series of all instances, by minutes", || history.series(&all(&["go_goroutines"], Vec::new(), 60_000)))?;
    Ok(())
}

/// Families of goroutines: so many services of 30 stacks, a million counts in an hour.
fn families(folder: &Path, services: i64) -> Result<(), StoreError> {
    const STACKS: u32 = 30;
    let profiles = 1_000_000 / (services * i64::from(STACKS));
    let folder = folder.join("families");
    let mut store = Store::open(&folder, &Limits::default())?;
    let ids = named(&mut store, services)?;
    let stacks: Result<Vec<_>, _> = (0..STACKS)
        .map(|at| {
            let frame = |func: String, line| Place { func, file: "/src/pay/stream.go".to_owned(), line };
            store.stack(&[frame("runtime.gopark".to_owned(), 402), frame(format!("pay.(*Client).call{at}"), 7 + at)])
        })
        .collect();
    let stacks = stacks?;
    let mut random = Random(11);
    let before = cpu();
    for profile in 0..profiles {
        let at_ms = START_MS + profile * 3_600_000 / profiles;
        store.together(|store| {
            for (at, id) in ids.iter().enumerate() {
                let counts: Vec<_> = stacks
                    .iter()
                    .zip(0u64..)
                    .map(|(stack, number)| {
                        let leak = if at % 50 == 3 && number == 4 { profile.unsigned_abs() * 40 } else { 0 };
                        FamilyCount { stack: *stack, state: "select", count: 5 + number * 3 + random.next() % 6 + leak }
                    })
                    .collect();
                store.append_families(at_ms, *id, &counts)?;
            }
            Ok::<_, StoreError>(())
        })?;
    }
    let count = profiles * services * i64::from(STACKS);
    println!("family counts\t{count}");
    println!("CPU µs a count, appending\t{:.3}", (cpu() - before) * 1e6 / count as f64);
    let query =
        |by| GrowthQuery { labels: Vec::new(), stack: None, from_ms: START_MS, to_ms: START_MS + 3_600_000, by, limit: 20 };
    let service = || "service".to_owned();
    let history = store.history()?;
    timed("top growing, not sealed", || history.top_growing(&query(GrowthBy::LabelAndStack(service()))))?;
    let before = cpu();
    store.seal_all()?;
    println!("CPU µs a count, sealing\t{:.3}", (cpu() - before) * 1e6 / count as f64);
    while store.tend(START_MS, Duration::from_secs(1))?.more {}
    drop(history);
    drop(store);
    let history = History::open(&folder)?;
    let size = history.size()?;
    let used = size.file_bytes - size.free_bytes;
    println!("bytes a count in pages used\t{:.2}\t({used} bytes)", used as f64 / count as f64);
    timed("top growing by service and stack", || history.top_growing(&query(GrowthBy::LabelAndStack(service()))))?;
    timed("top growing by stack", || history.top_growing(&query(GrowthBy::Stack)))?;
    timed("rates by service", || history.top_growing(&query(GrowthBy::Label(service()))))?;
    Ok(())
}

fn named(store: &mut Store, instances: i64) -> Result<Vec<InstanceId>, StoreError> {
    store.together(|store| {
        (0..instances)
            .map(|at| {
                let name = format!("10.0.{}.{}:9100", at / 250, at % 250);
                let service = format!("service-{}", at / 10);
                let labels = [("job", "go"), ("env", "prod"), ("team", "pay"), ("service", &service), ("instance", &name)];
                store.instance(&labels)
            })
            .collect()
    })
}

/// The middle of five runs.
fn timed<T>(what: &str, mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut runs = Vec::new();
    let mut last = work()?;
    for _ in 0..5 {
        let (started, before) = (Instant::now(), cpu());
        last = work()?;
        runs.push((started.elapsed(), cpu() - before));
    }
    runs.sort_by_key(|run| run.0);
    let (wall, cpu) = runs[runs.len() / 2];
    println!("{what}\t{:.2} ms\t(CPU {:.2} ms)", wall.as_secs_f64() * 1e3, cpu * 1e3);
    Ok(last)
}

/// CPU seconds of this thread so far, in the system and outside.
fn cpu() -> f64 {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    nix::time::clock_gettime(clock).map_or(0.0, |time| Duration::from(time).as_secs_f64())
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|text| text.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
