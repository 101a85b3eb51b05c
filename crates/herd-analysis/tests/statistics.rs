//! Statistics against figures of scipy and statsmodels (`testbed/reference`, `cargo xtask reference`), to 1e-6 of each figure.

use herd_analysis::statistics::change_point::{best_split, change_points, noise};
use herd_analysis::statistics::counts::{
    benjamini_hochberg, conditional_binomial, dispersion, heap_sampling_variance, poisson_log_ratio, rate_ratio_interval,
};
use herd_analysis::statistics::curves::{power_curve, power_law_nls, usl, usl_peak};
use herd_analysis::statistics::diagnostics::{breusch_pagan, durbin_watson, normal_quantiles, scale_location, skewness};
use herd_analysis::statistics::distributions::{
    chi_squared_upper, f_upper, ln_binomial_tails, ln_normal_upper, ln_poisson_tails, normal_quantile, normal_upper, t_quantile,
    t_upper,
};
use herd_analysis::statistics::means::welch;
use herd_analysis::statistics::ols::ols;
use herd_analysis::statistics::proportions::{fisher_exact, sample_size_means, sample_size_proportions, two_proportion_z};
use herd_analysis::statistics::random::{Random, block_resample, percentile_interval};
use herd_analysis::statistics::sequential::{always_valid_p, ln_mixture_ratio, needed_for_width, sequence_half_width};
use herd_analysis::statistics::special::{ln_gamma, ln_incomplete_beta};
use proptest::prelude::*;
use serde_json::Value;

const TOLERANCE: f64 = 1e-6;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/statistics.json")).expect("the reference is JSON")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} in {row}"))
}

/// Each row of a table of figures, its numbers by name.
#[track_caller]
fn each(rows: &Value, check: impl Fn(&dyn Fn(&str) -> f64)) {
    let rows = rows.as_array().expect("a table");
    assert!(!rows.is_empty());
    for row in rows {
        check(&|key| number(row, key));
    }
}

#[track_caller]
fn near(found: f64, expected: f64, what: &str) {
    let slack = if expected.abs() > 0.0 { TOLERANCE * expected.abs() } else { f64::EPSILON };
    let close = (found - expected).abs() <= slack;
    assert!(close, "{what}: {found:e}, reference {expected:e}");
}

#[track_caller]
fn all_near(found: &[f64], expected: &Value, what: &str) {
    let expected = list(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(&expected) {
        near(*found, *expected, what);
    }
}

#[test]
fn means_of_samples_with_unlike_spreads() {
    let rows = &reference()["means"];
    for row in rows.as_array().expect("a table") {
        let found = welch(&list(&row["first"]), &list(&row["second"])).expect("samples with spread");
        near(found, number(row, "p"), "Welch's p");
    }
    assert_eq!(welch(&[1.0], &[1.0, 2.0]), None);
    assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0]), None);
}

#[test]
fn tails_equal_scipys() {
    let tails = &reference()["tails"];
    each(&tails["normal"], |of| {
        near(ln_normal_upper(of("z")), of("ln_upper"), "ln normal");
        near(normal_upper(of("z")), of("upper"), "normal");
    });
    each(&tails["normal_quantile"], |of| near(normal_quantile(of("p")), of("z"), "normal quantile"));
    each(&tails["chi_squared"], |of| near(chi_squared_upper(of("x"), of("df")), of("upper"), "chi squared"));
    each(&tails["t"], |of| near(t_upper(of("t"), of("df")), of("upper"), "t"));
    each(&tails["t_quantile"], |of| near(t_quantile(of("p"), of("df")), of("t"), "t quantile"));
    each(&tails["f"], |of| near(f_upper(of("f"), of("above"), of("below")), of("upper"), "F"));
    each(&tails["binomial"], |of| {
        let (lower, upper) = ln_binomial_tails(of("y"), of("n"), of("p"));
        near(lower.exp(), of("ln_lower").exp(), "binomial lower");
        near(upper, of("ln_upper"), "binomial upper");
    });
    each(&tails["poisson"], |of| {
        let (lower, upper) = ln_poisson_tails(of("y"), of("mean"));
        near(lower, of("ln_lower"), "Poisson lower");
        near(upper, of("ln_upper"), "Poisson upper");
    });
    each(&tails["beta"], |of| near(ln_incomplete_beta(of("a"), of("b"), of("x"), 1.0 - of("x")).0.exp(), of("lower"), "beta"));
    each(&tails["ln_gamma"], |of| {
        assert!((ln_gamma(of("x")) - of("ln")).abs() <= 1e-9 * of("ln").abs().max(1e-4), "{}", of("x"));
    });
}

