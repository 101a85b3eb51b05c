//! Going through the bodies of a package: names and scopes, declarations, functions.

use rustc_hash::FxHashMap;

use super::Types;
use super::checked::{Checked, CheckedFile, Coverage};
use super::constant::Value;
use super::lookup::View;
use super::objects::{Declared, DeclaredFile, Imported, Imports, Object, ObjectId, ObjectKind, Receiver, Scope};
use super::operand::{Generic, Mode, Operand};
use super::output::{Callee, Function, FunctionId, FunctionNode, Local, LocalId, LocalKind, Meaning, Packed, Tables};
use super::resolve::Progress;
use super::table::{Type, TypeId};
use crate::ast::{Decl, DeclId, Expr, ExprId, FieldListId, File, Ident, List, Pos, Spec, SpecId, StmtId};
use crate::intern::{Symbol, known};
use crate::load::{PackageId, Role};
use crate::token::Token;

/// Which files of a package are gone through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// Its own.
    Package,
    /// Its own and its inner tests.
    WithTests,
    /// Those of its external test package.
    ExternalTests,
}

/// Finds out the types of all expressions of a package, and what its names refer to.
///
/// Where tests are asked for, [`Unit::WithTests`] stands for [`Unit::Package`]: its own files are gone through once. Of packages that no
/// pattern names there are declarations only.
///
/// Never fails. Linear in the files; declarations of dependencies are worked out once for all packages. Packages may be gone through at the
/// same time by several threads.
pub fn check<'t>(types: &'t Types<'_>, package: PackageId, unit: Unit) -> Checked<'t> {
    let scope = Scope::of(package, unit == Unit::ExternalTests);
    let view = (unit != Unit::Package).then(|| Scope::of(package, false));
    let Some(declared) = types.declared(scope) else { return Checked { files: Vec::new() } };
    let progress = Progress::default();
    let taken = declared.files.iter().enumerate().filter(|(_, file)| match file.role {
        Role::Package | Role::Cgo => unit != Unit::ExternalTests,
        Role::Test => unit == Unit::WithTests,
        Role::ExternalTest => unit == Unit::ExternalTests,
    });
    let one = |(index, file)| check_file(Checker::new(types, scope, view, declared, index as u32, file, &progress), file);
    Checked { files: taken.map(one).collect() }
}

fn check_file<'t>(mut checker: Checker<'_>, of: &'t DeclaredFile) -> CheckedFile<'t> {
    checker.recording = true;
    checker.out = Tables::of(of.file.expr_count());
    for decl in &of.file.decls {
        checker.declaration(*decl);
    }
    CheckedFile::new(checker.out, checker.coverage, of)
}

