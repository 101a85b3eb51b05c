//! A capacity model in words and tables.

use herd_model::{CapacityDoubt, CapacityReport, GateVerdict, MemoryModel, MemoryModelKind};

use crate::{
    gate::{Sheet, bytes, figure},
    layout::Align,
    messages::Messages,
};

/// The verdict.
pub fn sentence(report: &CapacityReport, say: &Messages) -> String {
    let limit = report.limit_bytes.map(bytes).unwrap_or_default();
    if let Some(predicted) = &report.prediction {
        let key = match report.verdict {
            Some(GateVerdict::Pass) => "capacity-pass",
            Some(GateVerdict::Fail) => "capacity-fail",
            Some(GateVerdict::Inconclusive) => "capacity-open",
            None => "capacity-predicted",
        };
        let at = say.count("goroutines", predicted.goroutines.round() as u64);
        let figures = [predicted.memory_bytes, predicted.low_bytes, predicted.high_bytes].map(bytes);
        let [memory, low, high] = figures.each_ref().map(String::as_str);
        return say.say_with(key, &[("at", &at), ("memory", memory), ("low", low), ("high", high), ("limit", &limit)]);
    }
    let refusal = report.doubts.iter().find(|doubt| doubt.refuses);
    match (refusal, report.memory.first()) {
        (Some(doubt), _) => say.say_with("capacity-refused", &[("doubt", &reserve(doubt, say))]),
        (None, Some(model)) => say.say_with("capacity-model", &[("model", &law(model))]),
        (None, None) => say.say("capacity-doubt-no-fit"),
    }
}

/// Doubts, models, throughput, latency.
pub fn sheets(report: &CapacityReport, say: &Messages) -> Vec<Sheet> {
    let mut sheets = vec![reach(report, say)];
    if !report.memory.is_empty() {
        sheets.push(models(report, say));
    }
    sheets.extend(throughput(report, say));
    sheets.retain(|sheet| !sheet.rows.is_empty() || !sheet.remarks.is_empty());
    sheets
}

/// What the rows are, where the limit is reached, and what is to be said against it.
fn reach(report: &CapacityReport, say: &Messages) -> Sheet {
    let from = figure(report.goroutines_min);
    let to = figure(report.goroutines_max);
    let rows = [("rows", &*report.rows.to_string()), ("levels", &*report.distinct.to_string()), ("from", &*from), ("to", &*to)];
    let mut remarks = vec![say.say_with("capacity-rows", &rows)];
    if report.prediction.as_ref().is_some_and(|predicted| predicted.extrapolated) {
        remarks.push(say.say_with("capacity-extrapolated", &[("to", &to)]));
    }
    if let (Some(reached), Some(limit)) = (&report.limit_reached, report.limit_bytes) {
        let limit = bytes(limit);
        remarks.push(match (reached.expected, reached.earliest) {
            (Some(expected), Some(earliest)) => {
                let (expected, earliest) = (figure(expected.round()), figure(earliest.round()));
                say.say_with("capacity-limit-both", &[("limit", &limit), ("expected", &expected), ("earliest", &earliest)])
            }
            (None, Some(earliest)) => {
                say.say_with("capacity-limit-earliest", &[("limit", &limit), ("earliest", &figure(earliest.round()))])
            }
            (_, None) => say.say_with("capacity-limit-none", &[("limit", &limit)]),
        });
    }
    remarks.extend(report.doubts.iter().map(|doubt| doubted(doubt, say)));
    Sheet::told(say.say("capacity-title"), remarks)
}

fn reserve(doubt: &CapacityDoubt, say: &Messages) -> String {
    let (found, wanted) = (figure(doubt.found), figure(doubt.wanted));
    say.say_with(&format!("capacity-doubt-{}", doubt.kind.as_str()), &[("found", &found), ("wanted", &wanted)])
}

fn doubted(doubt: &CapacityDoubt, say: &Messages) -> String {
    let text = reserve(doubt, say);
    if doubt.refuses { say.say_with("doubt-refuses", &[("doubt", &text)]) } else { text }
}