#[test]
fn count_tests_equal_scipys_and_statsmodels() {
    let counts = &reference()["counts"];
    for row in counts["pairs"].as_array().unwrap() {
        let of = |key: &str| number(row, key);
        let [x, y, k1, k2] = ["x", "y", "k1", "k2"].map(of);
        let test = conditional_binomial(x, y, k1, k2, 1.0).unwrap();
        near(test.p_more, of("p_more"), "p more");
        near(test.p_less, of("p_less"), "p less");
        near(test.p, of("p"), "p");
        let (low, high) = rate_ratio_interval(x, y, k1, k2, 0.95);
        near(low, of("ratio_low"), "low");
        near(high, of("ratio_high"), "high");
        if row.get("wald_z").is_some() {
            let (estimate, error, p) = poisson_log_ratio(x, y, k1, k2, 1.0).unwrap();
            near(estimate / error, of("wald_z"), "Wald's z");
            near(p, of("wald_p"), "Wald's p");
        }
    }
    each(&counts["spread"], |of| {
        let test = conditional_binomial(of("x"), of("y"), of("k1"), of("k2"), of("dispersion")).unwrap();
        near(test.p_more, of("p_more"), "over-dispersed");
    });
    near(dispersion(&list(&counts["runs"]), &list(&counts["exposures"])).unwrap(), number(counts, "dispersion"), "dispersion");
    all_near(&benjamini_hochberg(&list(&counts["p"])), &counts["adjusted"], "Benjamini–Hochberg");
    each(&counts["heap_formula"], |of| near(heap_sampling_variance(of("count"), of("size"), of("rate")), of("variance"), "heap"));
}

#[test]
fn share_tests_equal_scipys_and_statsmodels() {
    let shares = &reference()["shares"];
    for row in shares["fisher"].as_array().unwrap() {
        let table: Vec<u64> = list(&row["table"]).into_iter().map(|count| count as u64).collect();
        near(fisher_exact(table[0], table[1], table[2], table[3]), number(row, "p"), "Fisher");
    }
    for row in shares["z"].as_array().unwrap() {
        let pair = |key: &str| <[f64; 2]>::try_from(list(&row[key])).unwrap();
        let (z, p) = two_proportion_z(pair("successes"), pair("of")).unwrap();
        near(z, number(row, "z"), "z");
        near(p, number(row, "p"), "p of z");
    }
    each(&shares["sizes"], |of| near(sample_size_proportions(of("first"), of("second"), 0.05, 0.8), of("n"), "size for shares"));
    each(&shares["means_formula"], |of| {
        near(sample_size_means(of("difference"), of("sd"), 0.05, 0.8), of("n"), "size for means");
    });
}

/// One fit of `y` on the regressors, with all its diagnostics.
fn check_model(regressors: &[Vec<f64>], y: &[f64], expected: &Value) {
    let fit = ols(regressors, y).expect("it can be fitted");
    all_near(&fit.coefficients, &expected["coefficients"], "coefficients");
    all_near(&fit.errors, &expected["errors"], "errors");
    all_near(&fit.leverage, &expected["leverage"], "leverage");
    all_near(&fit.left_out_residuals(), &expected["left_out"], "residuals left out");
    let studentised = fit.studentised();
    all_near(&studentised, &expected["studentised"], "studentised residuals");
    let (g1, adjusted) = skewness(&fit.residuals);
    let spread = breusch_pagan(&fit.residuals, regressors).expect("it can be fitted");
    let scale = scale_location(&studentised, &fit.fitted).expect("it can be fitted");
    let quantiles = normal_quantiles(&studentised);
    for (found, key) in [
        (fit.r_squared, "r_squared"),
        (fit.ssr, "ssr"),
        (fit.aic(), "aic"),
        (durbin_watson(&fit.residuals), "durbin_watson"),
        (g1, "g1"),
        (adjusted, "G1"),
        (spread.koenker, "koenker"),
        (spread.koenker_p, "koenker_p"),
        (spread.koenker_f_p, "koenker_f_p"),
        (spread.original, "original"),
        (spread.original_p, "original_p"),
        (scale.slope, "scale_slope"),
        (scale.p, "scale_p"),
        (quantiles.correlation, "qq_correlation"),
    ] {
        near(found, number(expected, key), key);
    }
    all_near(&quantiles.normal, &expected["qq_normal"], "normal quantiles");
    all_near(&quantiles.values, &expected["qq_values"], "sorted residuals");
}

