//! What rules ask for, on one small program: captures, callees, constants, fields across packages; and the same from many threads.

use std::collections::BTreeMap;
use std::path::Path;

use herd_golang::ast::{Expr, ExprId};
use herd_golang::load::{Context, PackageId, Program, Tests, program};
use herd_golang::types::{
    Callee, CheckedFile, Constant, FunctionNode, LocalKind, Meaning, ObjectKind, SelectionKind, Types, Unit, check,
};
use herd_golang::{Interner, Symbol};

use crate::oracle::go_roots;

const SHOP: &str = r#"package shop

import (
	"context"
	"sync"
	"time"
)

const timeout = 5 * time.Second

type base struct{ mu sync.Mutex }

type Shop struct {
	base
	stock, sold map[string]int
}

type seller interface{ sell(ctx context.Context, what string) error }

func (s *Shop) sell(ctx context.Context, what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan error, 1)
	go func(n int) {
		s.stock[what] -= n
		done <- ctx.Err()
	}(1)
	select {
	case err := <-done:
		return err
	case <-time.After(timeout):
	}
	return nil
}

func all[T any](xs []T, f func(T)) (count int) {
	for _, x := range xs {
		f(x)
	}
	return len(xs)
}

func run(s seller) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*timeout)
	defer cancel()
	_ = s.sell(ctx, "tea")
	_ = (*Shop).sell(&Shop{sold: nil}, ctx, "x")
	all([]string{"a"}, func(x string) { println(x) })
	(all[int])(nil, nil)
	_ = time.Duration(3)
	var hook func()
	hook()
	func() {}()
	switch e := any(s).(type) {
	case *Shop:
		_ = e
	case nil, error:
		_ = e
	}
}
"#;

/// Loads a module of one file and hands out its first package.
fn with_shop(ask: impl FnOnce(&Types<'_>, &CheckedFile<'_>)) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/shop\n\ngo 1.26\n").expect("a file");
    std::fs::write(folder.path().join("shop.go"), SHOP).expect("a file");
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let loaded = load(folder.path(), &["./..."], &goroot, Tests::None);
    let names = Interner::new();
    let types = Types::new(&loaded, &names);
    let checked = check(&types, PackageId(0), Unit::Package);
    let file = &checked.files[0];
    assert_eq!(file.coverage.unknown, 0);
    assert_eq!((file.language.0, file.imports.len()), (26, 3));
    ask(&types, file);
}

fn load(folder: &Path, patterns: &[&str], goroot: &Path, tests: Tests) -> Program {
    let mut context = Context::from_env();
    context.goroot = Some(goroot.to_owned());
    context.toolchain = Some("local".into());
    (context.cgo, context.tests) = (false, tests);
    program(folder, patterns, &context)
}

fn text(file: &CheckedFile<'_>, id: ExprId) -> String {
    file.file.text(file.file.expr_span(id)).into_owned()
}

#[test]
fn captures() {
    with_shop(|types, file| {
        let mut captured = Vec::new();
        for (id, function) in file.functions.iter().enumerate() {
            let FunctionNode::Literal(literal) = function.node else { continue };
            let span = file.file.expr_span(literal);
            for (expr, _) in file.file.all_exprs() {
                let at = file.file.expr_span(expr);
                if let Meaning::Local(local) = file.meaning(expr)
                    && at.start >= span.start
                    && at.end <= span.end
                {
                    let local = file.locals[local.0 as usize];
                    if local.function.map(|owner| owner.0 as usize) != Some(id) {
                        captured.push(format!("{} {}", text(file, expr), types.text(local.ty)));
                    }
                }
            }
        }
        assert_eq!(captured, ["s *example.com/shop.Shop", "what string", "done chan error", "ctx context.Context"],);
        let outer = file.functions.iter().map(|function| (function.outer.is_some(), function.object.is_some()));
        assert_eq!(outer.filter(|(inner, _)| *inner).count(), 3);
        let kinds: Vec<_> = file.locals.iter().filter(|local| local.pos.offset() < 800).map(|local| local.kind).collect();
        assert_eq!(
            kinds.get(..6),
            Some(
                &[
                    LocalKind::Receiver,
                    LocalKind::Param,
                    LocalKind::Param,
                    LocalKind::Define,
                    LocalKind::Param,
                    LocalKind::Define,
                ][..]
            )
        );
        let of_switch: Vec<String> = file
            .locals
            .iter()
            .filter(|local| matches!(local.kind, LocalKind::TypeSwitch(_)))
            .map(|local| types.text(local.ty))
            .collect();
        assert_eq!(of_switch, ["*example.com/shop.Shop", "any"]);
        for (index, local) in file.locals.iter().enumerate() {
            let at = file.local_at(local.pos).expect("declared there");
            assert!(at.0 as usize == index || file.locals[at.0 as usize].pos == local.pos);
        }
    });
}

