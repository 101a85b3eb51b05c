//! Calls and conversions.

use super::ObjectKind;
use super::check::Checker;
use super::lookup::SelectionKind;
use super::operand::{Mode, Operand};
use super::output::{Callee, Meaning};
use super::table::{Signature, Type, TypeId};
use crate::ast::{Expr, ExprId, List};

impl Checker<'_> {
    pub(super) fn call(&mut self, id: ExprId, fun: ExprId, args: List<ExprId>, spread: bool) -> Operand {
        let callee = self.raw(fun, TypeId::UNKNOWN);
        let args = self.file.list(args);
        match callee.mode {
            Mode::Type => {
                self.record_callee(id, Callee::Conversion);
                return self.convert_call(callee.ty, args);
            }
            Mode::Builtin(builtin) => {
                self.record_callee(id, Callee::Builtin(builtin));
                let op = self.builtin(builtin, args, spread);
                self.met_call |= !op.is_constant();
                return op;
            }
            _ => {}
        }
        self.record_callee(id, self.callee_of(fun, &callee));
        let list = self.arguments(args);
        self.met_call = true;
        let signature = match callee.mode {
            Mode::Generic(_) => Some(self.t.get(callee.ty)),
            Mode::Unknown | Mode::Nothing | Mode::GenericAlias(_) => None,
            _ => self.core_type(callee.ty),
        };
        let Some(Type::Signature(signature)) = signature else {
            for (arg, op) in list {
                self.assign_to(arg, op, TypeId::UNKNOWN);
            }
            return Operand::UNKNOWN;
        };
        if let Mode::Generic(at) = callee.mode {
            return self.call_generic(fun, at, signature, &list, spread);
        }
        let params = self.params_for(signature, list.len(), spread);
        for ((arg, op), param) in list.iter().zip(params) {
            self.assign_to(*arg, *op, param);
        }
        self.results(&signature.results)
    }

    fn results(&self, results: &[TypeId]) -> Operand {
        match results {
            [] => Operand::NOTHING,
            [result] => Operand::value(*result),
            results => Operand::value(self.t.table.intern(Type::Tuple(results.into()))),
        }
    }

    fn call_generic(&mut self, fun: ExprId, at: u32, signature: &Signature, args: &[(ExprId, Operand)], spread: bool) -> Operand {
        let Some(generic) = self.generics.get(at as usize).cloned() else { return Operand::UNKNOWN };
        let params = self.params_for(signature, args.len(), spread);
        let Some(inferred) = self.infer(&generic, &params, args) else {
            self.lose(fun);
            for ((arg, op), param) in args.iter().zip(params) {
                let known = !self.t.has_params(param);
                self.assign_to(*arg, *op, if known { param } else { TypeId::UNKNOWN });
            }
            let op = self.results(&signature.results);
            return if self.t.has_params(op.ty) { Operand::UNKNOWN } else { op };
        };
        for (arg, types) in inferred.of_arguments {
            if let Some((arg, op)) = args.get(arg)
                && let Mode::Generic(of) = op.mode
                && let Some(argument) = self.generics.get(of as usize).cloned()
            {
                self.finish_generic(*arg, &argument, types);
            }
        }
        let instance = self.finish_generic(fun, &generic, inferred.args.clone());
        for ((arg, op), param) in args.iter().zip(&params) {
            if !matches!(op.mode, Mode::Generic(_)) {
                let param = self.t.subst(*param, generic.object, &inferred.args);
                self.assign_to(*arg, *op, param);
            }
        }
        match self.t.get(instance.ty) {
            Type::Signature(signature) => self.results(&signature.results),
            _ => Operand::UNKNOWN,
        }
    }

    /// A parameter's type for each argument.
    fn params_for(&self, signature: &Signature, count: usize, spread: bool) -> Vec<TypeId> {
        let mut params = signature.params.to_vec();
        if signature.variadic && !spread {
            let last = match params.pop().map(|last| self.t.get(last)) {
                Some(Type::Slice(of)) => *of,
                _ => TypeId::UNKNOWN,
            };
            params.resize(count.max(params.len()), last);
        }
        params.resize(count, TypeId::UNKNOWN);
        params
    }

    /// Arguments one by one; a call with several results stands for all of them.
    pub(super) fn arguments(&mut self, args: &[ExprId]) -> Vec<(ExprId, Operand)> {
        if let [arg] = args {
            let op = self.raw(*arg, TypeId::UNKNOWN);
            if let Type::Tuple(types) = self.t.get(op.ty)
                && op.mode == Mode::Value
            {
                return types.iter().map(|ty| (*arg, Operand::value(*ty))).collect();
            }
            return vec![(*arg, self.argument(op))];
        }
        args.iter()
            .map(|arg| {
                let op = self.raw(*arg, TypeId::UNKNOWN);
                (*arg, self.argument(op))
            })
            .collect()
    }

    fn argument(&self, op: Operand) -> Operand {
        let fits = matches!(op.mode, Mode::Generic(_)) || op.is_value() && !matches!(self.t.get(op.ty), Type::Tuple(_));
        if fits { op } else { Operand::UNKNOWN }
    }

    fn convert_call(&mut self, to: TypeId, args: &[ExprId]) -> Operand {
        let mut result = Operand::UNKNOWN;
        for (at, arg) in args.iter().enumerate() {
            let op = self.raw(*arg, TypeId::UNKNOWN);
            let op = self.argument(op);
            let converted = self.conversion(*arg, op, to);
            if at == 0 {
                result = converted;
            }
        }
        result
    }

    fn callee_of(&self, fun: ExprId, op: &Operand) -> Callee {
        if !self.recording {
            return Callee::None;
        }
        let mut at = self.file.unparen(fun);
        if let Expr::Index { x, .. } | Expr::IndexList { x, .. } = *self.file.expr(at) {
            // Of a map or slice of functions it is the value that counts.
            let inner = self.file.unparen(x);
            let meaning = self.out.meanings.get(inner.index()).map(|packed| packed.meaning());
            if let Some(Meaning::Object(id)) = meaning
                && matches!(self.t.kind(id), Some(ObjectKind::Func))
            {
                return Callee::Static(id);
            }
            if let Some(Meaning::Selection(_)) = meaning
                && (matches!(op.mode, Mode::Generic(_)) || self.out.instances.last().is_some_and(|(id, _)| *id == inner))
            {
                at = inner;
            }
        }
        let is_name = matches!(*self.file.expr(at), Expr::Ident { .. } | Expr::Selector { .. });
        let meaning = self.out.meanings.get(at.index()).filter(|_| is_name).map_or(Meaning::None, |packed| packed.meaning());
        match meaning {
            Meaning::Object(id) if matches!(self.t.kind(id), Some(ObjectKind::Func)) => Callee::Static(id),
            Meaning::Selection(index) => {
                let selection = self.out.selections.get(index as usize);
                match selection.map(|selection| (selection.kind, selection.object)) {
                    Some((SelectionKind::Method | SelectionKind::MethodExpression, Some(id))) => Callee::Static(id),
                    Some((SelectionKind::InterfaceMethod | SelectionKind::InterfaceMethodExpression, _)) => {
                        Callee::Interface(index)
                    }
                    _ if op.ty.is_unknown() => Callee::None,
                    _ => Callee::Dynamic,
                }
            }
            _ if op.ty.is_unknown() => Callee::None,
            _ => Callee::Dynamic,
        }
    }
}