#[test]
fn fits_and_their_diagnostics_equal_statsmodels() {
    let curves = &reference()["curves"];
    let (c, m) = (list(&curves["c"]), list(&curves["m"]));
    let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<f64>>();
    let regressors = [c.clone(), c.iter().map(|c| c * c).collect()];
    check_model(&regressors, &logs(&m), &curves["quadratic"]);
    check_model(&[logs(&c)], &logs(&m), &curves["power"]);
    let at = number(curves, "at");
    let predicted = ols(&regressors, &logs(&m)).unwrap().predict(&[at, at * at], 0.95);
    all_near(&[predicted.mean, predicted.low, predicted.high], &curves["quadratic"]["predicted"], "prediction");
}

#[test]
fn nonlinear_fits_equal_scipys() {
    let curves = &reference()["curves"];
    let law = power_law_nls(&list(&curves["c"]), &list(&curves["m"])).unwrap();
    let expected = &curves["power_nls"];
    near(law.factor(), number(expected, "factor"), "factor");
    near(law.exponent(), number(expected, "exponent"), "exponent");
    near(law.fit.ssr, number(expected, "ssr"), "sum of squares");
    all_near(&law.fit.errors, &expected["errors"], "errors");
    let predicted = law.fit.predict(&power_curve(law.centre), number(curves, "at"), 0.95);
    all_near(&[predicted.mean, predicted.low, predicted.high], &expected["predicted"], "prediction");

    let fit = usl(&list(&curves["usl_n"]), &list(&curves["usl_x"])).unwrap();
    let expected = &curves["usl"];
    for (found, key) in fit.parameters.iter().zip(["lambda", "alpha", "beta"]) {
        near(*found, number(expected, key), key);
    }
    all_near(&fit.errors, &expected["errors"], "errors");
    near(usl_peak(fit.parameters[1], fit.parameters[2]).unwrap(), number(expected, "peak"), "peak");
}

#[test]
fn a_jump_is_found_where_it_is() {
    let jumps = &reference()["jumps"];
    let series = list(&jumps["series"]);
    near(noise(&series), number(jumps, "noise"), "noise");
    let best = best_split(&series).unwrap();
    near(best.at as f64, number(jumps, "at"), "place");
    near(best.gain, number(jumps, "gain"), "gain");
    let gain_min = 4.0 * (series.len() as f64).ln();
    assert_eq!(change_points(&series, gain_min).len(), 1);
    assert_eq!(change_points(&series[..100], gain_min), []);
    assert_eq!(best_split(&[1.0; 50]), None, "without noise there is nothing to measure by");
}

#[test]
fn the_mixture_ratio_is_the_mixed_likelihood_ratio() {
    let looks = &reference()["looks"];
    each(&looks["mixtures"], |of| near(ln_mixture_ratio(of("d"), of("variance"), of("tau")), of("ln_ratio"), "mixture"));
    all_near(&always_valid_p(&list(&looks["ln_ratios"])), &looks["p"], "always-valid p");
    let half = sequence_half_width(4.0, 2.0, 0.05);
    near(ln_mixture_ratio(half, 4.0, 2.0), -(0.05_f64.ln()), "the bound is where the test rejects");
    let needed = |power: f64| needed_for_width(30.0, 2.0 * 80.0 * 80.0, 20.0, 0.05, power).unwrap();
    let width = |n: u64| sequence_half_width(2.0 * 80.0 * 80.0 / n as f64, 20.0, 0.05);
    let even = needed(0.5);
    assert!(width(even) <= 30.0 && width(even - 1) > 30.0, "{even}");
    let fixed = sample_size_means(30.0, 80.0, 0.05, 0.8);
    assert!(needed(0.8) > even && needed(0.8) as f64 > fixed, "looking often has its price: {} {fixed}", needed(0.8));
}

/// The sum of two uniform numbers twelve times: near enough to normal for a false-alarm rate.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

#[test]
fn looking_a_hundred_times_raises_no_more_false_alarms_than_the_level() {
    let mut alarms = 0;
    for run in 0..400 {
        let mut random = Random::of(run);
        let mut sum = 0.0;
        let looks: Vec<f64> = (1..=3000)
            .filter_map(|n| {
                sum += 80.0 * (normal(&mut random) - normal(&mut random));
                (n % 30 == 0).then(|| ln_mixture_ratio(sum / f64::from(n), 2.0 * 6400.0 / f64::from(n), 20.0))
            })
            .collect();
        alarms += u32::from(always_valid_p(&looks).last().is_some_and(|p| *p <= 0.05));
    }
    // 20 are expected at the very most; 30 is beyond what chance makes of a rate of 5 %.
    assert!(alarms <= 30, "{alarms} of 400");
}