#[test]
fn callees() {
    with_shop(|types, file| {
        let mut found = Vec::new();
        for (id, expr) in file.file.all_exprs() {
            let Expr::Call { fun, .. } = *expr else { continue };
            let callee = match file.callee(id) {
                Callee::None => "unknown".to_owned(),
                Callee::Conversion => "conversion".to_owned(),
                Callee::Builtin(builtin) => format!("builtin {}", builtin.text()),
                Callee::Static(object) => {
                    let instance: Vec<String> = file.instance(file.name_of(fun)).iter().map(|ty| types.text(*ty)).collect();
                    format!("{:?} {} [{}]", types.kind(object).expect("an object"), types.object_text(object), instance.join(","))
                }
                Callee::Interface(selection) => {
                    let selection = file.selections[selection as usize];
                    format!("interface {}", types.text(selection.owner))
                }
                Callee::Dynamic => "dynamic".to_owned(),
            };
            let name: String = text(file, fun).chars().take_while(|c| *c != '{').collect();
            found.push(format!("{name}: {callee}"));
        }
        found.sort();
        assert_eq!(
            found,
            [
                "(*Shop).sell: Method example.com/shop.sell []",
                "(all[int]): Func example.com/shop.all [int]",
                "all: Func example.com/shop.all [string]",
                "any: conversion",
                "cancel: dynamic",
                "context.Background: Func context.Background []",
                "context.WithTimeout: Func context.WithTimeout []",
                "ctx.Err: interface context.Context",
                "f: dynamic",
                "func() : dynamic",
                "func(n int) : dynamic",
                "hook: dynamic",
                "len: builtin len",
                "make: builtin make",
                "println: builtin println",
                "s.mu.Lock: Method sync.Lock []",
                "s.mu.Unlock: Method sync.Unlock []",
                "s.sell: interface example.com/shop.seller",
                "time.After: Func time.After []",
                "time.Duration: conversion",
            ]
        );
    });
}

#[test]
fn constants_and_fields() {
    with_shop(|types, file| {
        let values: Vec<_> = file
            .file
            .all_exprs()
            .filter(|(id, _)| text(file, *id) == "2*timeout")
            .map(|(id, _)| (file.constant(types, id), types.text(file.type_of(id))))
            .collect();
        assert_eq!(values, [(Some(Constant::Int(10_000_000_000)), "time.Duration".to_owned())]);
        let timeout = types.lookup(PackageId(0), "timeout").expect("declared");
        assert_eq!(types.kind(timeout), Some(ObjectKind::Const));
        assert_eq!(types.constant(timeout), Some(Constant::Int(5_000_000_000)));
        let tea = file.file.all_exprs().find(|(id, _)| text(file, *id) == "\"tea\"").expect("there").0;
        assert!(matches!(file.constant(types, tea), Some(Constant::String(_))));
        // The mutex is the same field, however it is reached.
        let locks: Vec<_> = file.selections.iter().filter(|selection| types.text(selection.ty) == "sync.Mutex").collect();
        assert_eq!(locks.len(), 2);
        for lock in locks {
            assert_eq!((lock.kind, lock.path.indices(), lock.indirect), (SelectionKind::Field, &[0, 0][..], true));
            assert_eq!(types.text(lock.owner), "example.com/shop.base");
            let (_, name, pos) = types.field_place(lock.owner, 0).expect("declared");
            assert_eq!((name, file.file.line(pos)), ("shop.go", 11));
        }
    });
}

#[test]
fn who_implements_what() {
    with_shop(|types, _| {
        let ty = |name: &str| types.object_type(types.lookup(PackageId(0), name).expect("declared"));
        let (shop, seller) = (ty("Shop"), ty("seller"));
        assert_eq!(types.has_methods(types.pointer_to(shop), seller), Some(true));
        assert_eq!(types.has_methods(shop, seller), Some(false));
        assert_eq!(types.has_methods(seller, seller), Some(true));
        assert_eq!(types.has_methods(shop, types.error()), Some(false));
        let shop_object = types.lookup(PackageId(0), "Shop").expect("declared");
        let scope = types.scope_of(shop_object);
        let sell = types.names().get("sell").expect("a name");
        let found = types.select(shop, sell, scope).expect("a method");
        assert_eq!(types.text(found.ty), "func(context.Context, string) error");
        assert_eq!(found.object.map(|object| types.kind(object)), Some(Some(ObjectKind::Method)));
        // Other packages do not see it.
        assert_eq!(types.select(shop, sell, None), None);
        assert_eq!(types.select(shop, Symbol(u32::MAX), scope), None);
        assert_eq!(types.methods_of(shop_object).len(), 1);
    });
}

