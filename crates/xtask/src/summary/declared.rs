//! What of a package's files is kept: the declarations importers see, and those that these name.
#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of expressions and tokens are asked for, of dozens")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use herd_golang::ast::{Decl, DeclId, Expr, ExprId, Field, File, Node, Spec, SpecId};
use herd_golang::lexer::Lexer;
use herd_golang::{Descend, Interner, Symbol, Token, walk};

use super::Written;

/// A package's files as they were read.
pub struct Source {
    pub package: String,
    pub files: Vec<(String, File)>,
}

/// A part of a file that is kept or not.
#[derive(Default)]
struct Piece {
    file: usize,
    /// The word in front of it: `const`, `var`, `type`; nothing for a function.
    keyword: &'static str,
    /// Names it declares at the top; none for a method.
    names: Vec<Symbol>,
    /// The type whose method it is.
    receiver: Option<Symbol>,
    exported: bool,
    /// A method's name.
    method: Option<Symbol>,
    /// Unexported methods that interfaces in it ask for.
    asks: BTreeSet<Symbol>,
    /// Names it is made of.
    uses: BTreeSet<Symbol>,
    text: String,
}

/// The files of a package with what is kept of them. `name_of` tells what a package is called that is imported by path.
pub fn written(source: &Source, names: &Interner, name_of: impl Fn(&str) -> Option<String>) -> Vec<Written> {
    let mut pieces = Vec::new();
    for (number, (_, file)) in source.files.iter().enumerate() {
        let mut found = Found { file, number, names, all: source.package == "builtin", pieces: &mut pieces };
        for decl in &file.decls {
            found.decl(*decl);
        }
    }
    let kept = kept(&pieces);
    let mut files = Vec::new();
    for (number, (name, file)) in source.files.iter().enumerate() {
        let of_file: Vec<&Piece> =
            pieces.iter().zip(&kept).filter(|(piece, kept)| piece.file == number && **kept).map(|(piece, _)| piece).collect();
        if of_file.is_empty() {
            continue;
        }
        let uses: BTreeSet<Symbol> = of_file.iter().flat_map(|piece| &piece.uses).copied().collect();
        let mut text = format!("package {}\n", source.package);
        let mut imports = Vec::new();
        for (line, (path, written)) in (2..).zip(used_imports(file, names, &uses, &name_of)) {
            writeln!(text, "import {written}").expect("a String takes every write");
            imports.push((path, line));
        }
        for piece in of_file {
            writeln!(text, "{}{}", piece.keyword, piece.text).expect("a String takes every write");
        }
        files.push(Written { name: name.clone(), text, imports });
    }
    // What is imported for what it does alone is a package all the same.
    if let (true, Some((name, _))) = (files.is_empty(), source.files.first()) {
        files.push(Written { name: name.clone(), text: format!("package {}\n", source.package), imports: Vec::new() });
    }
    files
}

/// Which pieces are exported, or are named by one that is kept.
fn kept(pieces: &[Piece]) -> Vec<bool> {
    let mut declares: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
    let mut methods: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
    for (number, piece) in pieces.iter().enumerate() {
        for name in &piece.names {
            declares.entry(*name).or_default().push(number);
        }
        if let Some(receiver) = piece.receiver {
            methods.entry(receiver).or_default().push(number);
        }
    }
    let mut kept = vec![false; pieces.len()];
    let is_seen = |piece: &Piece| piece.exported && piece.receiver.is_none();
    let mut open: Vec<usize> = (0..pieces.len()).filter(|number| is_seen(&pieces[*number])).collect();
    let mut asked: BTreeSet<Symbol> = BTreeSet::new();
    while let Some(number) = open.pop() {
        if std::mem::replace(&mut kept[number], true) {
            continue;
        }
        let piece = &pieces[number];
        open.extend(piece.uses.iter().filter_map(|name| declares.get(name)).flatten());
        let wanted = |method: &&usize| {
            let method = &pieces[**method];
            method.exported || method.method.is_some_and(|name| asked.contains(&name))
        };
        open.extend(piece.names.iter().filter_map(|name| methods.get(name)).flatten().filter(wanted));
        // Types that were kept before have such methods too.
        let news: Vec<Symbol> = piece.asks.iter().copied().filter(|name| asked.insert(*name)).collect();
        let late = |method: &Piece| {
            let kept = method
                .receiver
                .and_then(|receiver| declares.get(&receiver))
                .is_some_and(|types| types.iter().any(|ty| kept[*ty]));
            kept && method.method.is_some_and(|name| news.contains(&name))
        };
        if !news.is_empty() {
            open.extend((0..pieces.len()).filter(|method| late(&pieces[*method])));
        }
    }
    kept
}

