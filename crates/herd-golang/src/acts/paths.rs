//! Access paths: what a lock or channel is called within a function, as a root and the fields that lead from it.

use rustc_hash::FxHashMap;

use super::locals::Uses;
use crate::ast::{Expr, ExprId};
use crate::token::Token;
use crate::types::{CheckedFile, LocalId, Meaning, ObjectId, Selection, SelectionKind, Type, TypeId, Types};

/// A path of a package. Equal ones are equal numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathId(pub u32);

/// The last step of a path. Pointers are followed without a step of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// A variable of a function: the file, and which.
    Local(u32, LocalId),
    /// A variable of a package.
    Global(ObjectId),
    /// A field, by the struct that has it.
    Field(PathId, Field),
    /// Any element of a slice, array or map: two of them need not be the same.
    Element(PathId),
    /// What a call of a method without arguments, on the path, returns: `ctx.Done()`. Told apart by the method's name only.
    Call(PathId, crate::Symbol),
}

/// A field by its struct, for all values of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Field {
    /// Whose it is.
    pub owner: Owner,
    /// Which of its fields.
    pub index: u16,
}

/// A struct.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    /// A declared one, all instances of a generic one alike.
    Declared(ObjectId),
    /// Another one.
    Type(TypeId),
}

/// All paths of a package.
#[derive(Default)]
pub struct Paths {
    steps: Vec<Step>,
    ids: FxHashMap<Step, PathId>,
}

/// Longer ones are unknown.
const STEPS_MAX: usize = 24;

impl Paths {
    /// The last step of a path.
    pub fn last(&self, id: PathId) -> Step {
        self.steps[id.0 as usize]
    }

    /// The path that this one goes on from.
    pub fn parent(&self, id: PathId) -> Option<PathId> {
        match self.last(id) {
            Step::Local(..) | Step::Global(_) => None,
            Step::Field(parent, _) | Step::Element(parent) | Step::Call(parent, _) => Some(parent),
        }
    }

    /// Where a path starts.
    pub fn root(&self, id: PathId) -> Step {
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            at = parent;
        }
        self.last(at)
    }

    /// Whether it stands for one thing at one time: no element of many is on the way.
    pub fn is_exact(&self, id: PathId) -> bool {
        let mut at = Some(id);
        while let Some(path) = at {
            if matches!(self.last(path), Step::Element(_)) {
                return false;
            }
            at = self.parent(path);
        }
        true
    }

    /// A path by its last step.
    pub fn intern(&mut self, step: Step) -> PathId {
        let next = PathId(self.steps.len() as u32);
        *self.ids.entry(step).or_insert_with(|| {
            self.steps.push(step);
            next
        })
    }
}

/// What paths are told from: a file and what becomes of its variables.
#[derive(Clone, Copy)]
pub(super) struct Origins<'a, 'c> {
    pub(super) types: &'a Types<'c>,
    pub(super) checked: &'a CheckedFile<'c>,
    pub(super) number: u32,
    pub(super) uses: &'a [Uses],
}

impl Origins<'_, '_> {
    /// The path that an expression is, where it is one. `&x` and `*x` are the path of `x`. A variable that has its only value from a path
    /// that cannot change is that path.
    pub(super) fn path(&self, paths: &mut Paths, expr: ExprId) -> Option<PathId> {
        let file = self.checked.file;
        // From the outermost step inwards, at last the root.
        let mut steps = Vec::new();
        let mut at = expr;
        let mut root = loop {
            if steps.len() > STEPS_MAX {
                return None;
            }
            match *file.expr(at) {
                Expr::Paren { x } | Expr::Star { x } | Expr::Unary { op: Token::And, x } => at = x,
                Expr::Selector { x, .. } => {
                    if let Meaning::Object(object) = self.checked.meaning(at) {
                        break paths.intern(Step::Global(object));
                    }
                    steps.push(at);
                    at = x;
                }
                Expr::Index { x, .. } => {
                    steps.push(at);
                    at = x;
                }
                Expr::Call { fun, args, .. } if args.is_empty() => {
                    let Expr::Selector { x, .. } = *file.expr(fun) else { return None };
                    self.checked.selection(fun)?;
                    steps.push(at);
                    at = x;
                }
                Expr::Ident { .. } => match self.checked.meaning(at) {
                    Meaning::Local(local) => match self.alias(local) {
                        Some(only) => at = only,
                        None => break paths.intern(Step::Local(self.number, local)),
                    },
                    Meaning::Object(object) => break paths.intern(Step::Global(object)),
                    _ => return None,
                },
                _ => return None,
            }
        };
        for step in steps.into_iter().rev() {
            root = match *file.expr(step) {
                Expr::Selector { .. } => {
                    let selection = self.checked.selection(step)?;
                    if selection.kind != SelectionKind::Field {
                        return None;
                    }
                    self.fields(paths, root, selection, selection.path.indices())?
                }
                Expr::Call { fun, .. } => {
                    let selection = self.checked.selection(fun)?;
                    paths.intern(Step::Call(root, selection.name))
                }
                _ => paths.intern(Step::Element(root)),
            };
        }
        Some(root)
    }