#[test]
fn blocks_keep_neighbours_and_bounds_hold_the_middle() {
    let drawn = block_resample(1000, &mut Random::of(1));
    assert_eq!(drawn.len(), 1000);
    let followed = drawn.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    assert!((890..=910).contains(&followed), "{followed}");
    let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
    let (low, high) = percentile_interval(&mut values, 0.9).unwrap();
    near(low, 5.0, "low");
    near(high, 95.0, "high");
}

#[test]
fn what_cannot_be_fitted_or_tested_is_nothing() {
    let rows = vec![1.0, 2.0, 3.0, 4.0];
    assert!(ols(&[rows.clone(), rows.iter().map(|value| 2.0 * value).collect()], &rows).is_none(), "dependent columns");
    assert!(ols(&[vec![7.0; 4]], &rows).is_none(), "a constant column");
    assert!(ols(std::slice::from_ref(&rows), &[1.0, f64::NAN, 2.0, 3.0]).is_none(), "no number");
    assert!(ols(&[vec![1.0, 2.0]], &[1.0, 2.0]).is_none(), "as many rows as coefficients");
    assert!(conditional_binomial(0.0, 0.0, 1.0, 1.0, 1.0).is_none() && conditional_binomial(1.0, 1.0, 0.0, 1.0, 1.0).is_none());
    assert!(poisson_log_ratio(0.0, 4.0, 1.0, 1.0, 1.0).is_none() && dispersion(&[3.0], &[1.0]).is_none());
    assert!(two_proportion_z([0.0, 0.0], [10.0, 10.0]).is_none());
    assert!(power_law_nls(&[1.0, 2.0], &[1.0, 2.0]).is_none() && usl(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).is_none());
}

proptest! {
    #[test]
    fn binomial_tails_sum_to_one_and_fall(n in 1_u32..3000, share in 0.0_f64..1.0, p in 0.001_f64..0.999) {
        let (n, y) = (f64::from(n), (f64::from(n) * share).floor());
        let (lower, upper) = ln_binomial_tails(y, n, p);
        prop_assert!(lower <= 0.0 && upper <= 0.0);
        let above = ln_binomial_tails(y + 1.0, n, p);
        prop_assert!(above.0 >= lower - 1e-12 && above.1 <= upper + 1e-12);
        if y < n {
            prop_assert!((lower.exp() + above.1.exp() - 1.0).abs() < 1e-10, "{} {}", lower.exp(), above.1.exp());
        }
    }

    #[test]
    fn poisson_tails_sum_to_one_and_fall(y in 0_u32..3000, mean in 0.01_f64..2000.0) {
        let y = f64::from(y);
        let ((lower, upper), above) = (ln_poisson_tails(y, mean), ln_poisson_tails(y + 1.0, mean));
        prop_assert!((lower.exp() + above.1.exp() - 1.0).abs() < 1e-10);
        prop_assert!(above.0 >= lower - 1e-12 && above.1 <= upper + 1e-12);
    }

    #[test]
    fn quantiles_undo_tails(p in 1e-9_f64..0.999_999, df in 1.0_f64..500.0) {
        prop_assert!((normal_upper(-normal_quantile(p)) / p - 1.0).abs() < 1e-9);
        prop_assert!((t_upper(-t_quantile(p, df), df) / p - 1.0).abs() < 1e-9);
    }

    #[test]
    fn adjusted_p_values_keep_their_order_and_never_fall_below(p in prop::collection::vec(0.0_f64..1.0, 1..60)) {
        let adjusted = benjamini_hochberg(&p);
        for (one, adjusted_one) in p.iter().zip(&adjusted) {
            prop_assert!(adjusted_one >= one && *adjusted_one <= 1.0);
            for (other, adjusted_other) in p.iter().zip(&adjusted) {
                prop_assert!(one > other || adjusted_one <= adjusted_other);
            }
        }
    }

    #[test]
    fn more_dispersion_is_less_evidence(x in 1_u32..500, y in 1_u32..500, spread in 1.0_f64..5.0) {
        let (x, y) = (f64::from(x), f64::from(y));
        let plain = conditional_binomial(x, y, 1.0, 1.0, 1.0).unwrap();
        let spread = conditional_binomial(x, y, 1.0, 1.0, spread).unwrap();
        prop_assert!(spread.p >= plain.p - 1e-12);
        let (low, high) = rate_ratio_interval(x, y, 1.0, 1.0, 0.95);
        prop_assert!(low <= plain.ratio && plain.ratio <= high);
    }
}
