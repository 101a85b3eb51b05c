//! Tables of measurements as targets: flags, fetching, reading, and what the answer says of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use herd_formats::measurements::{Columns, Document, MEASURES, Measure, Prefer, Table, read};
use herd_model::{Envelope, Target as Looked};
use herd_sources::Target;

use crate::collect::{self, CollectArgs};
use crate::error::ExpectedError;

/// Flags of every command that reads tables.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading tables")]
pub struct TableArgs {
    /// Which column is what, such as memory=rss_mb,latency=p99; by the header's words otherwise
    #[arg(long, value_name = "MEASURE=COLUMN", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// The most one request may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// Basic authentication
    #[arg(long, value_name = "USER:PASSWORD")]
    pub user: Option<String>,
    /// Environment variable that holds a bearer token
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub bearer_env: Option<String>,
    /// Header sent with every request; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Certificates to trust besides the system's, PEM
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long)]
    pub insecure: bool,
    /// Proxy for every target; HTTP_PROXY, HTTPS_PROXY and NO_PROXY by default
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
}

/// Reads targets into one table; the envelope gets its targets and notes.
pub fn table(
    targets: &[String],
    args: &TableArgs,
    prefer: Prefer,
    required: &[Measure],
    envelope: &mut Envelope,
) -> Result<Table, ExpectedError> {
    let columns = Columns { told: told(&args.columns)?, prefer, required: required.to_vec() };
    let options = collect::options(&collecting(args))?;
    let mut documents = Vec::new();
    for target in targets {
        let target = Target::parse(target)?;
        let document = herd_sources::document(&target, &options, collect::cancel_flag())?;
        envelope.targets.push(Looked {
            kind: document.kind,
            name: document.name.clone(),
            go_version: None,
            witnesses: Vec::new(),
            bytes: document.read,
            looked_s: document.kind.is_live().then_some(document.seconds),
            cost: None,
        });
        documents.push(document);
    }
    let texts: Vec<Document<'_>> =
        documents.iter().map(|document| Document { name: &document.name, bytes: &document.bytes }).collect();
    let mut table = read(&texts, &columns)?;
    envelope.notes.append(&mut table.notes);
    Ok(table)
}

fn told(words: &[String]) -> Result<Vec<(Measure, String)>, ExpectedError> {
    let one = |word: &String| {
        let pair = word.split_once('=').and_then(|(measure, column)| Some((Measure::of(measure.trim())?, column.to_owned())));
        pair.ok_or_else(|| ExpectedError::Option {
            option: "--columns",
            why: format!("`{word}` is no MEASURE=COLUMN"),
            next: format!("The measures are {}.", MEASURES.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")),
        })
    };
    words.iter().map(one).collect()
}

fn collecting(args: &TableArgs) -> CollectArgs {
    CollectArgs {
        prove: false,
        stop_budget: None,
        allow_stw: false,
        max_goroutines: 0,
        timeout: args.timeout,
        user: args.user.clone(),
        bearer: None,
        bearer_env: args.bearer_env.clone(),
        header: args.header.clone(),
        cacert: args.cacert.clone(),
        insecure: args.insecure,
        proxy: args.proxy.clone(),
        prefix: None,
    }
}

/// A count such as `200000`, `200k` or `1.5M`, above zero.
pub fn count(text: &str) -> Result<f64, String> {
    with_unit(text, &[("k", 1e3), ("m", 1e6), ("", 1.0)]).ok_or_else(|| "it is a number above 0, such as 200k".to_owned())
}

/// Bytes such as `4GiB`, `512MB` or `1073741824`, above zero.
pub fn size(text: &str) -> Result<f64, String> {
    const UNITS: &[(&str, f64)] = &[
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
        ("tib", 1_099_511_627_776.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("tb", 1e12),
        ("b", 1.0),
        ("", 1.0),
    ];
    with_unit(text, UNITS).ok_or_else(|| "it is a size above 0, such as 4GiB".to_owned())
}

/// A share of 1 given in per cent, above 0 and below 100.
pub fn per_cent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>().ok();
    let share = number.map(|number| number / 100.0).filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "it is a number of per cent above 0 and below 100, such as 99.5".to_owned())
}

/// A level of a test, above 0 and below 0.5.
pub fn level(text: &str) -> Result<f64, String> {
    let level = text.parse::<f64>().ok().filter(|level| *level > 0.0 && *level < 0.5);
    level.ok_or_else(|| "it is a number above 0 and below 0.5, such as 0.05".to_owned())
}

/// A time such as `30ms`, above zero.
pub fn time_above_zero(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("it is a time above 0, such as 30ms".to_owned()) } else { Ok(time) }
}

fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let of = |(unit, factor): &(&str, f64)| text.strip_suffix(unit)?.trim_end().parse::<f64>().ok().map(|value| value * factor);
    units.iter().find_map(of).filter(|value| value.is_finite() && *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_people_write_them() {
        assert_eq!(["200000", "200k", "0.2M"].map(|text| count(text).ok()), [Some(200_000.0); 3]);
        assert_eq!(["4GiB", "4096 MiB", "4294967296", "4294967296B"].map(|text| size(text).ok()), [Some(4_294_967_296.0); 4]);
        assert_eq!(["99.5", "99.5 %", "99.5%"].map(|text| per_cent(text).ok()), [Some(0.995); 3]);
        for text in ["", "x", "-1", "0", "inf", "nan", "4 apples"] {
            assert!(count(text).is_err() && size(text).is_err() && per_cent(text).is_err() && level(text).is_err(), "{text}");
        }
    }
}