/// The state of going through a file, or through one declaration of it.
pub(super) struct Checker<'a> {
    pub(super) t: &'a Types<'a>,
    pub(super) progress: &'a Progress,
    pub(super) scope: Scope,
    /// The package whose inner tests are seen.
    pub(super) tests: Option<Scope>,
    pub(super) declared: &'a Declared,
    pub(super) file: &'a File,
    pub(super) imports: &'a Imports,
    pub(super) objects: &'a [(Pos, ObjectId)],
    /// What names mean here. Those of the package and beyond are put here when they are met.
    names: FxHashMap<Symbol, Meaning>,
    /// What names meant before inner scopes, to be restored.
    undo: Vec<(Symbol, Option<Meaning>)>,
    /// Where the innermost scope starts there.
    scope_start: usize,
    /// Which file of the package it is.
    pub(super) file_index: u32,
    /// Whether bodies are gone through and types of expressions kept.
    pub(super) recording: bool,
    pub(super) out: Tables,
    pub(super) coverage: Coverage,
    pub(super) iota: Option<u32>,
    /// The function at hand and its results.
    pub(super) function: Option<FunctionId>,
    pub(super) results: Vec<TypeId>,
    pub(super) generics: Vec<Generic>,
    /// Expressions looked at ahead of those they are part of.
    pub(super) ahead: FxHashMap<ExprId, Operand>,
    /// Whether a call or receive was met, which makes the length of an array no constant.
    pub(super) met_call: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        types: &'a Types<'_>,
        scope: Scope,
        tests: Option<Scope>,
        declared: &'a Declared,
        file_index: u32,
        of: &'a DeclaredFile,
        progress: &'a Progress,
    ) -> Self {
        Self {
            t: types,
            progress,
            scope,
            tests,
            declared,
            file: &of.file,
            imports: &of.imports,
            objects: &of.objects,
            names: FxHashMap::default(),
            undo: Vec::new(),
            scope_start: 0,
            file_index,
            recording: false,
            out: Tables::default(),
            coverage: Coverage::default(),
            iota: None,
            function: None,
            results: Vec::new(),
            generics: Vec::new(),
            ahead: FxHashMap::default(),
            met_call: false,
        }
    }

    /// For a declaration alone.
    pub(super) fn of_object(types: &'a Types<'_>, object: &Object, progress: &'a Progress) -> Option<Self> {
        let scope = object.scope?;
        let declared = types.declared(scope)?;
        let file = declared.files.get(object.file as usize)?;
        Some(Self::new(types, scope, types.view_of(object), declared, object.file, file, progress))
    }

    pub(super) fn view(&self) -> View<'a> {
        View { from: Some(self.scope), tests: self.tests, progress: self.progress }
    }

    pub(super) fn under(&self, id: TypeId) -> TypeId {
        self.t.underlying_of(id, self.progress)
    }

    /// A type by what its declaration comes to.
    pub(super) fn under_type(&self, id: TypeId) -> &'a Type {
        self.t.get(self.under(id))
    }

    /// What a name means here.
    pub(super) fn meaning_of(&mut self, name: Symbol) -> Meaning {
        if let Some(known) = self.names.get(&name) {
            return *known;
        }
        let meaning = self.global(name);
        if self.recording {
            self.names.insert(name, meaning);
        }
        meaning
    }

    fn global(&self, name: Symbol) -> Meaning {
        if let Some(id) = self.declared.names.get(&name) {
            return Meaning::Object(*id);
        }
        if self.tests == Some(self.scope)
            && let Some(id) = self.declared.test_names.get(&name)
        {
            return Meaning::Object(*id);
        }
        if let Some(index) = self.imports.names.get(&name) {
            return Meaning::Import(*index);
        }
        for index in &self.imports.dots {
            match self.imports.list.get(*index as usize).map(|import| import.target) {
                Some(Imported::Package(package)) if self.t.is_exported(name) => {
                    if let Some(id) = self.member(package, name) {
                        return Meaning::Object(id);
                    }
                }
                Some(Imported::Unsafe) => match self.t.universe.lookup_unsafe(name) {
                    Meaning::None => {}
                    meaning => return meaning,
                },
                Some(Imported::Package(_) | Imported::Cgo | Imported::Unknown) | None => {}
            }
        }
        self.t.universe.lookup(name)
    }

    /// What a package declares under a name, as seen from here.
    pub(super) fn member(&self, package: PackageId, name: Symbol) -> Option<ObjectId> {
        let scope = Scope::of(package, false);
        let declared = self.t.declared(scope)?;
        let found = declared.names.get(&name);
        found.or_else(|| (self.tests == Some(scope)).then(|| declared.test_names.get(&name)).flatten()).copied()
    }

    /// Opens a scope; what this gives tells [`Checker::close`] which one is around it.
    pub(super) fn open(&mut self) -> usize {
        std::mem::replace(&mut self.scope_start, self.undo.len())
    }

    pub(super) fn close(&mut self, outer: usize) {
        while self.undo.len() > self.scope_start {
            let Some((name, before)) = self.undo.pop() else { break };
            match before {
                Some(meaning) => self.names.insert(name, meaning),
                None => self.names.remove(&name),
            };
        }
        self.scope_start = outer;
    }

    /// Gives a name a meaning up to the end of the scope.
    pub(super) fn bind(&mut self, name: Symbol, meaning: Meaning) {
        if name != known::BLANK && name != known::EMPTY {
            let before = self.names.insert(name, meaning);
            self.undo.push((name, before));
        }
    }

    /// Whether a name was bound in the innermost scope.
    pub(super) fn bound_here(&self, name: Symbol) -> bool {
        self.undo.get(self.scope_start..).is_some_and(|bound| bound.iter().any(|(known, _)| *known == name))
    }

    /// Binds the names of an object's type parameters.
    pub(super) fn bind_params(&mut self, owner: ObjectId) {
        let types = self.t;
        for (index, name) in types.type_params(owner).iter().enumerate() {
            let param = types.table.intern(Type::TypeParam { owner, index: index as u32 });
            self.bind(*name, Meaning::TypeParam(param));
        }
    }

    /// A new variable, not bound yet.
    pub(super) fn add_local(&mut self, name: Ident, ty: TypeId, kind: LocalKind) -> LocalId {
        let id = LocalId(self.out.locals.len() as u32);
        self.out.locals.push(Local { name: name.name, pos: name.pos, ty, function: self.function, kind });
        id
    }

    pub(super) fn declare_local(&mut self, name: Ident, ty: TypeId, kind: LocalKind) -> LocalId {
        let id = self.add_local(name, ty, kind);
        self.bind(name.name, Meaning::Local(id));
        id
    }

    fn declaration(&mut self, decl: DeclId) {
        match *self.file.decl(decl) {
            Decl::Bad => {}
            Decl::Gen { keyword, specs, .. } => self.package_specs(keyword, specs),
            Decl::Func { recv, name, ty, body, .. } => self.function(decl, recv, name, ty, body),
        }
    }

    fn object_at(&self, pos: Pos) -> Option<ObjectId> {
        let at = self.objects.binary_search_by_key(&pos, |(pos, _)| *pos).ok()?;
        self.objects.get(at).map(|(_, id)| *id)
    }

    fn package_specs(&mut self, keyword: Token, specs: List<SpecId>) {
        let file = self.file;
        for (iota, spec) in file.list(specs).iter().enumerate() {
            match *file.spec(*spec) {
                Spec::Import { .. } => {}
                Spec::Value { names, ty, values, .. } => {
                    self.iota = (keyword == Token::Const).then_some(iota as u32);
                    let declared = ty.map(|ty| self.typ(ty));
                    let targets: Vec<TypeId> = match declared {
                        Some(ty) => vec![ty; names.len()],
                        None => Vec::new(),
                    };
                    if keyword == Token::Const {
                        for (index, value) in file.list(values).iter().enumerate() {
                            let op = self.expr(*value);
                            if let Some(target) = targets.get(index) {
                                self.assign_to(*value, op, *target);
                            }
                        }
                    } else {
                        let of = |index: usize| targets.get(index).copied();
                        self.initialise(names.len(), file.list(values), &of);
                    }
                    self.iota = None;
                }
                Spec::Type { name, type_params, ty, .. } => {
                    let open = self.open();
                    if let Some(owner) = self.object_at(name.pos) {
                        self.bind_params(owner);
                    }
                    self.param_constraints(type_params);
                    self.typ(ty);
                    self.close(open);
                }
            }
        }
    }

    /// Looks at the constraints of type parameters, whose names are bound.
    pub(super) fn param_constraints(&mut self, list: Option<FieldListId>) {
        let file = self.file;
        for field in list.into_iter().flat_map(|list| file.fields(list)) {
            self.constraint_type(field.ty);
        }
    }

    fn function(&mut self, decl: DeclId, recv: Option<FieldListId>, name: Ident, ty: ExprId, body: Option<StmtId>) {
        let open = self.open();
        let object = self.object_at(name.pos);
        if let Some(owner) = object {
            self.bind_params(owner);
        }
        let Expr::FuncType { type_params, params, results, .. } = *self.file.expr(ty) else { return };
        self.param_constraints(type_params);
        let signature = object.map_or(TypeId::UNKNOWN, |object| self.t.object_type_of(object, self.progress));
        let id = FunctionId(self.out.functions.len() as u32);
        self.out.functions.push(Function { node: FunctionNode::Decl(decl), outer: None, object, signature });
        self.function = Some(id);
        if let (Some(recv), Some(method)) = (recv, object) {
            self.receiver(recv, method);
        }
        self.typ(ty);
        self.params(signature, params, results);
        self.results = self.results_of(signature);
        if let Some(body) = body {
            self.body(body);
        }
        self.function = None;
        self.results.clear();
        self.close(open);
    }

    fn receiver(&mut self, recv: FieldListId, method: ObjectId) {
        let file = self.file;
        for field in file.fields(recv) {
            let receiver = Receiver::of(file, field.ty);
            let base = match receiver.base.map(|base| self.meaning_of(base.name)) {
                Some(Meaning::Object(id)) => Some(id),
                _ => None,
            };
            let mut ty =
                if receiver.params.is_empty() { self.typ(field.ty) } else { self.generic_receiver(&receiver, base, method) };
            if !receiver.params.is_empty() && receiver.pointer {
                ty = self.t.pointer_to(ty);
                self.record_type(field.ty, ty);
            }
            for name in file.list(field.names) {
                self.declare_local(*name, ty, LocalKind::Receiver);
            }
        }
    }

    /// `List[T]` of a receiver, where `T` is declared by being named.
    fn generic_receiver(&mut self, receiver: &Receiver, base: Option<ObjectId>, method: ObjectId) -> TypeId {
        let mut args = Vec::new();
        for (index, written) in receiver.params.iter().enumerate() {
            let param = self.t.table.intern(Type::TypeParam { owner: method, index: index as u32 });
            if let Some((id, _)) = written {
                self.record_meaning(*id, Meaning::TypeParam(param));
                self.record_type(*id, param);
            }
            args.push(param);
        }
        let Some(base) = base else { return TypeId::UNKNOWN };
        self.record_meaning(receiver.base_expr, Meaning::Object(base));
        let origin = self.t.object_type_of(base, self.progress);
        self.record_type(receiver.base_expr, origin);
        let ty = self.t.table.intern(Type::Named { object: base, args: args.into() });
        self.record_type(receiver.whole, ty);
        ty
    }

    /// Declares parameters and results, whose types were looked at.
    pub(super) fn params(&mut self, signature: TypeId, params: FieldListId, results: Option<FieldListId>) {
        let file = self.file;
        let types = self.t;
        let Type::Signature(signature) = types.get(signature) else { return };
        let lists = [(Some(params), LocalKind::Param, &signature.params), (results, LocalKind::Result, &signature.results)];
        for (list, kind, types) in lists {
            let mut types = types.iter().copied();
            for field in list.into_iter().flat_map(|list| file.fields(list)) {
                if field.names.is_empty() {
                    types.next();
                }
                for name in file.list(field.names) {
                    let ty = types.next().unwrap_or(TypeId::UNKNOWN);
                    self.declare_local(*name, ty, kind);
                }
            }
        }
    }

    pub(super) fn results_of(&self, signature: TypeId) -> Vec<TypeId> {
        match self.t.get(signature) {
            Type::Signature(signature) => signature.results.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Type and value of one name of a package's constants or variables.
    pub(super) fn package_value(
        &mut self,
        kind: ObjectKind,
        spec: SpecId,
        index: usize,
        iota: u32,
        from: SpecId,
    ) -> (TypeId, Option<Value>) {
        let unknown = (TypeId::UNKNOWN, None);
        let Spec::Value { names, .. } = *self.file.spec(spec) else { return unknown };
        let Spec::Value { ty, values, .. } = *self.file.spec(from) else { return unknown };
        let declared = ty.map(|ty| self.typ(ty));
        let values = self.file.list(values);
        if kind == ObjectKind::Const {
            self.iota = Some(iota);
            let Some(value) = values.get(index) else { return (declared.unwrap_or(TypeId::UNKNOWN), None) };
            let op = self.expr(*value);
            let op = match declared {
                Some(ty) => self.assign_to(*value, op, ty),
                None => op,
            };
            return if op.is_constant() { (op.ty, op.value) } else { (declared.unwrap_or(TypeId::UNKNOWN), None) };
        }
        if let Some(declared) = declared {
            return (declared, None);
        }
        let ty = match values {
            [value] if names.len() > 1 => {
                let parts = self.multi(*value, names.len());
                parts.get(index).map(Operand::variable_type)
            }
            values => values.get(index).map(|value| {
                let op = self.expr(*value);
                op.variable_type()
            }),
        };
        (ty.unwrap_or(TypeId::UNKNOWN), None)
    }

    pub(super) fn record(&mut self, id: ExprId, op: &Operand) {
        if !self.recording {
            return;
        }
        match op.mode {
            Mode::Builtin(_) => {}
            Mode::Unknown
            | Mode::Nothing
            | Mode::Type
            | Mode::Constant
            | Mode::Variable
            | Mode::MapIndex
            | Mode::Value
            | Mode::Vague
            | Mode::Nil
            | Mode::CommaOk
            | Mode::GenericAlias(_)
            | Mode::Generic(_) => self.record_type(id, op.ty),
        }
        let bits = match op.mode {
            Mode::Constant => &mut self.out.constant_bits,
            Mode::Vague => &mut self.out.vague_bits,
            _ => return,
        };
        if let Some(bits) = bits.get_mut(id.index() / 64) {
            *bits |= 1 << (id.index() % 64);
        }
        if let (true, Some(value)) = (op.is_constant(), op.value) {
            self.out.constants.push((id, value));
        }
    }

    pub(super) fn record_type(&mut self, id: ExprId, ty: TypeId) {
        if let Some(cell) = self.out.types.get_mut(id.index()) {
            *cell = ty;
            self.coverage.expressions += 1;
            self.coverage.unknown += u32::from(ty.is_unknown());
        }
    }

    pub(super) fn record_meaning(&mut self, id: ExprId, meaning: Meaning) {
        if let Some(cell) = self.out.meanings.get_mut(id.index()) {
            *cell = Packed::of_meaning(meaning);
        }
    }

    pub(super) fn record_callee(&mut self, id: ExprId, callee: Callee) {
        if let Some(cell) = self.out.meanings.get_mut(id.index()) {
            *cell = Packed::of_callee(callee);
        }
    }

    pub(super) fn recorded(&self, id: ExprId) -> TypeId {
        self.out.types.get(id.index()).copied().unwrap_or(TypeId::UNKNOWN)
    }
}
