//! Functions that are handed to others: literals, and methods of something.

use super::paths::{Origins, PathId};
use super::summary::{Root, SumPath, along, around};
use super::{BodyId, Unit, UnitFile};
use crate::ast::{Expr, ExprId};
use crate::types::{Meaning, SelectionKind};

/// A function of the unit as a value.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Its body.
    pub body: BodyId,
    /// What it is a method of, in the file.
    receiver: Option<(u32, ExprId)>,
}

impl Unit<'_> {
    /// The function that a call gives a parameter of its callee, the receiver being the first.
    pub fn given(&self, by: BodyId, call: ExprId, param: u16) -> Option<Given> {
        if let Some(body) = self.literal_arg(by, call, param) {
            return Some(Given { body, receiver: None });
        }
        let number = self.body(by).file;
        let file = self.files.get(number as usize)?;
        let checked = &file.checked;
        let Expr::Call { fun, args, .. } = *checked.file.expr(call) else { return None };
        let is_method = checked.has_receiver(fun);
        let index = usize::from(param).checked_sub(usize::from(is_method))?;
        let x = checked.file.unparen(*checked.file.list(args).get(index)?);
        match *checked.file.expr(x) {
            Expr::Selector { .. } => {
                let method = checked.selection(x).filter(|one| one.kind == SelectionKind::Method)?;
                Some(Given { body: self.body_of(method.object?)?, receiver: Some((number, x)) })
            }
            Expr::Ident { .. } => match checked.meaning(x) {
                Meaning::Object(object) => Some(Given { body: self.body_of(object)?, receiver: None }),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a path of a function that was handed over is called where that was done.
    pub fn path_given(&mut self, given: &Given, path: &SumPath) -> Option<PathId> {
        match (path.root, given.receiver) {
            (Root::Param(0), Some((number, selector))) => {
                let Self { types, files, paths, .. } = &mut *self;
                let UnitFile { checked, uses, .. } = files.get(number as usize)?;
                let start = Origins { types, checked, number, uses }.receiver(paths, selector)?;
                Some(along(self, start, &path.fields))
            }
            (Root::Param(_), _) => None,
            (Root::Global(_) | Root::Around(..), _) => around(self, path),
        }
    }
}
