//! Asks the services of `testbed/fleet`, stores every sample, and tells what that cost: `ask_fleet FOLDER COUNT EVERY_MS SECONDS [WORKERS]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for measurements")]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_analysis::course::Rules;
use herd_config::{Targets, Watch};
use herd_sources::scrape::{Keep, Scraper, Settings};
use herd_store::{Limits, Store};
use herd_watch::fleet::Fleet;
use herd_watch::targets::Finder;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, every_ms, seconds] = &args[..4] else { panic!("ask_fleet FOLDER COUNT EVERY_MS SECONDS [WORKERS]") };
    let workers = args.get(4).map_or(1, |workers| workers.parse().unwrap());
    let (count, seconds): (u64, u64) = (count.parse().unwrap(), seconds.parse().unwrap());
    let every = Duration::from_millis(every_ms.parse().unwrap());
    let addresses: Vec<String> =
        (0..count).map(|number| format!("\"127.1.{}.{}:9100\"", number / 250, number % 250 + 1)).collect();
    let text = format!("[[static]]\naddresses = [{}]\nlabels = {{ service = \"shop\" }}\n", addresses.join(","));
    let targets: Targets = toml::from_str(&text).unwrap();
    let mut targets = Finder::new(&targets, &Watch::default(), Path::new(".")).unwrap().find(Instant::now()).0;
    let store = Store::open(Path::new(folder), &Limits::default()).unwrap();
    let mut fleet = Fleet::new(store, Rules::default(), every);
    fleet.follow(&targets);
    let (scraper, batches) = Scraper::start(&Settings { workers, keep: Keep::All, ..Settings::default() }).unwrap();
    for target in &mut targets {
        (target.asked.every, target.asked.timeout) = (every, every.mul_f64(0.8));
        scraper.ask(target.asked.clone());
    }
    let warm = Instant::now() + every * 4;
    let end = warm + Duration::from_secs(seconds);
    let mut began = None;
    let mut longest = Duration::ZERO;
    while Instant::now() < end {
        if began.is_none() && Instant::now() >= warm {
            began = Some((cpu_s(), fleet.counters.clone()));
        }
        let Ok(batch) = batches.recv_timeout(Duration::from_secs(1)) else { continue };
        let started = Instant::now();
        fleet.take(&batch);
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        fleet.tend(now_ms, Duration::from_millis(50)).unwrap();
        longest = longest.max(started.elapsed());
    }
    let (before, counted) = began.unwrap();
    let cpu = cpu_s() - before;
    let (pages, samples) = (fleet.counters.pages - counted.pages, fleet.counters.samples - counted.samples);
    println!(
        "pages {pages} samples {samples} failed {:?} late {} skipped {} unstored {}; CPU {cpu:.2} s, {:.1} ms per 1,000 pages; resident \
         {} kB; longest turn {longest:.0?}",
        fleet.counters.failures,
        fleet.counters.late - counted.late,
        fleet.counters.skipped - counted.skipped,
        fleet.counters.unstored,
        cpu * 1e6 / pages as f64,
        status("VmRSS:")
    );
    scraper.stop();
    let (mut store, counters) = fleet.finish();
    store.seal_all().unwrap();
    let size = store.reader().size().unwrap();
    println!(
        "{} samples, file {} bytes, {:.2} a sample",
        counters.samples,
        size.file_bytes,
        size.file_bytes as f64 / counters.samples as f64
    );
}

fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn status(key: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace().nth(1).unwrap().to_owned()
}
