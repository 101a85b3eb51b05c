//! What is declared: objects as numbers, the scope of a package, what its files import.

use std::path::Path;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::Types;
use super::constant::Value;
use super::segments::Segments;
use super::table::{Type, TypeId};
use crate::ast::{Decl, DeclId, Expr, ExprId, FieldListId, File, Ident, List, Pos, Spec, SpecId};
use crate::intern::{Interner, Symbol, known};
use crate::load::{Language, PackageId, Program, Role, Target};
use crate::parser::{Mode, parse};
use crate::token::Token;

/// A constant, type, variable or function with a declaration: those of packages, methods, and the constants and types within functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId(pub(super) u32);

/// A package as its names see it: itself with its inner tests, or its external tests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope(pub(super) u32);

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ObjectKind {
    /// A constant.
    Const,
    /// A type of its own.
    Type,
    /// Another name of a type.
    Alias,
    /// A variable of a package.
    Var,
    /// A function.
    Func,
    /// A method with a body or a declaration of its own; those of interfaces are no objects.
    Method,
}

impl Scope {
    /// That of a package, or of its external tests.
    pub fn of(package: PackageId, external: bool) -> Self {
        Self(package.0.saturating_mul(2).saturating_add(u32::from(external)))
    }

    /// The package.
    pub fn package(self) -> PackageId {
        PackageId(self.0 / 2)
    }

    /// Whether it is that of the external tests.
    pub fn is_external(self) -> bool {
        self.0 % 2 == 1
    }
}

/// A declaration, and what was found out of it so far.
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    pub(super) name: Symbol,
    /// Nothing for what is predeclared.
    pub(super) scope: Option<Scope>,
    pub(super) file: u32,
    pub(super) pos: Pos,
    pub(super) source: Source,
    /// Whether it is declared with type parameters, its receiver's among them.
    pub(super) generic: bool,
    /// A value's type; that which a type's name denotes.
    pub(super) ty: OnceLock<TypeId>,
    pub(super) more: OnceLock<Box<More>>,
}

/// What few objects have.
#[derive(Default)]
pub(super) struct More {
    pub(super) underlying: OnceLock<TypeId>,
    pub(super) value: OnceLock<Option<Value>>,
    pub(super) constraints: OnceLock<Box<[TypeId]>>,
    pub(super) params: OnceLock<Box<[Symbol]>>,
}

/// Where an object's declaration is, in its file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// Nowhere, or told when it was made.
    None,
    /// The name of that place in a constant or variable declaration; what it lacks the one before it of its group has.
    Value {
        spec: SpecId,
        index: u32,
        iota: u32,
        from: SpecId,
    },
    Type {
        spec: SpecId,
    },
    Func {
        decl: DeclId,
    },
    /// A method: the name of its receiver's type, and whether it is written with `*`.
    Method {
        decl: DeclId,
        base: Symbol,
        pointer: bool,
    },
}

impl Object {
    pub(super) fn new(kind: ObjectKind, name: Ident, scope: Option<Scope>, file: u32, source: Source) -> Self {
        let (ty, more) = (OnceLock::new(), OnceLock::new());
        Self { kind, name: name.name, scope, file, pos: name.pos, source, generic: false, ty, more }
    }

    pub(super) fn more(&self) -> &More {
        self.more.get_or_init(Box::default)
    }
}

/// All that a package declares.
#[derive(Default)]
pub(super) struct Declared {
    pub(super) files: Vec<DeclaredFile>,
    pub(super) names: FxHashMap<Symbol, ObjectId>,
    /// Those of its inner tests, which only tests see.
    pub(super) test_names: FxHashMap<Symbol, ObjectId>,
    pub(super) methods: FxHashMap<(Symbol, Symbol), ObjectId>,
    pub(super) test_methods: FxHashMap<(Symbol, Symbol), ObjectId>,
    /// Methods by the name of their receiver's type, in order.
    pub(super) methods_of: FxHashMap<Symbol, Vec<ObjectId>>,
    /// Those whose receivers are pointers because an alias is one.
    pub(super) by_pointer_alias: Vec<ObjectId>,
}

/// A file of a package.
pub(super) struct DeclaredFile {
    pub(super) file: File,
    /// Its place in [`crate::load::Package::files`].
    pub(super) source: u32,
    pub(super) role: Role,
    pub(super) language: Language,
    /// By place; those named `_` too.
    pub(super) objects: Vec<(Pos, ObjectId)>,
    pub(super) imports: Imports,
}

/// What a file imports.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) list: Vec<Import>,
    pub(super) names: FxHashMap<Symbol, u32>,
    /// Those whose names are the file's own.
    pub(super) dots: Vec<u32>,
}

