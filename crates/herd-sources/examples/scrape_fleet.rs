//! Asks the services of `testbed/fleet` for a while and tells what that cost: `scrape_fleet COUNT EVERY_MS SECONDS [WORKERS]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for measurements")]

use std::time::{Duration, Instant};

use herd_sources::scrape::{Asked, Outcome, Reach, Scraper, Settings};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|arg| arg.parse().unwrap()).collect();
    let [count, every_ms, seconds] = numbers[..3] else { panic!("scrape_fleet COUNT EVERY_MS SECONDS [WORKERS]") };
    let workers = numbers.get(3).copied().unwrap_or(1) as usize;
    let every = Duration::from_millis(every_ms);
    let (scraper, batches) = Scraper::start(&Settings { workers, ..Settings::default() }).unwrap();
    for number in 0..count {
        let url = format!("http://127.1.{}.{}:9100/metrics", number / 250, number % 250 + 1).parse().unwrap();
        scraper.ask(Asked { id: number as u32, url, every, timeout: every.mul_f64(0.8), auth: None, reach: Reach::Named });
    }
    let (mut pages, mut failed, mut samples, mut late, mut skipped, mut worst) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64, 0);
    let warm = Instant::now() + every * 2;
    let end = warm + Duration::from_secs(seconds);
    let mut began = None;
    while Instant::now() < end {
        let Ok(batch) = batches.recv_timeout(Duration::from_secs(1)) else { continue };
        if Instant::now() < warm {
            continue;
        }
        began.get_or_insert_with(cpu_s);
        for row in batch.rows {
            match row.outcome {
                Outcome::Page { values, .. } => (pages, samples) = (pages + 1, samples + values.len() as u64),
                Outcome::Failed(error) => {
                    failed += 1;
                    if failed < 5 {
                        println!("{error}");
                    }
                }
            }
            late += u64::from(row.late_ms > 250);
            skipped += u64::from(row.skipped);
            worst = worst.max(row.late_ms);
        }
    }
    let cpu = cpu_s() - began.unwrap_or_default();
    println!(
        "pages {pages} failed {failed} samples {samples} late {late} skipped {skipped} latest {worst} ms; CPU {cpu:.2} s, {:.1} ms per \
         1,000; resident {} kB",
        cpu * 1e6 / pages as f64,
        status("VmRSS:")
    );
    scraper.stop();
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