/// Path of each import that something kept names, and how it is written.
fn used_imports(
    file: &File,
    names: &Interner,
    uses: &BTreeSet<Symbol>,
    name_of: impl Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for spec in &file.imports {
        let Spec::Import { name, path, .. } = *file.spec(*spec) else { continue };
        let path = names.text(path).to_owned();
        let local = name.map(|name| names.text(name.name).to_owned());
        let called = local.clone().or_else(|| name_of(&path)).or_else(|| path.rsplit('/').next().map(str::to_owned));
        let is_used = called.and_then(|called| names.get(&called)).is_some_and(|called| uses.contains(&called));
        if is_used || local.as_deref() == Some(".") {
            let written = local.map_or_else(|| format!("\"{path}\""), |local| format!("{local} \"{path}\""));
            kept.push((path, written));
        }
    }
    kept
}

/// The pieces of a file.
struct Found<'a> {
    file: &'a File,
    number: usize,
    names: &'a Interner,
    /// Whether unexported names count too.
    all: bool,
    pieces: &'a mut Vec<Piece>,
}

impl Found<'_> {
    fn is_exported(&self, name: Symbol) -> bool {
        self.all || self.names.text(name).chars().next().is_some_and(char::is_uppercase)
    }

    fn decl(&mut self, id: DeclId) {
        match *self.file.decl(id) {
            Decl::Bad => {}
            Decl::Func { recv, name, ty, .. } => {
                let receiver = recv.and_then(|recv| self.file.fields(recv).next()).and_then(|field| self.base(field));
                let method = receiver.map(|_| name.name);
                let exported = self.is_exported(name.name);
                let mut piece = Piece { file: self.number, receiver, exported, method, ..Piece::default() };
                if receiver.is_none() {
                    piece.names.push(name.name);
                }
                let recv = recv.map(Node::FieldList);
                let roots: Vec<Node> = recv.into_iter().chain([Node::Expr(ty)]).collect();
                let start = self.file.decl_span(id).start.offset();
                self.add(piece, &roots, start, self.file.expr_span(ty).end.offset(), &[]);
            }
            Decl::Gen { keyword, specs, .. } => {
                let specs = self.file.list(specs);
                match keyword {
                    Token::Const if self.counts(specs) => self.counted(id),
                    Token::Import => {}
                    _ => specs.iter().for_each(|spec| self.spec(keyword, *spec)),
                }
            }
        }
    }

    /// The name of a receiver's type.
    fn base(&self, field: &Field) -> Option<Symbol> {
        let mut ty = field.ty;
        loop {
            match *self.file.expr(ty) {
                Expr::Ident { name } => return Some(name),
                Expr::Star { x } | Expr::Paren { x } | Expr::Index { x, .. } | Expr::IndexList { x, .. } => ty = x,
                _ => return None,
            }
        }
    }

    /// Whether the constants of a group depend on their places in it.
    fn counts(&self, specs: &[SpecId]) -> bool {
        specs.iter().any(|spec| {
            let Spec::Value { values, .. } = *self.file.spec(*spec) else { return false };
            let mut iota = values.is_empty();
            walk(self.file, Node::Spec(*spec), |node| {
                iota |= matches!(node, Node::Expr(x) if matches!(*self.file.expr(x), Expr::Ident { name } if name == herd_golang::known::IOTA));
                Descend::Into
            });
            iota
        })
    }

    /// A group of constants as a whole.
    fn counted(&mut self, id: DeclId) {
        let Decl::Gen { specs, .. } = *self.file.decl(id) else { return };
        let mut piece = Piece { file: self.number, ..Piece::default() };
        let mut roots = Vec::new();
        for spec in self.file.list(specs) {
            if let Spec::Value { names, .. } = *self.file.spec(*spec) {
                piece.names.extend(self.file.list(names).iter().map(|name| name.name));
                roots.push(Node::Spec(*spec));
            }
        }
        piece.exported = piece.names.iter().any(|name| self.is_exported(*name));
        let span = self.file.decl_span(id);
        self.add(piece, &roots, span.start.offset(), span.end.offset(), &[]);
    }

    fn spec(&mut self, keyword: Token, id: SpecId) {
        let mut piece = Piece { file: self.number, ..Piece::default() };
        let span = self.file.spec_span(id);
        let (start, mut end) = (span.start.offset(), span.end.offset());
        let mut edits = Vec::new();
        let mut roots = vec![Node::Spec(id)];
        match *self.file.spec(id) {
            Spec::Import { .. } => return,
            Spec::Type { name, .. } => {
                piece.keyword = "type ";
                piece.names.push(name.name);
            }
            Spec::Value { names, ty, values, .. } => {
                piece.keyword = if keyword == Token::Var { "var " } else { "const " };
                piece.names.extend(self.file.list(names).iter().map(|name| name.name));
                if keyword == Token::Var {
                    if let Some(ty) = ty {
                        // The value says nothing that importers see.
                        roots = vec![Node::Expr(ty)];
                        end = self.file.expr_span(ty).end.offset();
                    } else {
                        roots.clear();
                        for value in self.file.list(values) {
                            self.shorten(*value, &mut roots, &mut edits);
                        }
                    }
                }
            }
        }
        piece.exported = piece.names.iter().any(|name| self.is_exported(*name));
        self.add(piece, &roots, start, end, &edits);
    }

    /// What tells the type of a value: literals without their contents. Adds what is left to look at, and what is cut out.
    fn shorten(&self, value: ExprId, roots: &mut Vec<Node>, edits: &mut Vec<(u32, u32)>) {
        match *self.file.expr(value) {
            Expr::CompositeLit { ty: Some(ty), left_brace, .. } if !self.counts_elements(ty) => {
                roots.push(Node::Expr(ty));
                edits.push((left_brace.offset() + 1, self.file.expr_span(value).end.offset() - 1));
            }
            Expr::FuncLit { ty, body } => {
                roots.push(Node::Expr(ty));
                let body = self.file.stmt_span(body);
                edits.push((body.start.offset() + 1, body.end.offset() - 1));
            }
            Expr::Unary { x, .. } | Expr::Paren { x } => self.shorten(x, roots, edits),
            Expr::Call { fun, args, .. } => {
                roots.push(Node::Expr(fun));
                for arg in self.file.list(args) {
                    self.shorten(*arg, roots, edits);
                }
            }
            _ => roots.push(Node::Expr(value)),
        }
    }

    /// `[...]T`, whose length is that of its literal.
    fn counts_elements(&self, ty: ExprId) -> bool {
        matches!(*self.file.expr(ty), Expr::ArrayType { len: Some(len), .. } if matches!(self.file.expr(len), Expr::Ellipsis { .. }))
    }

    /// Adds a piece with its text, and the names that parts of it hold.
    fn add(&mut self, mut piece: Piece, roots: &[Node], start: u32, end: u32, edits: &[(u32, u32)]) {
        for root in roots {
            walk(self.file, *root, |node| {
                if let Node::Expr(x) = node
                    && let Expr::Ident { name } = *self.file.expr(x)
                {
                    piece.uses.insert(name);
                }
                if let Node::Expr(x) = node
                    && let Expr::InterfaceType { methods } = *self.file.expr(x)
                {
                    let names = self.file.fields(methods).flat_map(|field| self.file.list(field.names));
                    piece.asks.extend(names.map(|name| name.name).filter(|name| !self.is_exported(*name)));
                }
                Descend::Into
            });
        }
        let mut source = Vec::new();
        let mut at = start as usize;
        for (from, to) in edits {
            source.extend_from_slice(&self.file.source[at..*from as usize]);
            at = *to as usize;
        }
        source.extend_from_slice(&self.file.source[at..end as usize]);
        piece.text = plain(&source);
        self.pieces.push(piece);
    }
}

/// The tokens of a text, one space between those that are apart, without comments.
fn plain(source: &[u8]) -> String {
    let mut text = String::new();
    let mut lexer = Lexer::new(source);
    let mut end = 0;
    loop {
        lexer.scan();
        match lexer.token {
            Token::Eof => break,
            Token::Comment => {}
            Token::Semicolon if lexer.implicit => {
                text.push('\n');
                end = lexer.start;
            }
            _ => {
                if lexer.start > end && !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(&String::from_utf8_lossy(lexer.text()));
                end = lexer.end;
            }
        }
    }
    text.trim_end().to_owned()
}
