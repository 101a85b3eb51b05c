//! Envelopes as people and programs read them: terminal text, one line a finding, JSON, Markdown, GitHub annotations, JUnit, HTML, SVG,
//! folded stacks. A sink sees the envelope only; it knows no pattern and reaches no network.

mod concise;
mod figure;
mod format;
mod github;
mod graph;
mod graph_dot;
mod graph_markdown;
mod html;
mod json;
mod junit;
mod layout;
mod look;
mod markdown;
mod messages;
mod name;
mod page;
mod redact;
mod sentence;
mod svg;
mod text;
mod text_flame;
mod text_snapshot;
mod tree;

pub use figure::thousands;
pub use format::{FORMATS, Format, FormatRow, SinkError, render};
pub use layout::pad;
pub use look::{Charset, Detail, Lang, Localised, Look, PatternWords};
pub use messages::{Messages, messages};
pub use page::page;
pub use redact::{redact, redact_stacks};
