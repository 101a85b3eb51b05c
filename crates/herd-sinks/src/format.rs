//! The formats goherd prints: one table, one sink each.

use std::io::Write;

use herd_formats::write;
use herd_model::{Envelope, Profile, Snapshot};

use crate::{
    Look, checkstyle, concise, csv, github, gitlab, graph_dot, html, json, junit, markdown, sarif, svg, svg_capacity, svg_locks,
    svg_runlog, text,
};

/// A way to print an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// One finding a line.
    Concise,
    /// The envelope.
    Json,
    /// A report to paste.
    Markdown,
    /// GitHub workflow annotations.
    Github,
    /// JUnit XML.
    Junit,
    /// The viewer with the answer inside.
    Html,
    /// The call tree as a picture.
    Svg,
    /// The call tree as folded stacks.
    Folded,
    /// A gzipped profile.proto.
    Pprof,
    /// A speedscope file.
    Speedscope,
    /// The wait graph for Graphviz.
    Dot,
    /// A file for Perfetto.
    Perfetto,
    /// One table for spreadsheets and databases.
    Csv,
    /// A log for code hosts and editors.
    Sarif,
    /// GitLab's Code Quality report.
    Gitlab,
    /// Checkstyle's XML.
    Checkstyle,
}

/// What the formats that carry every stack are written from.
#[derive(Clone, Copy, Debug)]
pub enum Stacks<'a> {
    /// Goroutines.
    Goroutines(&'a Snapshot),
    /// Weights, and the sample type that is shown.
    Weights(&'a Profile, usize),
}

/// What there is to say of a format.
pub struct FormatRow {
    /// Format.
    pub format: Format,
    /// Its word on the command line.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Bytes that a terminal should not be given.
    pub binary: bool,
}

/// Every format, in the order of [`Format`].
pub const FORMATS: &[FormatRow] = &[
    FormatRow { format: Format::Text, name: "text", about: "for people at a terminal", binary: false },
    FormatRow { format: Format::Concise, name: "concise", about: "one finding a line, for pipes and editors", binary: false },
    FormatRow { format: Format::Json, name: "json", about: "everything, schema goherd/1", binary: false },
    FormatRow { format: Format::Markdown, name: "markdown", about: "a report to paste into an issue", binary: false },
    FormatRow { format: Format::Github, name: "github", about: "GitHub workflow annotations", binary: false },
    FormatRow { format: Format::Junit, name: "junit", about: "JUnit XML for CI dashboards", binary: false },
    FormatRow {
        format: Format::Html,
        name: "html",
        about: "one self-contained file: the viewer with the answer inside",
        binary: false,
    },
    FormatRow { format: Format::Svg, name: "svg", about: "the call tree as a picture", binary: false },
    FormatRow { format: Format::Folded, name: "folded", about: "the call tree as folded stacks", binary: false },
    FormatRow { format: Format::Pprof, name: "pprof", about: "a gzipped profile for go tool pprof", binary: true },
    FormatRow { format: Format::Speedscope, name: "speedscope", about: "a file for speedscope", binary: false },
    FormatRow { format: Format::Dot, name: "dot", about: "the wait graph for Graphviz (goherd graph)", binary: false },
    FormatRow { format: Format::Perfetto, name: "perfetto", about: "a file for Perfetto (goherd flame, trace)", binary: false },
    FormatRow { format: Format::Csv, name: "csv", about: "one table (goherd trace)", binary: false },
    FormatRow {
        format: Format::Sarif,
        name: "sarif",
        about: "SARIF 2.1.0 for code hosts and editors (goherd lint)",
        binary: false,
    },
    FormatRow { format: Format::Gitlab, name: "gitlab", about: "GitLab's Code Quality report (goherd lint)", binary: false },
    FormatRow { format: Format::Checkstyle, name: "checkstyle", about: "Checkstyle's XML (goherd lint)", binary: false },
];

/// Why an answer could not be printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The output is gone or full.
    #[error("write the answer: {0}")]
    Io(#[from] std::io::Error),
    /// The answer has a value JSON cannot carry.
    #[error("print JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The answer has a text XML cannot carry.
    #[error("print JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// The call tree was asked for and there is none.
    #[error("draw the call tree: the answer has none")]
    NoTree,
    /// The plots of a model were asked for and there is none.
    #[error("draw the model: none could be fitted")]
    NoModel,
    /// The heat map of locks was asked for and nothing was contended.
    #[error("draw the heat map: nothing was contended")]
    NoLocks,
    /// The plots of a runtime log were asked for and it holds no two records.
    #[error("draw the runtime log: it holds no records")]
    NoRecords,
    /// The wait graph was asked for and there is none.
    #[error("draw the wait graph: only `goherd graph` makes one")]
    NoGraph,
    /// The stacks were asked for and only the answer is at hand.
    #[error("write stacks: the answer has no snapshot")]
    NoStacks,
    /// Perfetto was asked for and there are goroutines.
    #[error("write a Perfetto file: the answer has no weighted profile")]
    NoWeights,
    /// A table was asked for and the answer is none.
    #[error("write CSV: only `goherd trace` makes a table")]
    NoTable,
    /// The viewer lacks a place to put the answer.
    #[error("fill the viewer: it has no {0}")]
    NoMarker(&'static str),
}

impl Format {
    /// The table's row.
    pub fn row(self) -> &'static FormatRow {
        &FORMATS[self as usize]
    }

    /// Whether it carries every stack, beyond what the answer holds.
    pub fn carries_stacks(self) -> bool {
        matches!(self, Format::Folded | Format::Pprof | Format::Speedscope | Format::Perfetto)
    }
}

/// Prints `envelope`. `stacks` is the latest snapshot or the profile, for the formats that carry every stack.
pub fn render(
    format: Format,
    envelope: &Envelope,
    stacks: Option<Stacks<'_>>,
    look: &Look<'_>,
    out: &mut dyn Write,
) -> Result<(), SinkError> {
    let print = |text: String, out: &mut dyn Write| Ok(out.write_all(text.as_bytes())?);
    match format {
        Format::Text => print(text::text(envelope, look), out),
        Format::Concise => print(concise::concise(envelope, look), out),
        Format::Json => json::json(envelope, look, out),
        Format::Markdown => print(markdown::markdown(envelope, look), out),
        Format::Github => print(github::github(envelope, look), out),
        Format::Junit => print(junit::junit(envelope, look)?, out),
        Format::Html => html::html(envelope, look, out),
        Format::Svg => match (&envelope.capacity, &envelope.locks, &envelope.runlog) {
            (Some(report), ..) => print(svg_capacity::svg_capacity(report, envelope, look)?, out),
            (_, Some(report), _) => print(svg_locks::svg_locks(report, envelope, look)?, out),
            (.., Some(report)) => print(svg_runlog::svg_runlog(report, envelope, look)?, out),
            (None, None, None) => print(svg::svg(envelope, look)?, out),
        },
        Format::Folded => match stacks.ok_or(SinkError::NoStacks)? {
            Stacks::Goroutines(snapshot) => print(write::folded(snapshot), out),
            Stacks::Weights(profile, sample_type) => print(write::profile::folded(profile, sample_type), out),
        },
        Format::Pprof => match stacks.ok_or(SinkError::NoStacks)? {
            Stacks::Goroutines(snapshot) => Ok(out.write_all(&write::pprof(snapshot))?),
            Stacks::Weights(profile, _) => Ok(out.write_all(&write::profile::proto(profile))?),
        },
        Format::Speedscope => match stacks.ok_or(SinkError::NoStacks)? {
            Stacks::Goroutines(snapshot) => print(write::speedscope(snapshot, &name(envelope)), out),
            Stacks::Weights(profile, _) => print(write::profile::speedscope(profile, &name(envelope)), out),
        },
        Format::Perfetto => match stacks.ok_or(SinkError::NoStacks)? {
            Stacks::Goroutines(_) => Err(SinkError::NoWeights),
            Stacks::Weights(profile, _) => print(write::profile::perfetto(profile, &name(envelope)), out),
        },
        Format::Csv => print(csv::csv(envelope)?, out),
        Format::Sarif => json::value(&sarif::sarif(envelope, look), look, out),
        Format::Gitlab => json::value(&gitlab::gitlab(envelope, look), look, out),
        Format::Checkstyle => print(checkstyle::checkstyle(envelope, look), out),
        Format::Dot => print(graph_dot::graph_dot(envelope, look)?, out),
    }
}

/// What a file made of this answer calls itself.
pub(crate) fn name(envelope: &Envelope) -> String {
    let names: Vec<&str> = envelope.targets.iter().map(|target| target.name.as_str()).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_row() {
        for (at, row) in FORMATS.iter().enumerate() {
            assert_eq!(row.format as usize, at, "{}", row.name);
        }
        assert_eq!(Format::Speedscope.row().name, "speedscope");
    }
}
