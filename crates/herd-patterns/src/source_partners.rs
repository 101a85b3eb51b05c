//! Who uses a channel or a group in a package, through fields, variables and parameters; of which ones all uses are known.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of many name a channel")]

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, BodyId, Field, Known, LockKey, Owner, PathId, Step as PathStep, Target, UnitFile};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::types::{Builtin, Callee, LocalId, LocalKind, Meaning, SelectionKind, Type};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source::{Package, Scene};

/// A channel or group, of all values of a type where it is a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Channel {
    /// A field, or a variable of the package.
    Key(LockKey),
    /// A variable of a function: its file, and which.
    Local(u32, LocalId),
}

/// Something that is done with a channel or group.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// By whom.
    pub body: BodyId,
    /// What.
    pub act: Act,
    /// Whether it waits for others, or lets others go on.
    pub kind: UseKind,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UseKind {
    /// `c <- x`
    Send,
    /// `<-c`
    Receive,
    /// `close(c)`
    Close,
    /// `group.Wait()`
    Wait,
    /// `group.Done()`
    Done,
    /// `cond.Wait()`
    CondWait,
    /// `cond.Signal()`, `cond.Broadcast()`
    Signal,
}

/// All uses of a package.
#[derive(Default)]
pub struct Partners {
    uses: FxHashMap<Channel, Vec<Use>>,
    escaped: FxHashSet<Channel>,
    /// How many values they are made to hold, the least of all makes; nothing where that is not told.
    room: FxHashMap<Channel, Option<i128>>,
}

/// Goes through a package once. Linear, but for channels that are handed from function to function, which are followed two calls deep.
pub fn partners(package: &Package<'_>) -> Partners {
    let mut all = Partners::default();
    let bodies = || (0..package.unit.bodies.len()).map(|index| BodyId(index as u32));
    for id in bodies() {
        for act in &package.unit.body(id).acts {
            let (path, kind) = match act.kind {
                ActKind::Send(path) => (path, UseKind::Send),
                ActKind::Receive(path) => (path, UseKind::Receive),
                ActKind::Close(path) => (path, UseKind::Close),
                ActKind::Known(Known::GroupWait, path) => (path, UseKind::Wait),
                ActKind::Known(Known::GroupDone, path) => (path, UseKind::Done),
                ActKind::Known(Known::CondSignal | Known::CondBroadcast, path) => (path, UseKind::Signal),
                _ => continue,
            };
            if let Some(channel) = path.and_then(|path| channel(package, path)) {
                all.uses.entry(channel).or_default().push(Use { body: id, act: *act, kind });
            }
        }
    }
    if all.uses.is_empty() {
        return all;
    }
    for file in &package.unit.files {
        escaped(package, file, &mut all);
    }
    for _ in 0..2 {
        for id in bodies() {
            let scene = package.scene(id);
            for act in &scene.body.acts {
                for (param, given) in handed_over(&scene, act) {
                    let uses = all.uses.get(&param).cloned().unwrap_or_default();
                    let entry = all.uses.entry(given).or_default();
                    let is_new = |one: &Use| !entry.iter().any(|known| known.body == one.body && known.act == one.act);
                    let new: Vec<Use> = uses.into_iter().filter(is_new).collect();
                    entry.extend(new);
                    if all.escaped.contains(&param) {
                        all.escaped.insert(given);
                    }
                }
            }
        }
    }
    all
}

impl Partners {
    /// All that is done with a channel, where nobody else can have it.
    pub fn known_uses(&self, channel: Channel) -> Option<&[Use]> {
        (!self.escaped.contains(&channel)).then(|| self.uses.get(&channel).map(Vec::as_slice).unwrap_or_default())
    }

    /// How many values it surely can hold; nothing where that is not told.
    pub fn room(&self, channel: Channel) -> Option<i128> {
        self.room.get(&channel).copied().flatten()
    }