/// One import of a file.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// Its declaration.
    pub spec: SpecId,
    /// The name it has in the file.
    pub name: Symbol,
    /// What it leads to.
    pub target: Imported,
}

/// What an import leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imported {
    /// A package.
    Package(PackageId),
    /// `unsafe`
    Unsafe,
    /// `C`: all its names are unknown.
    Cgo,
    /// What was not found.
    Unknown,
}

/// Aliases of aliases that a receiver is followed through.
const ALIASES_MAX: usize = 10;

/// Reads the files of a package: of named ones all, of others all but the bodies of functions.
pub(super) fn declare(types: &Types<'_>, scope: Scope) -> Declared {
    let mut declared = Declared::default();
    let program = types.program;
    let Some(package) = program.package(scope.package()) else { return declared };
    let mut aliases = FxHashMap::default();
    let named = (scope.package().0 as usize) < program.named;
    for (index, source) in package.files.iter().enumerate() {
        if (source.role == Role::ExternalTest) != scope.is_external() {
            continue;
        }
        // What cannot be read is told by who loads the program.
        let text = crate::load::read(program, scope.package(), &source.name).unwrap_or_default();
        let mode = if named { Mode::Full } else { Mode::Declarations };
        let file = parse(text, types.names, mode);
        let imports = imports(&file, program, scope, source.role, types.names);
        let at = declared.files.len() as u32;
        let in_tests = source.role == Role::Test;
        let mut collector = Collector {
            all: &types.objects,
            declared: &mut declared,
            scope,
            at,
            in_tests,
            found: Vec::new(),
            aliases: Vec::new(),
        };
        collector.file(&file);
        let mut objects = std::mem::take(&mut collector.found);
        objects.sort_unstable_by_key(|(pos, _)| *pos);
        let (role, language) = (source.role, source.language);
        aliases.extend(collector.aliases);
        declared.files.push(DeclaredFile { file, source: index as u32, role, language, objects, imports });
    }
    declare_by_alias(&mut declared, &aliases);
    declared
}

/// What a name stands for that is another name of a type.
#[derive(Clone, Copy)]
struct Alias {
    of: Symbol,
    pointer: bool,
}

/// Methods whose receivers name their type by an alias belong to the type.
fn declare_by_alias(declared: &mut Declared, aliases: &FxHashMap<Symbol, Alias>) {
    let by_alias: Vec<Symbol> = declared.methods_of.keys().copied().filter(|base| aliases.contains_key(base)).collect();
    for alias in by_alias {
        let (mut of, mut pointer) = (alias, false);
        for _ in 0..ALIASES_MAX {
            let Some(next) = aliases.get(&of) else { break };
            (of, pointer) = (next.of, pointer || next.pointer);
        }
        for methods in [&mut declared.methods, &mut declared.test_methods] {
            let moved: Vec<_> =
                methods.iter().filter(|((base, _), _)| *base == alias).map(|((_, name), id)| (*name, *id)).collect();
            for (name, id) in moved {
                methods.entry((of, name)).or_insert(id);
            }
        }
        let moved = declared.methods_of.get(&alias).cloned().unwrap_or_default();
        if pointer {
            declared.by_pointer_alias.extend(&moved);
        }
        let all = declared.methods_of.entry(of).or_default();
        all.extend(moved);
        all.sort_unstable();
    }
}

/// Puts the declarations of a file into the scope of its package.
struct Collector<'a> {
    all: &'a Segments<Object>,
    declared: &'a mut Declared,
    scope: Scope,
    /// Which file of the package it is.
    at: u32,
    in_tests: bool,
    found: Vec<(Pos, ObjectId)>,
    /// Names that are other names of the package's types.
    aliases: Vec<(Symbol, Alias)>,
}

