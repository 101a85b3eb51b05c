//! How many series a metric may have: what is beyond is one series of its own, so that sums stay right and nobody's memory does not.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::exposition::{Family, Sample};

/// The value of every budgeted label of the series that holds the rest.
pub const OVERFLOW: &str = "__overflow__";

/// How many series a metric may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most series, that of the rest included; at least 1.
    pub series: usize,
    /// Labels whose values are many, such as `endpoint` and `traceID`; the series of the rest keep the others. All labels where it is empty.
    pub labels: Vec<String>,
}

/// A metric with its largest series, those that fit, and the sum of the others under [`OVERFLOW`]. With it how many were put together.
///
/// The rest of each combination of the other labels is a series; where these alone are too many, the rest of all is one.
pub fn within_budget(family: &Family, budget: &Budget) -> (Family, u64) {
    let most = budget.series.max(1);
    if family.samples.len() <= most {
        return (family.clone(), 0);
    }
    let rest_labels =
        |sample: &Sample| -> BTreeMap<String, String> {
            let labels = sample.labels.iter();
            labels
                .map(|(name, value)| {
                    if budget.labels.contains(name) { (name.clone(), OVERFLOW.to_owned()) } else { (name.clone(), value.clone()) }
                })
                .collect()
        };
    let of_all = |sample: &Sample| -> BTreeMap<String, String> {
        sample.labels.keys().map(|name| (name.clone(), OVERFLOW.to_owned())).collect()
    };
    let kinds: BTreeSet<BTreeMap<String, String>> = family.samples.iter().map(rest_labels).collect();
    let by_kind = !budget.labels.is_empty() && kinds.len() < most;
    let shapes: BTreeSet<Vec<&String>> = family.samples.iter().map(|sample| sample.labels.keys().collect()).collect();
    let room = most.saturating_sub(if by_kind { kinds.len() } else { shapes.len() });
    let mut order: Vec<&Sample> = family.samples.iter().collect();
    order.sort_by(|one, other| other.value.total_cmp(&one.value).then_with(|| one.labels.cmp(&other.labels)));
    order.sort_by_key(|sample| Reverse(sample.value.is_finite()));
    let (kept, beyond) = order.split_at(room.min(order.len()));
    let mut rest: BTreeMap<BTreeMap<String, String>, f64> = BTreeMap::new();
    for sample in beyond {
        let labels = if by_kind { rest_labels(sample) } else { of_all(sample) };
        *rest.entry(labels).or_default() += if sample.value.is_finite() { sample.value } else { 0.0 };
    }
    let mut samples: Vec<Sample> = kept.iter().map(|sample| (*sample).clone()).collect();
    samples.extend(rest.into_iter().map(|(labels, value)| Sample { labels, value, at: None }));
    (Family { samples, ..Family::new(&family.name, family.kind, &family.help) }, beyond.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::Kind;

    fn family(series: usize) -> Family {
        let mut family = Family::new("go_goroutines_by_context_total", Kind::Gauge, "Goroutines.");
        for at in 0..series {
            let service = if at % 2 == 0 { "api" } else { "web" };
            family = family.with(&[("service", service), ("endpoint", &format!("/{at}"))], at as f64);
        }
        family
    }

    #[track_caller]
    fn check(series: usize, most: usize, labels: &[&str], together: u64, rests: &[(&str, f64)]) {
        let before = family(series);
        let budget = Budget { series: most, labels: labels.iter().map(|label| (*label).to_owned()).collect() };
        let (after, count) = within_budget(&before, &budget);
        assert!(after.samples.len() <= most.max(1), "{} series", after.samples.len());
        assert_eq!(count, together);
        let sum = |family: &Family| family.samples.iter().map(|sample| sample.value).sum::<f64>();
        assert_eq!(sum(&before).to_bits(), sum(&after).to_bits(), "nothing is lost");
        let found: Vec<(&str, f64)> = after
            .samples
            .iter()
            .filter(|sample| sample.labels["endpoint"] == OVERFLOW)
            .map(|sample| (sample.labels["service"].as_str(), sample.value))
            .collect();
        assert_eq!(found, rests);
    }

    #[test]
    fn what_is_beyond_the_budget_is_told_as_one() {
        check(10, 10, &["endpoint"], 0, &[]);
        check(10, 6, &["endpoint"], 6, &[("api", 6.0), ("web", 9.0)]);
        check(10, 6, &[], 5, &[(OVERFLOW, 10.0)]);
        check(10, 1, &["endpoint"], 10, &[(OVERFLOW, 45.0)]);
        check(10, 0, &["endpoint"], 10, &[(OVERFLOW, 45.0)]);
    }
}
