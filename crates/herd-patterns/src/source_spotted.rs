//! What a source eye answers: a fault, what shows it, and what would cure it.

use herd_golang::ast::{Pos, Span};
use herd_golang::types::{ObjectId, Types};

/// Something an eye sees.
#[derive(Clone, Debug)]
pub struct Spotted {
    /// The file, in the unit.
    pub file: u32,
    /// Where the fault is.
    pub at: Pos,
    /// What is wrong there, an English sentence without its full stop.
    pub text: String,
    /// What shows it, in order.
    pub way: Vec<Stop>,
    /// What would cure it, where that can be written down.
    pub repair: Option<Repair>,
}

/// A change of the file that an eye saw something in.
#[derive(Clone, Debug)]
pub struct Repair {
    /// Whether it may be made without being read.
    pub safety: Safety,
    /// What it does, an English sentence without its full stop.
    pub text: String,
    /// What is written instead of what; not overlapping.
    pub edits: Vec<Edit>,
}

/// How far a change may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// The program does what it did, without the fault.
    Safe,
    /// It may do something else that was meant: to be read first.
    Unsafe,
    /// An outline, which may not compile.
    DisplayOnly,
}

/// One replacement.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What goes; nothing if it is empty.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Spotted {
    /// Without a cure.
    pub fn new(file: u32, at: Pos, text: impl Into<String>, way: Vec<Stop>) -> Self {
        Spotted { file, at, text: text.into(), way, repair: None }
    }

    /// With one.
    #[must_use]
    pub fn cured_by(self, repair: Option<Repair>) -> Self {
        Spotted { repair, ..self }
    }
}

/// A place on the way to a fault.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Where: a file of the unit, or the place of a function elsewhere.
    pub place: StopPlace,
    /// What happens there.
    pub text: String,
}

impl Stop {
    /// A place in the function of a declaration.
    pub fn within(function: ObjectId, pos: Pos, text: impl Into<String>) -> Self {
        Stop { place: StopPlace::In { function, pos }, text: text.into() }
    }

    /// The calls that lead from a function to something, the first in the function itself.
    pub fn along(types: &Types<'_>, function: ObjectId, via: &[(Option<ObjectId>, Pos)], text: &str) -> Vec<Self> {
        let mut at = function;
        let mut stops = Vec::new();
        for (index, (callee, pos)) in via.iter().enumerate() {
            let text = match callee {
                _ if index + 1 == via.len() => text.to_owned(),
                Some(callee) => format!("calls {}", types.names().text(types.name(*callee))),
                None => "calls a function literal".to_owned(),
            };
            stops.push(Stop::within(at, *pos, text));
            // A literal stands in the file of the function that calls it.
            at = callee.unwrap_or(at);
        }
        stops
    }
}

/// Where a stop is.
#[derive(Clone, Copy, Debug)]
pub enum StopPlace {
    /// In the unit.
    Here {
        /// The file.
        file: u32,
        /// The place.
        pos: Pos,
    },
    /// In the function of another declaration.
    In {
        /// Whose body it is.
        function: ObjectId,
        /// The place in its file.
        pos: Pos,
    },
}
