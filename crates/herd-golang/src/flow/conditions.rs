//! Which conditions of a function are followed, and what makes one forgotten: names are told apart by scope, changes are noted by step.

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{FOLLOWED_MAX, Fact, TRUE};
use super::{Block, Step};
use crate::ast::{Expr, ExprId, File, Node, Stmt};
use crate::intern::{Symbol, known};
use crate::token::Token;
use crate::walk::{Descend, walk};

/// A variable of the function, or a name from outside it.
type Var = u32;

/// What a pass over a body comes across, in order: read again only where a condition may occur twice, which is seldom.
pub(super) struct Log {
    events: Vec<Event>,
    meetings: u32,
}

#[derive(Clone, Copy)]
enum Event {
    Enter,
    Leave,
    /// A name is declared at a step.
    Declare(Symbol, u32),
    /// A step sets what an expression stands for.
    Set(ExprId, u32),
    /// A step is given what a call is.
    Call(ExprId, u32),
    /// The address of an expression is taken.
    Address(ExprId),
    /// A branch on a condition.
    Meet(ExprId),
    /// A case that is held against a tag.
    MeetCase(ExprId, ExprId),
}

/// A branch on a condition, by its number.
#[derive(Clone, Copy)]
pub(super) struct Meeting(u32);

impl Log {
    pub(super) fn with_room(events: usize) -> Self {
        Self { events: Vec::with_capacity(events), meetings: 0 }
    }

    pub(super) fn enter(&mut self) {
        self.events.push(Event::Enter);
    }

    pub(super) fn leave(&mut self) {
        self.events.push(Event::Leave);
    }

    pub(super) fn declare(&mut self, name: Symbol, step: u32) {
        self.events.push(Event::Declare(name, step));
    }

    pub(super) fn set(&mut self, x: ExprId, step: u32) {
        self.events.push(Event::Set(x, step));
    }

    pub(super) fn call(&mut self, call: ExprId, step: u32) {
        self.events.push(Event::Call(call, step));
    }

    pub(super) fn address(&mut self, x: ExprId) {
        self.events.push(Event::Address(x));
    }

    pub(super) fn meet(&mut self, x: ExprId) -> Meeting {
        self.met(Event::Meet(x))
    }

    pub(super) fn meet_case(&mut self, tag: ExprId, x: ExprId) -> Meeting {
        self.met(Event::MeetCase(tag, x))
    }

    fn met(&mut self, event: Event) -> Meeting {
        self.events.push(event);
        self.meetings += 1;
        Meeting(self.meetings - 1)
    }

    /// Which conditions are followed. Sets what blocks forget.
    pub(super) fn follow(&self, file: &File, steps: &[Step], blocks: &mut [Block]) -> Followed {
        if !self.may_repeat(file) {
            return Followed { numbers: Vec::new(), count: 0 };
        }
        let mut conditions = Conditions::default();
        let mut met = Vec::new();
        for event in &self.events {
            conditions.read(file, *event, &mut met);
        }
        let conditions = conditions.follow(file, steps, blocks);
        let number = |occurrence: Option<Occurrence>| {
            let Occurrence { condition, negated } = occurrence?;
            let condition = conditions.get(condition as usize).copied().flatten()?;
            Some(Fact { condition, holds: !negated })
        };
        Followed { numbers: met.into_iter().map(number).collect(), count: conditions.iter().flatten().count() as u32 }
    }

    /// Whether two conditions share a name, or one is constant.
    fn may_repeat(&self, file: &File) -> bool {
        let name = |event: &Event| match *event {
            Event::Meet(x) => a_name(file, x),
            Event::MeetCase(tag, _) => base_name(file, tag),
            _ => None,
        };
        let mut names: Vec<Symbol> = self.events.iter().filter_map(name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1]) || names.iter().any(|name| matches!(*name, known::TRUE | known::FALSE))
    }
}

