//! Which channels a package makes, where each of them may go, and what is done to it there.
//!
//! A value goes along assignments, arguments, results and fields; fields stand for those of all values of their struct, lists and maps for what
//! they hold. So more may seem to be one channel than are, and never fewer: what is nowhere done to a channel that goes nowhere else is not done.

use std::ops::Range;

use herd_golang::acts::{BodyId, Field};
use herd_golang::ast::{ExprId, Pos, StmtId};
use herd_golang::flow::StepId;
use herd_golang::types::{LocalId, ObjectId};
use rustc_hash::FxHashMap;

pub use build::channels;

#[path = "source_channels_build.rs"]
mod build;
#[path = "source_channels_ops.rs"]
mod ops;

/// The channels of a package.
#[derive(Default)]
pub struct Channels {
    /// What is done to channels, by body.
    pub ops: Vec<Op>,
    /// Every `make` of one.
    pub made: Vec<Made>,
    /// Where they may be.
    pub nodes: Vec<Held>,
    ids: FxHashMap<Node, NodeId>,
    of: Vec<Range<usize>>,
    made_in: FxHashMap<BodyId, Vec<MadeId>>,
    held: FxHashMap<(u32, ExprId), NodeId>,
}

/// A node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// A channel by where it was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MadeId(pub u32);

/// What may hold a channel, or several.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A variable of a function of a file.
    Local(u32, LocalId),
    /// A field, of all values.
    Field(Field),
    /// A variable of the package.
    Global(ObjectId),
    /// What a function returns.
    Result(BodyId, u16),
    /// An expression of a file: a channel or a list where it is made.
    Made(u32, ExprId),
}

/// What is known of a node.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which.
    pub node: Node,
    /// Where its value goes.
    pub to: Vec<NodeId>,
    /// Who else has it.
    pub open: Open,
    /// Whether it may have a value from elsewhere.
    pub from_elsewhere: bool,
    /// Whether it is set to `nil`.
    pub set_nil: bool,
    /// Whether it is compared with anything.
    pub compared: bool,
    /// How often it is set from something.
    pub sets: u32,
    /// The channels it may be.
    pub made: Vec<MadeId>,
}

/// What those may do who are not known.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Open {
    /// Send and close.
    pub send: bool,
    /// Receive.
    pub receive: bool,
}

/// A channel, or all those that one `make` makes.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file.
    pub file: u32,
    /// The call of `make`.
    pub at: ExprId,
    /// Its place.
    pub pos: Pos,
    /// Where it is made, if it is in a function.
    pub by: Option<(BodyId, StepId)>,
    /// How many values it holds.
    pub capacity: Capacity,
    /// Where it may be.
    pub nodes: Vec<NodeId>,
    /// Who else has it.
    pub open: Open,
    /// What is done to it, by [`Channels::ops`].
    pub ops: Vec<usize>,
}

/// How many values a channel holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capacity {
    /// So many.
    Known(i128),
    /// As many as this expression of the file says.
    Of(ExprId),
}

/// Something that is done to a channel.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// Where.
    pub body: BodyId,
    /// By which step.
    pub step: StepId,
    /// The place.
    pub pos: Pos,
    /// What.
    pub kind: OpKind,
    /// Whether when the function ends.
    pub deferred: bool,
    /// The channel as it is written.
    pub channel: ExprId,
    /// The channel, if it can be told.
    pub node: Option<NodeId>,
    /// The select it is a clause of, with its clauses counted, the `default:` apart.
    pub select: Option<(StmtId, u32)>,
    /// Whether that select has a `default:`.
    pub default: bool,
}

/// What is done to a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OpKind {
    /// `c <- x`
    Send,
    /// `<-c`
    Receive,
    /// `range c`
    Range,
    /// `close(c)`
    Close,
}

impl Op {
    /// Whether nothing but this can go on: no other clause, no `default:`.
    pub fn is_alone(&self) -> bool {
        !self.default && self.select.is_none_or(|(_, clauses)| clauses == 1) && self.kind != OpKind::Close
    }

    /// Whether it takes a value or the word that there is none.
    pub fn is_receive(&self) -> bool {
        matches!(self.kind, OpKind::Receive | OpKind::Range)
    }
}

impl Channels {
    /// What a body does.
    pub fn ops_of(&self, body: BodyId) -> &[Op] {
        self.of.get(body.0 as usize).and_then(|range| self.ops.get(range.clone())).unwrap_or_default()
    }

    /// The channels that a body makes.
    pub fn made_in(&self, body: BodyId) -> impl Iterator<Item = &Made> {
        self.made_in.get(&body).into_iter().flatten().filter_map(|id| self.made.get(id.0 as usize))
    }

    /// What is known of a node.
    pub fn held(&self, node: NodeId) -> Option<&Held> {
        self.nodes.get(node.0 as usize)
    }

    /// The node of something that may hold a channel.
    pub fn id(&self, node: Node) -> Option<NodeId> {
        self.ids.get(&node).copied()
    }

    /// The node of what is sent, received or handed over by an expression of a file.
    pub fn node_of(&self, file: u32, expr: ExprId) -> Option<NodeId> {
        self.held.get(&(file, expr)).copied()
    }

    /// The only channel that a node can be, made at one place and coming from nowhere else.
    pub fn only(&self, node: NodeId) -> Option<&Made> {
        let held = self.held(node)?;
        match (held.from_elsewhere, held.made.as_slice()) {
            (false, [one]) => self.made.get(one.0 as usize),
            _ => None,
        }
    }

    /// What is done to a channel.
    pub fn ops_on<'a>(&'a self, made: &'a Made) -> impl Iterator<Item = &'a Op> {
        made.ops.iter().filter_map(|index| self.ops.get(*index))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}
