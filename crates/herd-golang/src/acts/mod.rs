//! What the functions of a package do that matters to concurrency: locks, channels, wait groups, contexts, calls, goroutines, in the order
//! of their control flow.
//!
//! A [`Unit`] is a package gone through once: types, variables, a [`Graph`] a function with [`Act`]s at its steps. What an act is about is an
//! access path ([`PathId`]), or unknown. Rules read units and the summaries of what is called; they are silent where something is unknown.

#![allow(clippy::wildcard_enum_match_arm, reason = "most ask for a few shapes of dozens; what must know all shapes names all")]

mod given;
mod keys;
mod known;
mod locals;
mod lower;
mod order;
mod paths;
mod steps;
mod summary;

use rustc_hash::FxHashMap;

use crate::Symbol;
use crate::ast::{Decl, Expr, ExprId, Pos, StmtId};
use crate::flow::{Graph, StepId};
use crate::load::PackageId;
use crate::types::{self, CheckedFile, FunctionId, FunctionNode, LocalId, LocalKind, ObjectId, TypeId, Types};

pub use given::Given;
pub use keys::{KeyTaken, LockKey, lock_key};
pub use known::{Known, KnownNames};
pub use locals::{Origin, Uses};
pub use paths::{Field, Owner, PathId, Paths, Step};
pub use steps::Steps;
pub use summary::{
    Acquired, CallsUnderLock, LockAct, LockWhat, Released, Root, SentResult, SumPath, Summaries, Summary, around, in_caller,
    is_given_elsewhere, kept_way, summarise,
};

use locals::Index;

/// A package, gone through.
pub struct Unit<'t> {
    /// All types.
    pub types: &'t Types<'t>,
    /// Which package.
    pub package: PackageId,
    /// Which of its files.
    pub part: types::Unit,
    /// Its files.
    pub files: Vec<UnitFile<'t>>,
    /// Methods that give a lock back, taken as values and not called: nobody knows who calls them when.
    pub handed_on: Vec<PathId>,
    /// Its functions with bodies, literals included, by [`BodyId`].
    pub bodies: Vec<Body>,
    /// The literals written in each of them, those in literals too.
    pub within: Vec<Vec<BodyId>>,
    /// All access paths.
    pub paths: Paths,
    by_object: FxHashMap<ObjectId, BodyId>,
}

/// A file of a unit.
pub struct UnitFile<'t> {
    /// Types and meanings.
    pub checked: CheckedFile<'t>,
    /// What becomes of its variables, by their ids.
    pub uses: Vec<Uses>,
    /// The body of each function, by its id.
    pub bodies: Vec<Option<BodyId>>,
    index: Index,
}

/// A function with a body. Dense in a unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BodyId(pub u32);

/// What a function does.
pub struct Body {
    /// The file, in its unit.
    pub file: u32,
    /// Which function of the file.
    pub function: FunctionId,
    /// Its declaration, where it is no literal.
    pub object: Option<ObjectId>,
    /// The function it is written in.
    pub outer: Option<BodyId>,
    /// Its receiver, if it has one, and its parameters.
    pub params: Vec<LocalId>,
    /// Its block.
    pub block: StmtId,
    /// Its control flow.
    pub graph: Graph,
    /// What it does, in the order of the graph's steps.
    pub acts: Vec<Act>,
    /// Which variables its steps set, by variable.
    pub sets: Vec<(LocalId, StepId)>,
}

/// Something that a function does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Act {
    /// The step it belongs to.
    pub step: StepId,
    /// When it is done.
    pub when: When,
    /// Where it stands.
    pub pos: Pos,
    /// The call it is, if it is one.
    pub call: Option<ExprId>,
    /// What it is.
    pub kind: ActKind,
}

/// When something is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum When {
    /// Where it stands.
    Now,
    /// When the function ends.
    Deferred,
    /// In a goroutine of its own.
    Spawned,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActKind {
    /// A call of a function that is known by name; with what a method is called on.
    Known(Known, Option<PathId>),
    /// Any other call.
    Call(Target),
    /// `close(c)`
    Close(Option<PathId>),
    /// `c <- x`, in a select or not.
    Send(Option<PathId>),
    /// `<-c`, in a select or not; the next value of a `range`.
    Receive(Option<PathId>),
    /// The wait of a `select`; nothing where it has a `default:`.
    Select {
        /// The statement.
        stmt: StmtId,
        /// Whether it has a `default:`, and never waits.
        default: bool,
    },
}

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A declared function or method.
    Object(ObjectId),
    /// A function literal of the unit.
    Literal(BodyId),
    /// A method of an interface, by the interface's type.
    Interface(TypeId, Symbol),
    /// A value nobody knows.
    Unknown,
}