/// A name in a condition that may be followed; the same one whichever side it stands on.
fn a_name(file: &File, x: ExprId) -> Option<Symbol> {
    let Expr::Binary { x, y, .. } = *file.expr(file.unparen(x)) else { return base_name(file, x) };
    let names = [base_name(file, x), base_name(file, y)];
    names.into_iter().flatten().filter(|name| *name != known::NIL).min()
}

/// The name that a name or a selector starts with.
fn base_name(file: &File, x: ExprId) -> Option<Symbol> {
    let mut x = file.unparen(x);
    while let Expr::Selector { x: inner, .. } = *file.expr(x) {
        x = file.unparen(inner);
    }
    if let Expr::Ident { name } = *file.expr(x) { Some(name) } else { None }
}

/// The names and conditions that were met.
#[derive(Default)]
struct Conditions {
    /// What a name stands for here, and how many scopes deep that was declared: 0 outside the function.
    names: FxHashMap<Symbol, (Var, u32)>,
    /// What names stood for outside each open scope.
    hidden: Vec<(Symbol, Option<(Var, u32)>)>,
    open: Vec<usize>,
    vars: Var,
    keys: FxHashMap<Box<[u32]>, u32>,
    literals: FxHashMap<Box<[u8]>, u32>,
    met: Vec<Met>,
    changes: Vec<(u32, Change)>,
    addressed: FxHashSet<Var>,
    addressed_fields: FxHashSet<Symbol>,
    key: Vec<u32>,
}

/// A condition.
struct Met {
    times: u32,
    /// What it is made of.
    parts: Vec<Part>,
    /// Whether it compares with `nil`.
    with_nil: bool,
}

/// A name with what is selected of it.
struct Part {
    name: Symbol,
    var: Var,
    fields: Vec<Symbol>,
}

/// One side of a condition.
enum Operand {
    /// A literal or `nil`.
    Constant,
    Name(Part),
}

impl Operand {
    fn name(self) -> Option<Part> {
        match self {
            Self::Constant => None,
            Self::Name(part) => Some(part),
        }
    }
}

/// What may make a condition's truth another one.
#[derive(Clone, Copy)]
enum Change {
    /// The variable is set.
    Set(Var),
    /// A field of this name is set.
    SetField(Symbol),
    /// What the variable leads to may be set.
    Lent(Var),
    /// What a field of this name leads to may be set.
    LentField(Symbol),
}

/// A condition as it stands somewhere, and whether it is the other way round there.
#[derive(Clone, Copy)]
struct Occurrence {
    condition: u32,
    negated: bool,
}

const SEPARATOR: u32 = u32::MAX;

impl Conditions {
    /// Reads an event; adds of each branch which condition it is on.
    fn read(&mut self, file: &File, event: Event, met: &mut Vec<Option<Occurrence>>) {
        match event {
            Event::Enter => self.enter(),
            Event::Leave => self.leave(),
            Event::Declare(name, step) => self.declare(name, step),
            Event::Set(x, step) => self.set(file, x, step),
            Event::Call(call, step) => {
                if let Expr::Call { fun, args, .. } = *file.expr(call) {
                    self.call(file, fun, file.list(args), step);
                }
            }
            Event::Address(x) => self.address(file, x),
            Event::Meet(x) => met.push(self.meet(file, x)),
            Event::MeetCase(tag, x) => met.push(self.meet_comparison(file, Token::Equal, tag, x)),
        }
    }

    fn enter(&mut self) {
        self.open.push(self.hidden.len());
    }

    fn leave(&mut self) {
        let from = self.open.pop().unwrap_or(0);
        for (name, before) in self.hidden.drain(from..).rev() {
            match before {
                Some(before) => self.names.insert(name, before),
                None => self.names.remove(&name),
            };
        }
    }