fn models(report: &CapacityReport, say: &Messages) -> Sheet {
    let heads = ["capacity-head-model", "capacity-head-fit", "capacity-head-aic", "capacity-head-cv"];
    let mut head: Vec<(String, Align)> = heads.iter().map(|key| (say.say(key), Align::Right)).collect();
    head[0].1 = Align::Left;
    head[1].1 = Align::Left;
    head.extend(["R²", "DW", "G1", "BP p", "S–L p", "QQ r"].map(|title| (title.to_owned(), Align::Right)));
    let row = |model: &MemoryModel| {
        let found = &model.diagnostics;
        let figures = [
            model.r_squared,
            found.durbin_watson,
            found.skewness_adjusted,
            found.breusch_pagan_koenker_p,
            found.scale_location_p,
            found.qq_correlation,
        ];
        let name = if model.kind == MemoryModelKind::LogQuadratic { "ln M ~ C + C²" } else { "M = A·Cᵏ" };
        let mut cells = vec![name.to_owned(), say.say(&format!("capacity-fit-{}", model.kind.as_str()))];
        cells.extend([format!("{:.1}", model.aic), format!("{:.1} %", 100.0 * model.cross_validation.exp_m1())]);
        cells.extend(figures.map(|value| format!("{value:.3}")));
        cells
    };
    let rows = report.memory.iter().map(row).collect();
    let mut remarks: Vec<String> = report.memory.iter().take(1).map(law).collect();
    remarks.push(say.say("capacity-legend"));
    Sheet { title: say.say("capacity-models"), head, rows, remarks, heat: Vec::new() }
}

/// The model as a formula of C goroutines.
fn law(model: &MemoryModel) -> String {
    match (model.kind, model.coefficients.as_slice()) {
        (MemoryModelKind::LogQuadratic, [a, b, c]) => {
            let sign = |value: f64| if value < 0.0 { "−" } else { "+" };
            format!("ln M = {} {} {}·C {} {}·C²", figure(*a), sign(*b), figure(b.abs()), sign(*c), figure(c.abs()))
        }
        (MemoryModelKind::PowerLawOls | MemoryModelKind::PowerLawNls, [a, k]) => {
            format!("M = {}·C^{k:.3}", figure(*a))
        }
        (kind, _) => kind.as_str().to_owned(),
    }
}

fn throughput(report: &CapacityReport, say: &Messages) -> Option<Sheet> {
    let mut remarks = Vec::new();
    if let Some(model) = &report.throughput {
        let figures = [model.lambda, model.alpha, model.beta, model.r_squared, model.durbin_watson].map(figure);
        let [lambda, alpha, beta, r_squared, dw] = figures.each_ref().map(String::as_str);
        let facts = [("lambda", lambda), ("alpha", alpha), ("beta", beta), ("fit", r_squared), ("dw", dw)];
        remarks.push(say.say_with("capacity-usl", &facts));
        remarks.push(match (model.peak_goroutines, model.peak_qps) {
            (Some(peak), Some(qps)) => {
                let key = if model.peak_measured { "capacity-peak" } else { "capacity-peak-beyond" };
                say.say_with(key, &[("peak", &figure(peak.round())), ("qps", &figure(qps))])
            }
            _ => say.say("capacity-no-peak"),
        });
    }
    if let Some(model) = &report.latency {
        let (fit, dw) = (figure(model.r_squared), figure(model.durbin_watson));
        remarks.push(match model.predicted_ms.zip(report.prediction.as_ref()) {
            Some((predicted, memory)) => {
                let at = say.count("goroutines", memory.goroutines.round() as u64);
                let [value, low, high] = predicted.map(figure);
                let facts = [("at", &*at), ("value", &*value), ("low", &*low), ("high", &*high), ("fit", &*fit), ("dw", &*dw)];
                say.say_with("capacity-latency-at", &facts)
            }
            None => say.say_with("capacity-latency", &[("fit", &fit), ("dw", &dw)]),
        });
    }
    (!remarks.is_empty()).then(|| Sheet::told(say.say("capacity-throughput"), remarks))
}
