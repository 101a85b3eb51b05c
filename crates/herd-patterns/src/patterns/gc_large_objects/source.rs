//! The source eye of GC006: memory of a constant size that is too large for the stack, made anew in each round of a loop or for each request.

use herd_golang::ast::Expr;
use herd_golang::flow::Step;
use herd_golang::types::{Basic, Builtin, Callee, Constant, Type};

use crate::source::{Scene, Spotted};
use crate::source_contexts::is_handler;
use crate::source_release::is_repeated;

/// What `make` may take from the stack at most (cmd/compile/internal/ir, MaxImplicitStackVarSize, Go 1.26).
const STACK_BYTES_MAX: i128 = 64 * 1024;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let checked = &scene.file().checked;
    let mut found = Vec::new();
    for (index, step) in scene.graph().steps.iter().enumerate() {
        let Step::Call(call) = *step else { continue };
        if checked.callee(call) != Callee::Builtin(Builtin::Make) {
            continue;
        }
        let Some(bytes) = size(scene, call).filter(|bytes| *bytes > STACK_BYTES_MAX) else { continue };
        let step = herd_golang::flow::StepId(index as u32);
        let when = match (is_repeated(scene, step), is_handler(scene)) {
            (true, _) => "in each round of a loop",
            (false, true) => "for each request",
            (false, false) => continue,
        };
        if scene.is_test() || !scene.graph().sound {
            continue;
        }
        let at = checked.file.expr_span(call).start;
        let text =
            format!("{} KiB are allocated {when}: too much for the stack, and a span of its own on the heap", bytes / 1024);
        found.push(Spotted::new(scene.body.file, at, text, Vec::new()));
    }
    found
}

/// How many bytes a slice of a constant length of plain values has.
fn size(scene: &Scene<'_, '_>, call: herd_golang::ast::ExprId) -> Option<i128> {
    let checked = &scene.file().checked;
    let types = scene.package.unit.types;
    let Expr::Call { args, .. } = *checked.file.expr(call) else { return None };
    let args = checked.file.list(args);
    let Type::Slice(element) = types.get(types.underlying(checked.type_of(call))) else { return None };
    let each = match types.underlying(*element).basic()? {
        Basic::Int8 | Basic::Uint8 | Basic::Bool => 1,
        Basic::Int16 | Basic::Uint16 => 2,
        Basic::Int32 | Basic::Uint32 | Basic::Float32 => 4,
        Basic::Int64 | Basic::Uint64 | Basic::Int | Basic::Uint | Basic::Uintptr | Basic::Float64 | Basic::Complex64 => 8,
        Basic::String | Basic::Complex128 => 16,
        _ => return None,
    };
    match checked.constant(types, *args.get(2).or_else(|| args.get(1))?)? {
        Constant::Int(count) => count.checked_mul(each),
        _ => None,
    }
}