    /// Declares a name at a step. What is declared again, and a parameter's name at the top of the body, stays the variable it is: the one
    /// is Go's rule, the other forgets more than needed.
    fn declare(&mut self, name: Symbol, step: u32) {
        if name == known::BLANK {
            return;
        }
        let depth = self.open.len() as u32;
        let before = self.names.get(&name).copied();
        let var = match before {
            Some((var, declared)) if declared == depth || declared == 0 && depth == 1 => var,
            Some(_) | None => {
                self.hidden.push((name, before));
                self.vars += 1;
                self.vars
            }
        };
        self.names.insert(name, (var, depth));
        self.changes.push((step, Change::Set(var)));
    }

    /// What a name stands for.
    fn var(&mut self, name: Symbol) -> Var {
        let vars = &mut self.vars;
        let outside = || {
            *vars += 1;
            (*vars, 0)
        };
        self.names.entry(name).or_insert_with(outside).0
    }

    /// Notes that a step sets what an expression stands for.
    fn set(&mut self, file: &File, x: ExprId, step: u32) {
        let change = match *file.expr(file.unparen(x)) {
            Expr::Ident { name } => Change::Set(self.var(name)),
            Expr::Selector { sel, .. } => Change::SetField(sel.name),
            Expr::Index { x, .. } | Expr::Star { x } => return self.lend(file, x, step),
            _ => return,
        };
        self.changes.push((step, change));
    }

    /// Notes that a step hands an expression to code that may change what it leads to.
    fn lend(&mut self, file: &File, x: ExprId, step: u32) {
        let mut x = file.unparen(x);
        if let Expr::Star { x: inner } | Expr::Unary { op: Token::And, x: inner } = *file.expr(x) {
            x = file.unparen(inner);
        }
        let change = match *file.expr(x) {
            Expr::Ident { name } => Change::Lent(self.var(name)),
            Expr::Selector { sel, .. } => Change::LentField(sel.name),
            _ => return,
        };
        self.changes.push((step, change));
    }