impl Collector<'_> {
    fn file(&mut self, file: &File) {
        for decl in &file.decls {
            match *file.decl(*decl) {
                Decl::Bad => {}
                Decl::Gen { keyword, specs, .. } => self.general(file, keyword, specs),
                Decl::Func { recv, name, ty, .. } => self.function(file, *decl, recv, name, ty),
            }
        }
    }

    fn general(&mut self, file: &File, keyword: Token, specs: List<SpecId>) {
        let mut from = None;
        for (iota, spec) in file.list(specs).iter().enumerate() {
            match *file.spec(*spec) {
                Spec::Import { .. } => {}
                Spec::Value { names, ty, values, .. } => {
                    let constant = keyword == Token::Const;
                    if !constant || from.is_none() || ty.is_some() || !values.is_empty() {
                        from = Some(*spec);
                    }
                    let kind = if constant { ObjectKind::Const } else { ObjectKind::Var };
                    for (index, name) in file.list(names).iter().enumerate() {
                        let from = from.unwrap_or(*spec);
                        let source = Source::Value { spec: *spec, index: index as u32, iota: iota as u32, from };
                        self.add(kind, *name, source, false);
                    }
                }
                Spec::Type { name, type_params, assign, ty, .. } => {
                    let right = Receiver::of(file, ty);
                    if let (Some(_), Some(of)) = (assign, right.base) {
                        self.aliases.push((name.name, Alias { of: of.name, pointer: right.pointer }));
                    }
                    let kind = if assign.is_some() { ObjectKind::Alias } else { ObjectKind::Type };
                    self.add(kind, name, Source::Type { spec: *spec }, type_params.is_some());
                }
            }
        }
    }

    fn function(&mut self, file: &File, decl: DeclId, recv: Option<FieldListId>, name: Ident, ty: ExprId) {
        let own = matches!(*file.expr(ty), Expr::FuncType { type_params: Some(_), .. });
        let Some(recv) = recv else {
            self.add(ObjectKind::Func, name, Source::Func { decl }, own);
            return;
        };
        let (mut base, mut pointer, mut generic) = (known::BLANK, false, own);
        if let Some(field) = file.fields(recv).next() {
            let receiver = Receiver::of(file, field.ty);
            (base, pointer) = (receiver.base.map_or(known::BLANK, |base| base.name), receiver.pointer);
            generic |= !receiver.params.is_empty();
        }
        let id = self.add(ObjectKind::Method, name, Source::Method { decl, base, pointer }, generic);
        if name.name != known::BLANK {
            let methods = if self.in_tests { &mut self.declared.test_methods } else { &mut self.declared.methods };
            methods.entry((base, name.name)).or_insert(id);
            self.declared.methods_of.entry(base).or_default().push(id);
        }
    }

    fn add(&mut self, kind: ObjectKind, name: Ident, source: Source, generic: bool) -> ObjectId {
        let object = Object { generic, ..Object::new(kind, name, Some(self.scope), self.at, source) };
        let id = ObjectId(self.all.push(object));
        let nameless = matches!(name.name, known::BLANK) || (kind == ObjectKind::Func && name.name == known::INIT);
        if kind != ObjectKind::Method && !nameless {
            let names = if self.in_tests { &mut self.declared.test_names } else { &mut self.declared.names };
            names.entry(name.name).or_insert(id);
        }
        self.found.push((name.pos, id));
        id
    }
}

/// The type of a receiver, taken apart.
pub(super) struct Receiver {
    pub(super) pointer: bool,
    pub(super) base: Option<Ident>,
    pub(super) base_expr: ExprId,
    /// Names of its type parameters.
    pub(super) params: Vec<Option<(ExprId, Ident)>>,
    /// The expression below the stars and parentheses.
    pub(super) whole: ExprId,
}

impl Receiver {
    pub(super) fn of(file: &File, ty: ExprId) -> Self {
        let mut at = file.unparen(ty);
        let mut pointer = false;
        while let Expr::Star { x } = *file.expr(at) {
            pointer = true;
            at = file.unparen(x);
        }
        let ident = |id: ExprId| match *file.expr(id) {
            Expr::Ident { name } => Some(Ident { name, pos: file.expr_span(id).start }),
            _ => None,
        };
        let named = |id: ExprId| ident(id).map(|ident| (id, ident));
        let (base, params) = match *file.expr(at) {
            Expr::Index { x, index, .. } => (x, vec![named(index)]),
            Expr::IndexList { x, indices, .. } => (x, file.list(indices).iter().map(|index| named(*index)).collect()),
            _ => (at, Vec::new()),
        };
        let base = file.unparen(base);
        Self { pointer, base: ident(base), base_expr: base, params, whole: at }
    }
}

fn imports(file: &File, program: &Program, scope: Scope, role: Role, names: &Interner) -> Imports {
    let mut imports = Imports::default();
    let package = program.package(scope.package());
    for spec in &file.imports {
        let Spec::Import { name, path, .. } = *file.spec(*spec) else { continue };
        let text = names.text(path);
        let target = match (text, package.and_then(|package| package.import(role, text))) {
            ("unsafe", _) => Imported::Unsafe,
            ("C", _) => Imported::Cgo,
            (_, Some(Target::Package(id))) => Imported::Package(id),
            (_, Some(Target::Unknown(_)) | None) => Imported::Unknown,
        };
        let declared = match target {
            Imported::Package(id) => program.package(id).map(|package| &*package.name).filter(|name| !name.is_empty()),
            Imported::Unsafe | Imported::Cgo | Imported::Unknown => None,
        };
        let local = match name {
            Some(name) => name.name,
            None => declared.map_or_else(|| names.intern(likely_name(text)), |name| names.intern(name)),
        };
        let at = imports.list.len() as u32;
        imports.list.push(Import { spec: *spec, name: local, target });
        match local {
            known::BLANK => {}
            known::DOT => imports.dots.push(at),
            _ => {
                imports.names.entry(local).or_insert(at);
            }
        }
    }
    imports
}