/// Names of C are unknown, and what depends on them; a broken declaration costs itself.
#[test]
fn unknown_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/half\n\ngo 1.26\n").expect("a file");
    let source = r#"package half

import "C"
import "example.com/nowhere/store"

func known(n int) string { return "" }

func f(s *store.Store, n C.int) {
	x := s.Get(1)
	y := int(n) + 2
	z := known(y)
	for _, item := range x {
		item.Close(z)
	}
	go func() { known(C.add(1, 2)) }()
}

func broken( {

func g() int { return known2(3) + 4 }
"#;
    std::fs::write(folder.path().join("half.go"), source).expect("a file");
    let mut context = Context::from_env();
    (context.cgo, context.goroot) = (true, Some(go_roots().pop().expect("a toolchain").1));
    let loaded = program(folder.path(), &["./..."], &context);
    let names = Interner::new();
    let types = Types::new(&loaded, &names);
    let checked = check(&types, PackageId(0), Unit::Package);
    let file = &checked.files[0];
    let of = |wanted: &str| {
        let found = file.file.all_exprs().find(|(id, _)| text(file, *id) == wanted);
        types.text(file.type_of(found.unwrap_or_else(|| panic!("no {wanted}")).0))
    };
    let told = ["s", "x", "n", "int(n) + 2", "z", "item", "item.Close(z)", "1", "C.add(1, 2)", "known2(3) + 4"].map(of);
    assert_eq!(told, ["?", "?", "?", "int", "string", "?", "?", "?", "?", "?"]);
    assert!(file.coverage.unknown > 10 && file.coverage.expressions > file.coverage.unknown * 3 / 2, "{:?}", file.coverage);
}

/// Whoever asks first, in whatever order, is told the same.
#[test]
fn many_threads() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let folder = goroot.join("src").canonicalize().expect("GOROOT");
    let loaded = load(&folder, &["net/...", "encoding/...", "go/...", "slices", "database/..."], &goroot, Tests::Named);
    let alone = texts(&loaded, 1);
    assert!(alone.len() > 500, "{} files", alone.len());
    for threads in [2, 5] {
        let together = texts(&loaded, threads);
        for (file, text) in &alone {
            assert_eq!(together.get(file), Some(text), "{file}");
        }
    }
}

/// A hash over the types, meanings and callees of each file, worked out by so many threads.
fn texts(loaded: &Program, threads: usize) -> BTreeMap<String, u64> {
    let names = Interner::new();
    let types = Types::new(loaded, &names);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if index >= loaded.named {
                return found;
            }
            // Each number of threads begins elsewhere.
            let id = PackageId(((index * 7 + threads * 11) % loaded.named) as u32);
            for unit in [Unit::WithTests, Unit::ExternalTests] {
                for file in check(&types, id, unit).files {
                    let package = &loaded.packages[id.0 as usize];
                    let name = package.folder.join(&*package.files[file.source as usize].name).display().to_string();
                    found.push((name, hash(&types, &file)));
                }
            }
        }
    };
    let found: Vec<(String, u64)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    found.into_iter().collect()
}

fn hash(types: &Types<'_>, file: &CheckedFile<'_>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let object = |id| format!("{} {:?}", types.object_text(id), types.place(id));
    for (id, _) in file.file.all_exprs() {
        add(&types.text(file.type_of(id)));
        match file.meaning(id) {
            Meaning::Object(of) => add(&object(of)),
            Meaning::TypeParam(ty) => add(&types.text(ty)),
            other @ (Meaning::None
            | Meaning::Local(_)
            | Meaning::Import(_)
            | Meaning::Builtin(_)
            | Meaning::Nil
            | Meaning::Selection(_)
            | Meaning::Field(_)) => add(&format!("{other:?}")),
        }
        match file.callee(id) {
            Callee::Static(of) => add(&object(of)),
            other @ (Callee::None | Callee::Conversion | Callee::Builtin(_) | Callee::Interface(_) | Callee::Dynamic) => {
                add(&format!("{other:?}"));
            }
        }
    }
    for selection in &file.selections {
        add(&format!("{:?} {:?} {}", selection.kind, selection.path.indices(), types.text(selection.owner)));
    }
    hash
}