    /// Notes what a call is given.
    fn call(&mut self, file: &File, fun: ExprId, args: &[ExprId], step: u32) {
        if let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) {
            self.lend(file, x, step);
        }
        for arg in args {
            self.lend(file, *arg, step);
        }
    }

    /// Notes that the address of an expression is taken.
    fn address(&mut self, file: &File, x: ExprId) {
        let mut x = file.unparen(x);
        while let Expr::Index { x: inner, .. } = *file.expr(x) {
            x = file.unparen(inner);
        }
        match *file.expr(x) {
            Expr::Ident { name } => {
                let var = self.var(name);
                self.addressed.insert(var);
            }
            Expr::Selector { sel, .. } => {
                self.addressed_fields.insert(sel.name);
            }
            _ => {}
        }
    }

    /// The condition that an expression is.
    fn meet(&mut self, file: &File, x: ExprId) -> Option<Occurrence> {
        if let Expr::Binary { op, x, y, .. } = *file.expr(file.unparen(x)) {
            return self.meet_comparison(file, op, x, y);
        }
        self.key.clear();
        let Operand::Name(part) = self.operand(file, x)? else { return None };
        if part.name == known::FALSE && part.fields.is_empty() {
            self.key.clear();
            let truth = Part { name: known::TRUE, var: self.var(known::TRUE), fields: Vec::new() };
            self.key.extend([0, truth.var, SEPARATOR]);
            return Some(self.note(vec![truth], false, true));
        }
        Some(self.note(vec![part], false, false))
    }

    /// The condition that a comparison is.
    fn meet_comparison(&mut self, file: &File, op: Token, x: ExprId, y: ExprId) -> Option<Occurrence> {
        let equality = matches!(op, Token::Equal | Token::NotEqual);
        if !equality && !matches!(op, Token::Less | Token::LessEqual | Token::Greater | Token::GreaterEqual) {
            return None;
        }
        self.key.clear();
        self.key.push(if equality { Token::Equal } else { op } as u32);
        let start = self.key.len();
        let first = self.operand(file, x)?;
        let middle = self.key.len();
        let second = self.operand(file, y)?;
        // `nil == x` is `x == nil`; which one comes first does not matter, but it is always the same.
        if equality && self.key.get(start..middle) > self.key.get(middle..) {
            let sides = self.key.split_off(start);
            let (left, right) = sides.split_at(middle - start);
            self.key.extend([right, left].concat());
        }
        let nil = |file: &File, x| matches!(*file.expr(file.unparen(x)), Expr::Ident { name: known::NIL });
        let with_nil = nil(file, x) || nil(file, y);
        let parts = [first, second].into_iter().filter_map(Operand::name).collect();
        Some(self.note(parts, with_nil, op == Token::NotEqual))
    }

    /// Appends what one side of a condition is to the key; nothing where it is none that can be followed.
    fn operand(&mut self, file: &File, x: ExprId) -> Option<Operand> {
        let mut x = file.unparen(x);
        if let Expr::Unary { op: Token::Sub, x: inner } = *file.expr(x)
            && !matches!(*file.expr(inner), Expr::BasicLit { .. })
        {
            return None;
        }
        if matches!(*file.expr(x), Expr::BasicLit { .. } | Expr::Unary { op: Token::Sub, .. }) {
            let next = self.literals.len() as u32;
            let number = *self.literals.entry(file.bytes(file.expr_span(x)).into()).or_insert(next);
            self.key.extend([1, number, SEPARATOR]);
            return Some(Operand::Constant);
        }
        let mut fields = Vec::new();
        while let Expr::Selector { x: inner, sel } = *file.expr(x) {
            fields.push(sel.name);
            x = file.unparen(inner);
        }
        let Expr::Ident { name } = *file.expr(x) else { return None };
        if name == known::NIL && fields.is_empty() {
            self.key.extend([2, SEPARATOR]);
            return Some(Operand::Constant);
        }
        let var = self.var(name);
        self.key.extend([0, var]);
        self.key.extend(fields.iter().map(|field| field.0));
        self.key.push(SEPARATOR);
        Some(Operand::Name(Part { name, var, fields }))
    }

    fn note(&mut self, parts: Vec<Part>, with_nil: bool, negated: bool) -> Occurrence {
        let next = self.met.len() as u32;
        let condition = self.keys.get(self.key.as_slice()).copied().unwrap_or_else(|| {
            self.keys.insert(self.key.as_slice().into(), next);
            self.met.push(Met { times: 0, parts, with_nil });
            next
        });
        if let Some(met) = self.met.get_mut(condition as usize) {
            met.times += 1;
        }
        Occurrence { condition, negated }
    }

    /// Which conditions are followed, by the number they were met under. Sets what blocks forget.
    fn follow(&self, file: &File, steps: &[Step], blocks: &mut [Block]) -> Vec<Option<u8>> {
        let mut numbers = vec![None; self.met.len()];
        let mut next = u32::from(TRUE) + 1;
        let constant = |met: &Met| matches!(met.parts.as_slice(), [part] if part.name == known::TRUE && part.fields.is_empty());
        let may = |met: &Met| met.times > 1 && !constant(met) && !met.parts.is_empty();
        let inner = if self.met.iter().any(may) { set_within(file, steps) } else { Set::default() };
        for (met, number) in self.met.iter().zip(&mut numbers) {
            if constant(met) && !inner.names.contains(&known::TRUE) {
                *number = Some(TRUE);
            } else if may(met) && next < FOLLOWED_MAX && met.parts.iter().all(|part| self.is_steady(part, &inner)) {
                *number = Some(next as u8);
                next += 1;
            }
        }
        if next > 1 {
            self.forget(&numbers, blocks);
        }
        numbers
    }

    fn is_steady(&self, part: &Part, inner: &Set) -> bool {
        let addressed = |field: &Symbol| self.addressed_fields.contains(field) || inner.fields.contains(field);
        !self.addressed.contains(&part.var) && !inner.names.contains(&part.name) && !part.fields.iter().any(addressed)
    }

    /// Sets what each block forgets.
    fn forget(&self, numbers: &[Option<u8>], blocks: &mut [Block]) {
        let mut by_change: FxHashMap<(u8, u32), u64> = FxHashMap::default();
        for (met, number) in self.met.iter().zip(numbers) {
            let Some(number) = number.filter(|number| *number != TRUE) else { continue };
            let mut depends = |change: Change| *by_change.entry(key_of(change)).or_default() |= 1 << number;
            for part in &met.parts {
                depends(Change::Set(part.var));
                if !part.fields.is_empty() || !met.with_nil {
                    depends(Change::Lent(part.var));
                }
                for (index, field) in part.fields.iter().enumerate() {
                    depends(Change::SetField(*field));
                    // Innermost last: what the last one leads to is not what it is.
                    if index > 0 {
                        depends(Change::LentField(*field));
                    }
                }
            }
        }
        // Changes are in the order of their steps, and so are blocks.
        let mut blocks = blocks.iter_mut().peekable();
        for (step, change) in &self.changes {
            while blocks.next_if(|block| block.steps.end <= *step).is_some() {}
            if let Some(block) = blocks.peek_mut()
                && let Some(mask) = by_change.get(&key_of(*change))
            {
                block.forgets |= mask;
            }
        }
    }
}

