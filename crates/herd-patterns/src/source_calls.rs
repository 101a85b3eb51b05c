//! What source eyes ask of calls and types of libraries, by the names of their packages, types and functions.

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, Body, Target, Unit};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};
use herd_golang::flow::{Step, StepId};
use herd_golang::types::{Callee, CheckedFile, LocalId, ObjectId, SelectionKind, Type, TypeId};

use crate::source::Scene;

/// A function by the path of its package, its type where it is a method, and its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Called<'a> {
    /// The path of the package.
    pub package: &'a str,
    /// The type whose method it is; empty where it is none.
    pub owner: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// What a call of a file calls, where it is a declared function, a method, or a method of a declared interface.
pub fn callee<'t>(unit: &Unit<'t>, checked: &CheckedFile<'t>, call: ExprId) -> Option<Called<'t>> {
    let Expr::Call { fun, .. } = *checked.file.expr(call) else { return None };
    let (types, names) = (unit.types, unit.types.names());
    let of_method = |owner: TypeId, name| {
        let (package, owner) = declared(unit, owner)?;
        Some(Called { package, owner, name: names.text(name) })
    };
    match checked.callee(call) {
        Callee::Static(object) => match checked.selection(checked.file.unparen(fun)) {
            Some(selection) => of_method(selection.owner, selection.name),
            None => Some(Called { package: package_of(unit, object)?, owner: "", name: names.text(types.name(object)) }),
        },
        Callee::Interface(index) => {
            let selection = checked.selections.get(index as usize)?;
            of_method(selection.owner, selection.name)
        }
        Callee::None | Callee::Conversion | Callee::Builtin(_) | Callee::Dynamic => None,
    }
}

/// The package and name of a declared type; pointers to it are followed.
pub fn declared<'t>(unit: &Unit<'t>, ty: TypeId) -> Option<(&'t str, &'t str)> {
    let types = unit.types;
    let Type::Named { object, .. } = types.get(types.pointed_at(ty)) else { return None };
    Some((package_of(unit, *object)?, types.names().text(types.name(*object))))
}

/// The path of the package that declares something.
pub fn package_of<'t>(unit: &Unit<'t>, object: ObjectId) -> Option<&'t str> {
    let types = unit.types;
    Some(&types.program().package(types.scope_of(object)?.package())?.path)
}

/// What a call of a library does, as far as eyes ask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Library {
    /// `http.Get` and its like: the default client, no context.
    HttpShortcut,
    /// `client.Get` and its like: no context.
    ClientShortcut,
    /// `client.Do`
    ClientDo,
    /// `http.NewRequest`
    NewRequest,
    /// `http.NewRequestWithContext`
    NewRequestWithContext,
    /// `http.ListenAndServe` and its like: a server without limits.
    Serve,
    /// `net.Dial`, `tls.Dial`
    Dial,
    /// `net.DialTimeout`, and dialers, that are given no context.
    DialWithLimit,
    /// `dialer.DialContext`
    DialContext,
    /// `exec.Command`
    Command,
    /// `exec.CommandContext`
    CommandContext,
    /// A call of database/sql that waits and has no context.
    Sql,
    /// The same with one.
    SqlContext,
    /// A call of a generated client of gRPC, or of its connection.
    Grpc,
    /// A command of a client of Redis that is given a context.
    Redis,
}

/// What a function of a library does. Most are none of these, and told by their package.
fn library(name: Called<'_>) -> Option<Library> {
    Some(match (name.package, name.owner, name.name) {
        ("net/http", "", "Get" | "Head" | "Post" | "PostForm") => Library::HttpShortcut,
        ("net/http", "Client", "Get" | "Head" | "Post" | "PostForm") => Library::ClientShortcut,
        ("net/http", "Client", "Do") => Library::ClientDo,
        ("net/http", "", "NewRequest") => Library::NewRequest,
        ("net/http", "", "NewRequestWithContext") => Library::NewRequestWithContext,
        ("net/http", "", "ListenAndServe" | "ListenAndServeTLS" | "Serve" | "ServeTLS") => Library::Serve,
        ("net" | "crypto/tls", "", "Dial") => Library::Dial,
        ("net", "", "DialTimeout") | ("net" | "crypto/tls", "Dialer", "Dial") => Library::DialWithLimit,
        ("net" | "crypto/tls", "Dialer", "DialContext") => Library::DialContext,
        ("os/exec", "", "Command") => Library::Command,
        ("os/exec", "", "CommandContext") => Library::CommandContext,
        ("database/sql", "DB" | "Tx" | "Conn" | "Stmt", operation) => match operation {
            "Query" | "QueryRow" | "Exec" | "Prepare" | "Begin" | "Ping" => Library::Sql,
            "QueryContext" | "QueryRowContext" | "ExecContext" | "PrepareContext" | "BeginTx" | "PingContext" | "Conn" => {
                Library::SqlContext
            }
            _ => return None,
        },
        ("google.golang.org/grpc", "ClientConn" | "ClientConnInterface", "Invoke" | "NewStream") => Library::Grpc,
        _ => return None,
    })
}

/// The calls of libraries of each body of a unit, in the order of its acts. Linear.
pub fn library_calls(unit: &Unit<'_>) -> Vec<Vec<(Act, Library)>> {
    let of = |body: &Body| {
        let checked = &unit.files[body.file as usize].checked;
        let calls = body.acts.iter().filter(|act| matches!(act.kind, ActKind::Call(Target::Object(_) | Target::Interface(..))));
        calls.filter_map(|act| Some((*act, library(callee(unit, checked, act.call?)?)?))).collect()
    };
    unit.bodies.iter().map(of).collect()
}

