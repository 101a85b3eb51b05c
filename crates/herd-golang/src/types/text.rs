//! Types as text.

use std::fmt::Write as _;

use super::Types;
use super::objects::{ObjectId, Scope, Source};
use super::table::{Signature, Term, Type, TypeId};
use crate::ast::ChanDir;

impl Types<'_> {
    /// A type as `types.TypeString` writes it with full package paths, but without names of parameters, aliases and tags; interfaces are
    /// written with all their methods by name, and `?` stands for what is unknown. Local types have no path of their own.
    pub fn text(&self, id: TypeId) -> String {
        let mut text = String::new();
        self.write_type(&mut text, id);
        text
    }

    /// The path of an object's package, a dot, and its name; a method's without its receiver.
    pub fn object_text(&self, id: ObjectId) -> String {
        let mut text = String::new();
        self.write_object(&mut text, id);
        text
    }

    /// A function as the runtime names it: `example.com/m/p.F`, `example.com/m/p.(*T).M`, `main.main`. What the linker escapes in a path
    /// (cmd/internal/objabi, path.go) is left as it is.
    pub fn function_text(&self, id: ObjectId) -> String {
        let mut text = String::new();
        let Some(object) = self.object(id) else { return text };
        if let Some(package) = object.scope.and_then(|scope| self.program.package(scope.package())) {
            text.push_str(if &*package.name == "main" { "main" } else { &package.path });
            text.push_str(if object.scope.is_some_and(Scope::is_external) { "_test." } else { "." });
        }
        if let Source::Method { base, pointer, .. } = object.source {
            let base = self.names.text(base);
            let (before, behind) = if pointer { ("(*", ").") } else { ("", ".") };
            text.extend([before, base, behind]);
        }
        text.push_str(self.names.text(object.name));
        text
    }

    fn write_object(&self, text: &mut String, id: ObjectId) {
        let Some(object) = self.object(id) else { return };
        if let Some(scope) = object.scope
            && let Some(package) = self.program.package(scope.package())
        {
            text.push_str(&package.path);
            text.push_str(if scope.is_external() { "_test." } else { "." });
        }
        text.push_str(self.names.text(object.name));
    }

    fn write_type(&self, text: &mut String, id: TypeId) {
        match self.get(id) {
            Type::Unknown => text.push('?'),
            Type::Basic(basic) => text.push_str(basic.text()),
            Type::Named { object, args } => {
                self.write_object(text, *object);
                if !args.is_empty() {
                    text.push('[');
                    self.write_list(text, args, ",");
                    text.push(']');
                }
            }
            Type::Pointer(to) => {
                text.push('*');
                self.write_type(text, *to);
            }
            Type::Slice(of) => {
                text.push_str("[]");
                self.write_type(text, *of);
            }
            Type::Array { element, len } => {
                let _ = match len {
                    Some(len) => write!(text, "[{len}]"),
                    None => write!(text, "[?]"),
                };
                self.write_type(text, *element);
            }
            Type::Map { key, value } => {
                text.push_str("map[");
                self.write_type(text, *key);
                text.push(']');
                self.write_type(text, *value);
            }
            Type::Chan { dir, element } => {
                text.push_str(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Receive => "<-chan ",
                });
                let receives = matches!(self.get(*element), Type::Chan { dir: ChanDir::Receive, .. });
                if *dir != ChanDir::Send && receives {
                    text.push('(');
                    self.write_type(text, *element);
                    text.push(')');
                } else {
                    self.write_type(text, *element);
                }
            }
            Type::Signature(signature) => {
                text.push_str("func");
                self.write_signature(text, signature);
            }
            Type::Struct(fields) => {
                text.push_str("struct{");
                for (at, field) in fields.iter().enumerate() {
                    text.push_str(if at > 0 { "; " } else { "" });
                    if !field.embedded {
                        text.push_str(self.names.text(field.name));
                        text.push(' ');
                    }
                    self.write_type(text, field.ty);
                }
                text.push('}');
            }
            Type::Interface(_) => self.write_interface(text, id),
            Type::Tuple(types) => {
                text.push('(');
                self.write_list(text, types, ", ");
                text.push(')');
            }
            Type::TypeParam { owner, index } => {
                let name = self.type_params(*owner).get(*index as usize);
                text.push_str(name.map_or("?", |name| self.names.text(*name)));
            }
            Type::Union(terms) => self.write_terms(text, terms),
        }
    }

    fn write_list(&self, text: &mut String, types: &[TypeId], separator: &str) {
        for (at, ty) in types.iter().enumerate() {
            text.push_str(if at > 0 { separator } else { "" });
            self.write_type(text, *ty);
        }
    }

    fn write_signature(&self, text: &mut String, signature: &Signature) {
        text.push('(');
        for (at, param) in signature.params.iter().enumerate() {
            text.push_str(if at > 0 { ", " } else { "" });
            match self.get(*param) {
                Type::Slice(of) if signature.variadic && at + 1 == signature.params.len() => {
                    text.push_str("...");
                    self.write_type(text, *of);
                }
                _ => self.write_type(text, *param),
            }
        }
        text.push(')');
        match &*signature.results {
            [] => {}
            [result] => {
                text.push(' ');
                self.write_type(text, *result);
            }
            results => {
                text.push_str(" (");
                self.write_list(text, results, ", ");
                text.push(')');
            }
        }
    }

    fn write_interface(&self, text: &mut String, id: TypeId) {
        let Type::Interface(interface) = self.get(id) else { return };
        if id == TypeId::ANY {
            text.push_str("any");
            return;
        }
        if interface.comparable && interface.methods.is_empty() && interface.terms.is_none() {
            text.push_str("comparable");
            return;
        }
        text.push_str("interface{");
        let mut methods: Vec<_> =
            interface.methods.iter().map(|method| (self.names.text(method.name), method.signature)).collect();
        methods.sort_unstable();
        let mut separator = "";
        for (name, signature) in methods {
            let _ = write!(text, "{separator}{name}");
            separator = "; ";
            if let Type::Signature(signature) = self.get(signature) {
                self.write_signature(text, signature);
            }
        }
        if interface.comparable {
            let _ = write!(text, "{separator}comparable");
            separator = "; ";
        }
        if let Some(terms) = &interface.terms {
            text.push_str(separator);
            self.write_terms(text, terms);
        }
        text.push_str(if interface.incomplete { "?}" } else { "}" });
    }

    fn write_terms(&self, text: &mut String, terms: &[Term]) {
        let mut parts: Vec<String> =
            terms.iter().map(|term| format!("{}{}", if term.tilde { "~" } else { "" }, self.text(term.ty))).collect();
        parts.sort_unstable();
        text.push_str(&parts.join(" | "));
    }
}