fn key_of(change: Change) -> (u8, u32) {
    match change {
        Change::Set(var) => (0, var),
        Change::SetField(field) => (1, field.0),
        Change::Lent(var) => (2, var),
        Change::LentField(field) => (3, field.0),
    }
}

/// What each branch tells where its condition holds, and how many conditions are followed.
pub(super) struct Followed {
    numbers: Vec<Option<Fact>>,
    pub(super) count: u32,
}

impl Followed {
    /// What a branch tells where its condition, as it is written there, holds or does not.
    pub(super) fn fact(&self, (Meeting(number), holds): (Meeting, bool)) -> Option<Fact> {
        let fact = self.numbers.get(number as usize).copied().flatten()?;
        Some(Fact { holds: fact.holds == holds, ..fact })
    }
}

/// Names and fields that are set by literals, or whose address they take.
#[derive(Default)]
struct Set {
    names: FxHashSet<Symbol>,
    fields: FxHashSet<Symbol>,
}

/// What the literals of a function set, whatever the names stand for there.
fn set_within(file: &File, steps: &[Step]) -> Set {
    let mut set = Set::default();
    for step in steps {
        let Step::FuncLit(literal) = *step else { continue };
        walk(file, Node::Expr(literal), |node| {
            match node {
                Node::Stmt(stmt) => match *file.stmt(stmt) {
                    Stmt::Assign { op, lhs, .. } if op != Token::Define => {
                        file.list(lhs).iter().for_each(|x| set.add(file, *x));
                    }
                    Stmt::IncDec { x, .. } => set.add(file, x),
                    Stmt::Range { op: Some(Token::Assign), key, value, .. } => {
                        key.into_iter().chain(value).for_each(|x| set.add(file, x));
                    }
                    _ => {}
                },
                Node::Expr(x) => {
                    if let Expr::Unary { op: Token::And, x } = *file.expr(x) {
                        set.add(file, x);
                    }
                }
                _ => {}
            }
            Descend::Into
        });
    }
    set
}

impl Set {
    fn add(&mut self, file: &File, x: ExprId) {
        let mut x = file.unparen(x);
        while let Expr::Index { x: inner, .. } | Expr::Star { x: inner } = *file.expr(x) {
            x = file.unparen(inner);
        }
        match *file.expr(x) {
            Expr::Ident { name } => drop(self.names.insert(name)),
            Expr::Selector { sel, .. } => drop(self.fields.insert(sel.name)),
            _ => {}
        }
    }
}