    /// What is seen to be done with it, by whomever.
    pub fn uses(&self, channel: Channel) -> &[Use] {
        self.uses.get(&channel).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What a path is the name of.
pub fn channel(package: &Package<'_>, path: PathId) -> Option<Channel> {
    match package.unit.paths.last(path) {
        PathStep::Local(file, local) => Some(Channel::Local(file, local)),
        _ => package.key(path).map(Channel::Key),
    }
}

/// The parameters of a callee of the package that are given channels.
pub fn handed_over(scene: &Scene<'_, '_>, act: &Act) -> Vec<(Channel, Channel)> {
    let unit = &scene.package.unit;
    let callee = match act.kind {
        ActKind::Call(Target::Object(object)) => unit.body_of(object),
        ActKind::Call(Target::Literal(literal)) => Some(literal),
        _ => None,
    };
    let (Some(callee), Some(call)) = (callee, act.call) else { return Vec::new() };
    let checked = &scene.file().checked;
    let Expr::Call { fun, args, .. } = *checked.file.expr(call) else { return Vec::new() };
    let is_method = checked.has_receiver(fun);
    let body = unit.body(callee);
    let params = body.params.iter().skip(usize::from(is_method));
    let pairs = params.zip(checked.file.list(args)).filter_map(|(param, arg)| {
        let given = named(scene.package, scene.file(), scene.body.file, *arg)?;
        Some((Channel::Local(body.file, *param), given))
    });
    pairs.collect()
}

/// Whether a lock itself is given to a call, which may give it back: `unlock := once(&s.mu)`.
pub fn is_handed_over(scene: &Scene<'_, '_>, path: PathId) -> bool {
    let (file, package) = (scene.file().checked.file, scene.package);
    let Some(lock) = channel(package, path) else { return false };
    scene.body.acts.iter().any(|act| {
        let Some(Expr::Call { args, .. }) = act.call.map(|call| *file.expr(call)) else { return false };
        file.list(args).iter().any(|x| named(package, scene.file(), scene.body.file, *x) == Some(lock))
    })
}

/// The channel or group that an expression names.
pub fn named(package: &Package<'_>, file: &UnitFile<'_>, number: u32, x: ExprId) -> Option<Channel> {
    let (checked, types) = (&file.checked, package.unit.types);
    let mut x = checked.file.unparen(x);
    if let Expr::Unary { op: Token::And, x: inner } = *checked.file.expr(x) {
        x = checked.file.unparen(inner);
    }
    let under = types.get(types.underlying(types.pointed_at(checked.type_of(x))));
    if !matches!(under, Type::Chan { .. } | Type::Struct(_)) {
        return None;
    }
    match *checked.file.expr(x) {
        Expr::Ident { .. } => match checked.meaning(x) {
            Meaning::Local(local) => Some(Channel::Local(number, local)),
            Meaning::Object(object) => Some(Channel::Key(LockKey::Global(object))),
            _ => None,
        },
        Expr::Selector { .. } => {
            let selection = checked.selection(x).filter(|one| one.kind == SelectionKind::Field)?;
            let owner = match types.get(selection.owner) {
                Type::Named { object, .. } => Owner::Declared(*object),
                _ => Owner::Type(selection.owner),
            };
            Some(Channel::Key(LockKey::Field(Field { owner, index: *selection.path.indices().last()? })))
        }
        _ => None,
    }
}

/// Partners that somebody may have whom the package does not show: those that are stored, returned, sent, compared, or given to others.
fn escaped(package: &Package<'_>, file: &UnitFile<'_>, all: &mut Partners) {
    let Partners { escaped: found, room, .. } = all;
    let (checked, types) = (&file.checked, package.unit.types);
    let tree = checked.file;
    let number = package.unit.files.iter().position(|one| std::ptr::eq(one, file)).unwrap_or(0) as u32;
    let is_channel = |x: ExprId| matches!(types.get(types.underlying(checked.type_of(x))), Type::Chan { .. });
    let is_made = |x: ExprId| {
        let x = tree.unparen(x);
        checked.callee(x) == Callee::Builtin(Builtin::Make) || checked.meaning(x) == Meaning::Nil
    };
    let mut plain: FxHashSet<ExprId> = FxHashSet::default();
    for (_, stmt) in tree.all_stmts() {
        match *stmt {
            Stmt::Send { chan, .. } => plain.extend([tree.unparen(chan)]),
            Stmt::Range { x, .. } => plain.extend([tree.unparen(x)]),
            Stmt::Assign { lhs, rhs, .. } => {
                for (to, from) in tree.list(lhs).iter().zip(tree.list(rhs)) {
                    if is_made(*from) {
                        let to = tree.unparen(*to);
                        plain.insert(to);
                        let declared = checked.local_at(tree.expr_span(to).start).map(|local| Channel::Local(number, local));
                        if let Some(channel) = declared.or_else(|| named(package, file, number, to)) {
                            make_room(room, channel, made_for(package, file, *from));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (id, expr) in tree.all_exprs() {
        match *expr {
            Expr::Unary { op: Token::Arrow, x } => plain.extend([tree.unparen(x)]),
            Expr::Call { fun, args, .. } => {
                let ours = match checked.callee(id) {
                    Callee::Builtin(Builtin::Close | Builtin::Len | Builtin::Cap) => true,
                    Callee::Static(object) => package.unit.body_of(object).is_some(),
                    Callee::Dynamic => matches!(tree.expr(tree.unparen(fun)), Expr::FuncLit { .. }),
                    _ => false,
                };
                if ours {
                    plain.extend(tree.list(args).iter().map(|x| tree.unparen(*x)));
                }
            }
            // What a literal puts into a field is made there, or has another name.
            Expr::CompositeLit { elts, .. } => {
                for elt in tree.list(elts) {
                    let Expr::KeyValue { key, value, .. } = *tree.expr(*elt) else { continue };
                    let Meaning::Field(index) = checked.meaning(key) else { continue };
                    let ty = types.pointed_at(checked.type_of(id));
                    let owner = match types.get(ty) {
                        Type::Named { object, .. } => Owner::Declared(*object),
                        _ => Owner::Type(ty),
                    };
                    let Ok(index) = u16::try_from(index) else { continue };
                    let channel = Channel::Key(LockKey::Field(Field { owner, index }));
                    if is_made(value) {
                        make_room(room, channel, made_for(package, file, value));
                    } else if is_channel(value) {
                        found.insert(channel);
                    }
                }
            }
            _ => {}
        }
    }
    for (id, expr) in tree.all_exprs() {
        if !matches!(expr, Expr::Ident { .. } | Expr::Selector { .. }) || !is_channel(id) || plain.contains(&id) {
            continue;
        }
        let Some(channel) = named(package, file, number, id) else { continue };
        let is_declaration = match channel {
            Channel::Local(_, local) => {
                checked.locals.get(local.0 as usize).is_some_and(|local| local.pos == tree.expr_span(id).start)
            }
            Channel::Key(_) => false,
        };
        if !is_declaration {
            found.insert(channel);
        }
    }
    // Other packages may use what they can name.
    for (id, expr) in tree.all_exprs() {
        if let Expr::Selector { sel, .. } = *expr
            && is_channel(id)
            && types.names().text(sel.name).starts_with(char::is_uppercase)
        {
            found.extend(named(package, file, number, id));
        }
    }
    // A parameter has whatever callers give it; who calls is told by what is handed over.
    for (index, local) in checked.locals.iter().enumerate() {
        let set = file.uses.get(index).is_some_and(|uses| uses.address_taken || uses.sets > 1);
        if set && local.kind != LocalKind::Receiver {
            found.insert(Channel::Local(number, LocalId(index as u32)));
        }
    }
}

fn make_room(room: &mut FxHashMap<Channel, Option<i128>>, channel: Channel, made_for: Option<i128>) {
    let least = room.entry(channel).or_insert(made_for);
    *least = least.zip(made_for).map(|(one, other)| one.min(other));
}

/// The number in `make(chan T, number)`.
fn made_for(package: &Package<'_>, file: &UnitFile<'_>, make: ExprId) -> Option<i128> {
    let Expr::Call { args, .. } = *file.checked.file.expr(file.checked.file.unparen(make)) else { return None };
    match file.checked.file.list(args) {
        [_] => Some(0),
        [_, size] => match file.checked.constant(package.unit.types, *size)? {
            herd_golang::types::Constant::Int(size) => Some(size),
            _ => None,
        },
        _ => None,
    }
}
