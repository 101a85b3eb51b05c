//! The file format of speedscope (<https://www.speedscope.app/file-format-schema.json>): a sampled profile a sample type.

use herd_model::Profile;

use super::FrameNames;
use crate::write::json::{push_number, push_text};

/// All sample types of the profile, opened at the one to show. A sample that is not above zero in a type is left out of it: the format
/// knows no others.
pub fn speedscope(profile: &Profile, name: &str) -> String {
    let frames = FrameNames::new(profile);
    let mut out = String::from(r#"{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"goherd","name":"#);
    push_text(&mut out, name);
    out.push_str(r#","activeProfileIndex":"#);
    push_number(&mut out, profile.default_index());
    out.push_str(r#","shared":{"frames":["#);
    for (at, name) in frames.names.iter().enumerate() {
        out.push_str(if at > 0 { r#",{"name":"# } else { r#"{"name":"# });
        push_text(&mut out, name);
        out.push('}');
    }
    // Samples without a stack need a frame to stand on.
    out.push_str(if frames.names.is_empty() {
        r#"{"name":"[no stack]"}]},"profiles":["#
    } else {
        r#",{"name":"[no stack]"}]},"profiles":["#
    });
    for sample_type in 0..profile.sample_types.len() {
        if sample_type > 0 {
            out.push(',');
        }
        push_profile(&mut out, profile, sample_type, &frames);
    }
    out.push_str("]}");
    out
}

fn push_profile(out: &mut String, profile: &Profile, sample_type: usize, frames: &FrameNames) {
    let kind = &profile.sample_types[sample_type];
    let unit = match &*kind.unit {
        unit @ ("nanoseconds" | "microseconds" | "milliseconds" | "seconds" | "bytes") => unit,
        _ => "none",
    };
    let rows = || {
        let rows = profile.samples.stacks.iter().zip(&profile.samples.values[sample_type]);
        rows.filter(|(_, value)| **value > 0)
    };
    out.push_str(r#"{"type":"sampled","name":"#);
    push_text(out, &kind.name);
    out.push_str(r#","unit":"#);
    push_text(out, unit);
    out.push_str(r#","startValue":0,"endValue":"#);
    push_number(out, rows().fold(0, |sum: i64, (_, value)| sum.saturating_add(*value)));
    out.push_str(r#","samples":["#);
    for (at, (stack, _)) in rows().enumerate() {
        out.push_str(if at > 0 { ",[" } else { "[" });
        let before = out.len();
        for frame in frames.outermost_first(profile, *stack) {
            if out.len() > before {
                out.push(',');
            }
            push_number(out, frame);
        }
        if out.len() == before {
            push_number(out, frames.names.len());
        }
        out.push(']');
    }
    out.push_str(r#"],"weights":["#);
    for (at, (_, value)) in rows().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_number(out, *value);
    }
    out.push_str("]}");
}