/// Goes through a package. Linear in its files.
pub fn unit<'t>(
    types: &'t Types<'t>,
    package: PackageId,
    part: types::Unit,
    known: &KnownNames,
    callees: &Summaries,
) -> Unit<'t> {
    let checked = types::check(types, package, part);
    let mut unit = Unit {
        types,
        package,
        part,
        files: Vec::new(),
        handed_on: Vec::new(),
        bodies: Vec::new(),
        within: Vec::new(),
        paths: Paths::default(),
        by_object: FxHashMap::default(),
    };
    for checked in checked.files {
        let index = Index::new(&checked);
        let uses = locals::uses(&checked, &index);
        let bodies = vec![None; checked.functions.len()];
        unit.files.push(UnitFile { checked, uses, bodies, index });
    }
    lower::bodies(&mut unit, known, callees);
    unit.within = within(&unit.bodies);
    unit
}

/// The literals within each body.
fn within(bodies: &[Body]) -> Vec<Vec<BodyId>> {
    let mut within = vec![Vec::new(); bodies.len()];
    for index in 0..bodies.len() {
        let mut at = bodies[index].outer;
        while let Some(outer) = at {
            within[outer.0 as usize].push(BodyId(index as u32));
            at = bodies[outer.0 as usize].outer;
        }
    }
    within
}

impl Body {
    /// The steps that set a variable.
    pub fn sets_of(&self, local: LocalId) -> impl Iterator<Item = StepId> {
        let from = self.sets.partition_point(|(one, _)| *one < local);
        self.sets.get(from..).unwrap_or_default().iter().take_while(move |(one, _)| *one == local).map(|(_, step)| *step)
    }
}

impl UnitFile<'_> {
    /// The body of a function literal.
    fn literal(&self, literal: ExprId) -> Option<BodyId> {
        *self.bodies.get(self.index.function(FunctionNode::Literal(literal))?.0 as usize)?
    }
}

impl Unit<'_> {
    /// A body.
    pub fn body(&self, id: BodyId) -> &Body {
        &self.bodies[id.0 as usize]
    }

    /// The body of a declared function of this unit.
    pub fn body_of(&self, object: ObjectId) -> Option<BodyId> {
        self.by_object.get(&object).copied()
    }

    /// The file of a body.
    pub fn file_of(&self, body: &Body) -> &UnitFile<'_> {
        &self.files[body.file as usize]
    }

    /// The path an expression of a file is.
    pub fn path(&mut self, file: u32, expr: ExprId) -> Option<PathId> {
        let Self { types, files, paths, .. } = self;
        let UnitFile { checked, uses, .. } = files.get(file as usize)?;
        paths::Origins { types, checked, number: file, uses }.path(paths, expr)
    }
}

impl Unit<'_> {
    /// The body of a function literal.
    pub fn literal(&self, file: u32, literal: ExprId) -> Option<BodyId> {
        self.files.get(file as usize)?.literal(literal)
    }

    /// The literal that a call gives a parameter of its callee, the receiver being the first.
    pub fn literal_arg(&self, by: BodyId, call: ExprId, param: u16) -> Option<BodyId> {
        let file = &self.files[self.body(by).file as usize];
        let tree = file.checked.file;
        let Expr::Call { fun, args, .. } = *tree.expr(call) else { return None };
        let is_method = file.checked.has_receiver(fun);
        let index = usize::from(param).checked_sub(usize::from(is_method))?;
        file.literal(lower::literal_of(file, *tree.list(args).get(index)?)?)
    }

    /// The path of what a method is called on, by the selector of the call.
    pub fn receiver(&mut self, file: u32, selector: ExprId) -> Option<PathId> {
        let Self { types, files, paths, .. } = self;
        let UnitFile { checked, uses, .. } = files.get(file as usize)?;
        paths::Origins { types, checked, number: file, uses }.receiver(paths, selector)
    }
}

/// The receiver and parameters of each function of a file.
fn params_of(checked: &CheckedFile<'_>) -> Vec<Vec<LocalId>> {
    let mut params = vec![Vec::new(); checked.functions.len()];
    for (id, local) in (0..).map(LocalId).zip(&checked.locals) {
        let of = local.function.and_then(|function| params.get_mut(function.0 as usize));
        if let (Some(of), LocalKind::Receiver | LocalKind::Param) = (of, local.kind) {
            of.push(id);
        }
    }
    params
}

/// The block of a function.
fn block_of(checked: &CheckedFile<'_>, node: FunctionNode) -> Option<StmtId> {
    match node {
        FunctionNode::Decl(id) => match *checked.file.decl(id) {
            Decl::Func { body, .. } => body,
            Decl::Bad | Decl::Gen { .. } => None,
        },
        FunctionNode::Literal(id) => match *checked.file.expr(id) {
            Expr::FuncLit { body, .. } => Some(body),
            _ => None,
        },
    }
}