/// Whether a type is `context.Context`.
pub fn is_context(unit: &Unit<'_>, ty: TypeId) -> bool {
    matches!(unit.types.get(ty), Type::Named { .. }) && declared(unit, ty) == Some(("context", "Context"))
}

/// Whether a type is `*http.Request`.
pub fn is_request(unit: &Unit<'_>, ty: TypeId) -> bool {
    matches!(unit.types.get(ty), Type::Pointer(_)) && declared(unit, ty) == Some(("net/http", "Request"))
}

impl<'t> Scene<'_, 't> {
    /// What a call of the function calls.
    pub fn callee(&self, call: ExprId) -> Option<Called<'t>> {
        callee(&self.package.unit, &self.file().checked, call)
    }

    /// The calls of libraries that the function makes.
    pub fn library(&self) -> &'_ [(Act, Library)] {
        self.package.library.get(self.id.0 as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The arguments of a call.
    pub fn args(&self, call: ExprId) -> &[ExprId] {
        let file = self.file().checked.file;
        match *file.expr(call) {
            Expr::Call { args, .. } => file.list(args),
            _ => &[],
        }
    }

    /// What stands before the dot of a call of a method.
    pub fn called_on(&self, call: ExprId) -> Option<ExprId> {
        let checked = &self.file().checked;
        let Expr::Call { fun, .. } = *checked.file.expr(call) else { return None };
        let fun = checked.file.unparen(fun);
        let Expr::Selector { x, .. } = *checked.file.expr(fun) else { return None };
        let kind = checked.selection(fun)?.kind;
        matches!(kind, SelectionKind::Method | SelectionKind::InterfaceMethod).then(|| checked.file.unparen(x))
    }

    /// The expression a variable has its only value from, its first result where there are several.
    pub fn made_from(&self, local: LocalId) -> Option<ExprId> {
        let origin = self.file().uses.get(local.0 as usize)?.only()?;
        origin.result.is_none_or(|result| result == 0).then(|| self.file().checked.file.unparen(origin.expr))
    }

    /// How what a call calls is written, without the arguments of calls within it: they may be long, or nobody's business.
    pub fn called_as(&self, call: ExprId) -> String {
        let Expr::Call { fun, .. } = *self.file().checked.file.expr(call) else { return String::new() };
        let mut depth = 0_usize;
        let mut text = String::new();
        for letter in self.written(fun).chars() {
            match letter {
                '(' | '[' | '{' => {
                    if depth == 0 {
                        text.push(letter);
                    }
                    depth += 1;
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        text.push(letter);
                    }
                }
                _ if depth == 0 && !letter.is_whitespace() => text.push(letter),
                _ => {}
            }
        }
        text
    }

    /// Whether the function stands in a test file, or in one that helps tests.
    pub fn is_test(&self) -> bool {
        let helps = self.file().checked.imports.iter().any(|import| self.is_testing(import));
        helps || self.is_in_tests()
    }

    fn is_testing(&self, import: &herd_golang::types::Import) -> bool {
        let program = self.package.unit.types.program();
        match import.target {
            herd_golang::types::Imported::Package(id) => program.package(id).is_some_and(|package| &*package.path == "testing"),
            _ => false,
        }
    }

    /// Whether the function belongs to a command.
    pub fn is_command(&self) -> bool {
        let unit = &self.package.unit;
        unit.types.program().package(unit.package).is_some_and(|package| &*package.name == "main")
    }

    /// The step that takes the results of a call, with what they are put into.
    pub fn results_of(&self, call: ExprId) -> Option<(StepId, &[ExprId])> {
        let file = self.file().checked.file;
        self.graph().steps.iter().enumerate().find_map(|(index, step)| {
            let Step::Assign(stmt) = *step else { return None };
            let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
            let [from] = file.list(rhs) else { return None };
            (file.unparen(*from) == call).then(|| (StepId(index as u32), file.list(lhs)))
        })
    }
}

impl Scene<'_, '_> {
    /// The value of a field in a literal of a struct, or of a pointer to one; `Some(None)` where the literal leaves it out. Nothing where it is
    /// no such literal.
    #[allow(clippy::option_option, reason = "what is no literal is not the same as what leaves a field out")]
    pub fn field_of(&self, literal: ExprId, of: (&str, &str), field: &str) -> Option<Option<ExprId>> {
        let checked = &self.file().checked;
        let file = checked.file;
        let mut at = file.unparen(literal);
        if let Expr::Unary { op: Token::And, x } = *file.expr(at) {
            at = file.unparen(x);
        }
        let Expr::CompositeLit { elts, .. } = *file.expr(at) else { return None };
        if declared(&self.package.unit, checked.type_of(at)) != Some(of) {
            return None;
        }
        for element in file.list(elts) {
            let Expr::KeyValue { key, value, .. } = *file.expr(*element) else { return None };
            if file.bytes(file.expr_span(key)) == field.as_bytes() {
                return Some(Some(value));
            }
        }
        Some(None)
    }

    /// What the line of a place starts with.
    pub fn indent(&self, pos: Pos) -> String {
        let file = self.file().checked.file;
        let line = file.line(pos) as usize;
        let start = file.lines.get(line.saturating_sub(1)).map_or(0, |start| *start as usize);
        let rest = file.source.get(start..).unwrap_or_default();
        rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).map(|byte| char::from(*byte)).collect()
    }
}
