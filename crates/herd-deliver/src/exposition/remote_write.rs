//! Prometheus remote write 1.0: samples as protobuf in a block of snappy.
//!
//! The messages are few and fixed (`prompb/remote.proto` and `types.proto` of Prometheus): `WriteRequest{1: TimeSeries}`,
//! `TimeSeries{1: Label, 2: Sample}`, `Label{1: name, 2: value}`, `Sample{1: double value, 2: int64 ms}`.

use std::collections::BTreeMap;

use crate::DeliverError;
use crate::clock::At;
use crate::exposition::{Family, fit_name};
use crate::post::unusable;

/// The values of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Labels with the metric's name as `__name__`, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Values and their times.
    pub samples: Vec<(f64, At)>,
}

/// The bodies of the requests that write samples, so many series each.
pub fn write_requests(families: &[Family], now: At, series_max: usize) -> Result<Vec<Vec<u8>>, DeliverError> {
    let mut all: BTreeMap<Vec<(String, String)>, Series> = BTreeMap::new();
    for family in families {
        for sample in &family.samples {
            let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
            let mut labels: BTreeMap<String, String> =
                labels.map(|(name, value)| (fit_name(name, false), value.clone())).collect();
            labels.insert("__name__".to_owned(), fit_name(&family.name, true));
            let labels: Vec<(String, String)> = labels.into_iter().collect();
            let series = all.entry(labels.clone()).or_insert(Series { labels, samples: Vec::new() });
            series.samples.push((sample.value, sample.at.unwrap_or(now)));
        }
    }
    let all: Vec<Series> = all.into_values().collect();
    all.chunks(series_max.max(1)).map(|part| snappy(&encode_write_request(part))).collect()
}

/// A `WriteRequest`, not compressed; values in the order of their times.
pub fn encode_write_request(series: &[Series]) -> Vec<u8> {
    let mut request = Vec::new();
    for Series { labels, samples } in series {
        let mut one = Vec::new();
        for (name, value) in labels {
            let mut label = Vec::new();
            field(&mut label, 1, name.as_bytes());
            field(&mut label, 2, value.as_bytes());
            field(&mut one, 1, &label);
        }
        let mut samples = samples.clone();
        samples.sort_by_key(|(_, at)| *at);
        for (value, at) in samples {
            let mut sample = vec![1 << 3 | 1];
            sample.extend(value.to_le_bytes());
            sample.push(2 << 3);
            varint(&mut sample, at.0);
            field(&mut one, 2, &sample);
        }
        field(&mut request, 1, &one);
    }
    request
}

/// A field of bytes: its number, its length, itself.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn snappy(bytes: &[u8]) -> Result<Vec<u8>, DeliverError> {
    snap::raw::Encoder::new().compress_vec(bytes).map_err(|error| unusable("body", &error.to_string()))
}
