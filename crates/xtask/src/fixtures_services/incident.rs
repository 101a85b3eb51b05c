//! The demo's incident: an order service that starts to leak when a release is turned on, watched for a minute.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

use super::{marks, stamp, target, write_recording};
use crate::docs::root;

const NAME: &str = "orders-leak";
const STEP: Duration = Duration::from_secs(5);
const SNAPSHOTS: u32 = 17;
const RELEASE_AFTER_S: u32 = 12;
const FILE_BYTES_MAX: usize = 200_000;

/// `index.json`: what was recorded when, and the marked lines that are the truth.
#[derive(Serialize)]
struct Index {
    name: &'static str,
    service: &'static str,
    go_version: String,
    release_after_s: u32,
    every_s: u64,
    truth: Vec<Truth>,
    snapshots: Vec<Shot>,
}

#[derive(Serialize)]
struct Truth {
    id: String,
    at: String,
    started_by: String,
}

#[derive(Serialize)]
struct Shot {
    at: String,
    offset_s: f64,
    goroutines: u64,
    debug0: String,
    debug1: String,
    debug2: String,
}

pub fn record(go: &str) -> anyhow::Result<()> {
    let module = root().join("testbed/incident");
    let work = tempfile::tempdir()?;
    let build = |package| target::build(go, &module, package, None, work.path());
    let (orders, pricing, customers) = (build("./cmd/orders")?, build("./cmd/pricing")?, build("./cmd/customers")?);
    let truth = marks::read(&module)?;

    let pricing = target::start("pricing", &pricing, &[], work.path())?;
    let data = work.path().to_str().context("a readable scratch folder")?;
    let release = format!("{RELEASE_AFTER_S}s");
    let stream = format!("http://{}/stream", pricing.address);
    let orders =
        target::start("orders", &orders, &["-pricing", &stream, "-data", data, "-release-after", &release], work.path())?;
    let url = format!("http://{}", orders.address);
    let _customers = target::start_silent("customers", &customers, &["-url", &url])?;

    // The first second is the customers' arrival.
    let start = Instant::now();
    sleep(Duration::from_secs(1));
    let mut shots = Vec::new();
    let mut last = Vec::new();
    for number in 0..SNAPSHOTS {
        sleep((STEP * number + Duration::from_secs(1)).saturating_sub(start.elapsed()));
        let (shot, debug2) = shoot(&orders, number, start)?;
        anstream::println!("{:>5.1} s  {} goroutines", shot.offset_s, shot.goroutines);
        shots.push(shot);
        last = debug2;
    }
    marks::check(NAME, &truth, &last)?;
    write_index(go, &truth, shots)
}

fn shoot(orders: &target::Target, number: u32, start: Instant) -> anyhow::Result<(Shot, Vec<u8>)> {
    let folder = root().join("fixtures/incident").join(NAME);
    let at = stamp()?;
    let offset_s = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let mut names = Vec::new();
    let mut texts = Vec::new();
    for (level, extension) in [(0, "pb"), (1, "txt"), (2, "txt")] {
        let bytes = target::fetch(orders, &format!("/debug/pprof/goroutine?debug={level}"))?;
        let name = format!("{number:03}.debug{level}.{extension}.zst");
        write_recording(&folder.join(&name), &bytes, FILE_BYTES_MAX)?;
        names.push(name);
        texts.push(bytes);
    }
    let goroutines = target::stated_total(&texts[1])?;
    let [debug0, debug1, debug2] = names.try_into().expect("three levels were fetched");
    let shot = Shot { at, offset_s, goroutines, debug0, debug1, debug2 };
    Ok((shot, texts.swap_remove(2)))
}

fn write_index(go: &str, marks: &[marks::Mark], snapshots: Vec<Shot>) -> anyhow::Result<()> {
    let place = |word: &str, id: &str| {
        let mark = marks.iter().find(|mark| mark.word == word && mark.id == id);
        mark.map(|mark| mark.place.clone()).with_context(|| format!("no mark {word} {id}"))
    };
    let mut ids: Vec<_> = marks.iter().map(|mark| mark.id.clone()).collect();
    ids.sort();
    ids.dedup();
    let truth = ids
        .into_iter()
        .map(|id| Ok(Truth { at: place("want", &id)?, started_by: place("from", &id)?, id }))
        .collect::<anyhow::Result<_>>()?;
    let index = Index {
        name: NAME,
        service: "orders",
        go_version: target::go_version(go)?,
        release_after_s: RELEASE_AFTER_S,
        every_s: STEP.as_secs(),
        truth,
        snapshots,
    };
    let path = root().join("fixtures/incident").join(NAME).join("index.json");
    std::fs::write(&path, serde_json::to_string_pretty(&index)? + "\n").with_context(|| format!("write {}", path.display()))
}