/// The name a package most likely has, by its path: all there is of one that was not found.
fn likely_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let name = if is_version(last) { parts.next().unwrap_or(last) } else { last };
    let name = name.rsplit_once(".v").map_or(name, |(name, _)| name);
    name.strip_prefix("go-").unwrap_or(name)
}

impl Types<'_> {
    pub(super) fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0)
    }

    /// The declarations of a package, read when first asked for.
    pub(super) fn declared(&self, scope: Scope) -> Option<&Declared> {
        self.declared.get(scope.0 as usize).map(|cell| &**cell.get_or_init(|| Box::new(declare(self, scope))))
    }

    pub(super) fn declared_file(&self, object: &Object) -> Option<&DeclaredFile> {
        self.declared(object.scope?)?.files.get(object.file as usize)
    }

    /// Reads the files of a package, which otherwise happens when something in it is asked for.
    pub fn read(&self, package: PackageId) {
        self.declared(Scope::of(package, false));
        self.declared(Scope::of(package, true));
    }

    /// How many packages beyond the first so many were read so far, and how many bytes their files have.
    pub fn read_so_far(&self, beyond: usize) -> (usize, usize) {
        let read = || self.declared.iter().skip(beyond * 2).filter_map(|cell| cell.get());
        let bytes = |declared: &Declared| declared.files.iter().map(|file| file.file.source.len()).sum::<usize>();
        (read().filter(|declared| !declared.files.is_empty()).count(), read().map(|declared| bytes(declared)).sum())
    }

    /// What an object is called.
    pub fn name(&self, id: ObjectId) -> Symbol {
        self.object(id).map_or(known::EMPTY, |object| object.name)
    }

    /// What an object is.
    pub fn kind(&self, id: ObjectId) -> Option<ObjectKind> {
        self.object(id).map(|object| object.kind)
    }

    /// The package an object belongs to; nothing for what is predeclared.
    pub fn scope_of(&self, id: ObjectId) -> Option<Scope> {
        self.object(id).and_then(|object| object.scope)
    }

    /// Where an object is declared: folder and name of the file, and the place of its name.
    pub fn place(&self, id: ObjectId) -> Option<(&Path, &str, Pos)> {
        let object = self.object(id)?;
        let package = self.program.package(object.scope?.package())?;
        let source = package.files.get(self.declared_file(object)?.source as usize)?;
        Some((&package.folder, &source.name, object.pos))
    }

    /// Where a field of a declared struct type is declared: as [`Types::place`]. Nothing for types that are declared as another type.
    pub fn field_place(&self, owner: TypeId, index: usize) -> Option<(&Path, &str, Pos)> {
        let Type::Named { object, .. } = self.get(owner) else { return None };
        let (folder, name, _) = self.place(*object)?;
        let object = self.object(*object)?;
        let file = &self.declared_file(object)?.file;
        let Source::Type { spec } = object.source else { return None };
        let Spec::Type { ty, .. } = *file.spec(spec) else { return None };
        let Expr::StructType { fields } = *file.expr(file.unparen(ty)) else { return None };
        let mut before = 0;
        for field in file.fields(fields) {
            let names = file.list(field.names);
            if index < before + names.len().max(1) {
                let pos = names.get(index - before).map_or_else(|| file.expr_span(field.ty).start, |name| name.pos);
                return Some((folder, name, pos));
            }
            before += names.len().max(1);
        }
        None
    }

    /// The file an object is declared in: its path and its tree.
    pub fn source(&self, id: ObjectId) -> Option<(std::path::PathBuf, &File)> {
        let object = self.object(id)?;
        let package = self.program.package(object.scope?.package())?;
        let declared = self.declared_file(object)?;
        let source = package.files.get(declared.source as usize)?;
        Some((package.folder.join(&*source.name), &declared.file))
    }

    /// An object of a package, by its name; those of its tests apart.
    pub fn lookup(&self, package: PackageId, name: &str) -> Option<ObjectId> {
        // A name that no file holds so far may stand in one of these.
        let declared = self.declared(Scope::of(package, false))?;
        declared.names.get(&self.names.get(name)?).copied()
    }

    /// Whether the file of an object is one of tests, so that only tests see it.
    pub(super) fn view_of(&self, object: &Object) -> Option<Scope> {
        let scope = object.scope?;
        let test = scope.is_external() || self.declared_file(object).is_some_and(|file| file.role == Role::Test);
        test.then(|| Scope::of(scope.package(), false))
    }
}
