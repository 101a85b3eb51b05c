//! What is declared before any program: types, constants, functions.

use crate::ast::{Ident, Pos};
use crate::intern::{Interner, Symbol, known};

use super::constant::Value;
use super::objects::{Object, ObjectId, ObjectKind, Source};
use super::output::Meaning;
use super::segments::Segments;
use super::table::{Basic, Interface, Method, Signature, Table, Type, TypeId};

macro_rules! builtins {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A function of the language.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Builtin {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Builtin {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name; those of package unsafe with the package's.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

builtins! {
    Append = "append",
    Cap = "cap",
    Clear = "clear",
    Close = "close",
    Complex = "complex",
    Copy = "copy",
    Delete = "delete",
    Imag = "imag",
    Len = "len",
    Make = "make",
    Max = "max",
    Min = "min",
    New = "new",
    Panic = "panic",
    Print = "print",
    Println = "println",
    Real = "real",
    Recover = "recover",
    UnsafeAdd = "unsafe.Add",
    UnsafeAlignof = "unsafe.Alignof",
    UnsafeOffsetof = "unsafe.Offsetof",
    UnsafeSizeof = "unsafe.Sizeof",
    UnsafeSlice = "unsafe.Slice",
    UnsafeSliceData = "unsafe.SliceData",
    UnsafeString = "unsafe.String",
    UnsafeStringData = "unsafe.StringData",
}

/// Predeclared names.
pub(super) struct Universe {
    /// By symbol; the symbols of predeclared names are the first ones.
    names: Box<[Meaning]>,
    /// Names of package unsafe.
    unsafe_names: Vec<(Symbol, Meaning)>,
    pub(super) error: TypeId,
    pub(super) iota: ObjectId,
}

impl Universe {
    pub(super) fn new(table: &Table, objects: &Segments<Object>, names: &Interner) -> Self {
        let mut known_names = vec![Meaning::None; known::TEXTS.len() + 1];
        let mut put = |name: Symbol, meaning: Meaning| {
            if let Some(cell) = known_names.get_mut(name.0 as usize) {
                *cell = meaning;
            }
        };
        let add = |kind: ObjectKind, name: Symbol, ty: TypeId| {
            let object = Object::new(kind, Ident { name, pos: Pos::at(0) }, None, 0, Source::None);
            object.ty.get_or_init(|| ty);
            ObjectId(objects.push(object))
        };
        for basic in Basic::ALL.iter().filter(|basic| !basic.is_untyped() && **basic != Basic::UnsafePointer) {
            let name = names.intern(basic.text());
            put(name, Meaning::Object(add(ObjectKind::Type, name, basic.id())));
        }
        for (name, of) in [
            (known::BYTE, Basic::Uint8.id()),
            (known::RUNE, Basic::Int32.id()),
            (known::ANY, TypeId::ANY),
            (known::COMPARABLE, table.intern(Type::Interface(Interface { comparable: true, ..Interface::default() }))),
        ] {
            put(name, Meaning::Object(add(ObjectKind::Alias, name, of)));
        }
        let error = Object::new(ObjectKind::Type, Ident { name: known::ERROR, pos: Pos::at(0) }, None, 0, Source::None);
        let error = ObjectId(objects.push(error));
        let error_type = table.intern(Type::Named { object: error, args: Box::default() });
        let signature = Signature { params: Box::default(), results: Box::new([Basic::String.id()]), variadic: false };
        let method = Method { name: names.intern("Error"), scope: None, signature: table.intern(Type::Signature(signature)) };
        let interface = Interface { methods: Box::new([method]), ..Interface::default() };
        if let Some(object) = objects.get(error.0) {
            object.ty.get_or_init(|| error_type);
            object.more().underlying.get_or_init(|| table.intern(Type::Interface(interface)));
        }
        put(known::ERROR, Meaning::Object(error));
        for (name, value) in [(known::TRUE, true), (known::FALSE, false)] {
            let id = add(ObjectKind::Const, name, Basic::UntypedBool.id());
            if let Some(object) = objects.get(id.0) {
                object.more().value.get_or_init(|| Some(Value::Bool(value)));
            }
            put(name, Meaning::Object(id));
        }
        let iota = add(ObjectKind::Const, known::IOTA, Basic::UntypedInt.id());
        put(known::IOTA, Meaning::Object(iota));
        put(known::NIL, Meaning::Nil);
        let mut unsafe_names = Vec::new();
        for builtin in Builtin::ALL {
            match builtin.text().strip_prefix("unsafe.") {
                None => put(names.intern(builtin.text()), Meaning::Builtin(*builtin)),
                Some(name) => unsafe_names.push((names.intern(name), Meaning::Builtin(*builtin))),
            }
        }
        let pointer = names.intern("Pointer");
        unsafe_names.push((pointer, Meaning::Object(add(ObjectKind::Type, pointer, Basic::UnsafePointer.id()))));
        Self { names: known_names.into(), unsafe_names, error: error_type, iota }
    }

    pub(super) fn lookup(&self, name: Symbol) -> Meaning {
        self.names.get(name.0 as usize).copied().unwrap_or(Meaning::None)
    }

    pub(super) fn lookup_unsafe(&self, name: Symbol) -> Meaning {
        self.unsafe_names.iter().find(|(known, _)| *known == name).map_or(Meaning::None, |(_, meaning)| *meaning)
    }
}