    /// The path to what a method is called on, embedded fields included.
    pub(super) fn receiver(&self, paths: &mut Paths, selector: ExprId) -> Option<PathId> {
        let Expr::Selector { x, .. } = *self.checked.file.expr(selector) else { return None };
        let selection = self.checked.selection(selector)?;
        let indices = selection.path.indices();
        let root = self.path(paths, x)?;
        let embedded = indices.get(..indices.len().saturating_sub(1))?;
        self.fields(paths, root, selection, embedded.get(..self.before_wrapper(selection, embedded))?)
    }

    /// How many embedded fields there are before one of a type that wraps another of package sync: the wrapper is the group or `Cond`.
    fn before_wrapper(&self, selection: &Selection, embedded: &[u16]) -> usize {
        let mut ty = selection.receiver;
        for (at, index) in embedded.iter().enumerate() {
            let owner = self.types.pointed_at(ty);
            if super::known::wraps(self.types, owner) {
                return at;
            }
            let Type::Struct(fields) = self.types.get(self.types.underlying(owner)) else { break };
            let Some(field) = fields.get(usize::from(*index)) else { break };
            ty = field.ty;
        }
        embedded.len()
    }

    /// The path with the fields of a selection, embedded ones on the way included.
    fn fields(&self, paths: &mut Paths, root: PathId, selection: &Selection, indices: &[u16]) -> Option<PathId> {
        let (mut path, mut ty) = (root, selection.receiver);
        for index in indices {
            let owner = self.types.pointed_at(ty);
            let Type::Struct(fields) = self.types.get(self.types.underlying(owner)) else { return None };
            let named = match self.types.get(owner) {
                Type::Named { object, .. } => Owner::Declared(*object),
                _ => Owner::Type(owner),
            };
            path = paths.intern(Step::Field(path, Field { owner: named, index: *index }));
            ty = fields.get(usize::from(*index))?.ty;
        }
        Some(path)
    }

    /// The expression whose path a variable is another name of.
    fn alias(&self, local: LocalId) -> Option<ExprId> {
        let origin = self.uses.get(local.0 as usize)?.only()?;
        if origin.result.is_some() {
            return None;
        }
        // What is copied is another one: only what refers to something is a name of it.
        let file = self.checked.file;
        let mut at = origin.expr;
        loop {
            match *file.expr(at) {
                Expr::Paren { x } => at = x,
                Expr::Unary { op: Token::And, x } => return self.keeps(x).then_some(x),
                _ => return None,
            }
        }
    }

    /// Whether a path stands for the same thing all the time: its root never changes and nothing on the way can be set.
    fn keeps(&self, expr: ExprId) -> bool {
        let file = self.checked.file;
        let mut at = expr;
        for _ in 0..STEPS_MAX {
            match *file.expr(at) {
                Expr::Paren { x } | Expr::Selector { x, .. } => at = x,
                Expr::Ident { .. } => {
                    return match self.checked.meaning(at) {
                        Meaning::Local(local) => self.uses.get(local.0 as usize).is_some_and(Uses::is_constant),
                        _ => true,
                    };
                }
                _ => return false,
            }
        }
        false
    }
}
