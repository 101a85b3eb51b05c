//! What eyes that look at a whole program see: facts of all its packages, told in places that outlive these.
//!
//! Each package yields its facts once its functions are known ([`of`]); all of them together are given to the patterns' `program` eyes.

use herd_golang::Symbol;
use herd_golang::acts::{Field, LockKey, Summaries};
use herd_golang::ast::Pos;
use herd_golang::types::{ObjectId, TypeId, Types};

use rustc_hash::FxHashMap;

use crate::source::Package;
use crate::source_edges;
use crate::source_spotted::Stop;

/// Facts of packages, in the order of the packages.
#[derive(Default)]
pub struct ProgramFacts {
    /// Locks that are taken while others are held.
    pub edges: Vec<LockEdge>,
    /// What is called while locks are held and can be told only once the whole program is known.
    pub calls: Vec<CallUnderLock>,
    /// What fields are set to that hold functions.
    pub field_values: Vec<(Field, FieldValue)>,
    /// Declared methods: the name, the type, the method.
    pub methods: Vec<(Symbol, ObjectId, ObjectId)>,
}

/// A lock as orders tell it apart: of structs that hold several of one kind by value, which of them it is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OrderKey {
    /// What it is for all values.
    pub key: LockKey,
    /// The field that holds the struct it is in, where others of its type are beside it.
    pub within: Option<Field>,
}

/// A lock is taken while another one is held, and both belong together: one is reached from what the other is in.
pub struct LockEdge {
    /// The one that is held, and whether for reading.
    pub held: (OrderKey, bool),
    /// The one that is taken, and whether for reading.
    pub taken: (OrderKey, bool),
    /// Other locks that are held all the while.
    pub gates: Vec<LockKey>,
    /// The declared function, and where it asks for the second one.
    pub at: (ObjectId, Pos),
    /// What shows it.
    pub way: Vec<Stop>,
}

/// A call of something unknown while a lock is held.
pub struct CallUnderLock {
    /// The lock, and whether it is held for reading.
    pub held: (OrderKey, bool),
    /// Other locks that are held all the while.
    pub gates: Vec<LockKey>,
    /// What is called.
    pub callee: Unresolved,
    /// Which parameters of it are what the lock is in; that of the receiver is true where a field of that is called on.
    pub given: Vec<bool>,
    /// Whether it is called on what a field of the lock's owner holds.
    pub on_field: bool,
    /// The declared function, and where it calls.
    pub at: (ObjectId, Pos),
    /// What shows it.
    pub way: Vec<Stop>,
}

/// What is called, as far as a package tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unresolved {
    /// A method of an interface.
    Interface(TypeId, Symbol),
    /// What a field holds.
    Field(Field),
}

/// What a field is set to that holds a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldValue {
    /// A declared function, or a method of some value.
    Function(ObjectId),
    /// A function literal.
    Literal,
}

/// What is told of the whole program.
pub struct Program<'a, 't> {
    /// The facts of its packages.
    pub facts: &'a ProgramFacts,
    /// Its types.
    pub types: &'a Types<'t>,
    /// What its functions do.
    pub summaries: &'a Summaries,
    methods: FxHashMap<Symbol, Vec<(ObjectId, ObjectId)>>,
    field_values: FxHashMap<Field, Vec<FieldValue>>,
}

/// Something an eye sees that looks at the whole program.
#[derive(Clone, Debug)]
pub struct ProgramSpotted {
    /// The declared function the fault is in, and where it is there.
    pub at: (ObjectId, Pos),
    /// What is wrong there, an English sentence without its full stop.
    pub text: String,
    /// What shows it, in order; each in a function ([`StopPlace::In`](crate::source::StopPlace::In)).
    pub way: Vec<Stop>,
}

/// An eye that looks at a whole program.
pub type ProgramEye = fn(&Program<'_, '_>) -> Vec<ProgramSpotted>;

/// The facts of one package.
pub fn of(package: &Package<'_>, known: &Summaries) -> ProgramFacts {
    source_edges::of(package, known)
}

impl ProgramFacts {
    /// Adds those of another package.
    pub fn add(&mut self, other: ProgramFacts) {
        self.edges.extend(other.edges);
        self.calls.extend(other.calls);
        self.field_values.extend(other.field_values);
        self.methods.extend(other.methods);
    }
}

impl<'a, 't> Program<'a, 't> {
    /// All packages' facts, put in order.
    pub fn new(facts: &'a ProgramFacts, types: &'a Types<'t>, summaries: &'a Summaries) -> Self {
        let mut program = Program { facts, types, summaries, methods: FxHashMap::default(), field_values: FxHashMap::default() };
        for (name, ty, method) in &facts.methods {
            program.methods.entry(*name).or_default().push((*ty, *method));
        }
        for (field, value) in &facts.field_values {
            program.field_values.entry(*field).or_default().push(*value);
        }
        program
    }

    /// The only declared function that a call can come to, where there is one.
    pub fn resolved(&self, callee: Unresolved) -> Option<ObjectId> {
        match callee {
            Unresolved::Interface(interface, name) => {
                let has = |ty: ObjectId| {
                    let pointer = self.types.pointer_to(self.types.object_type(ty));
                    self.types.has_methods(pointer, interface) == Some(true)
                };
                let mut fitting = self.methods.get(&name)?.iter().filter(|(ty, _)| has(*ty));
                let (first, None) = (fitting.next()?, fitting.next()) else { return None };
                Some(first.1)
            }
            Unresolved::Field(field) => {
                let mut values = self.field_values.get(&field)?.iter();
                let FieldValue::Function(first) = *values.next()? else { return None };
                values.all(|other| *other == FieldValue::Function(first)).then_some(first)
            }
        }
    }
}
