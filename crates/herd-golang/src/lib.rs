//! Go source read without the Go toolchain: tokens, syntax trees, names.
//!
//! Nothing here panics on input and nothing refuses the rest of a file: what is wrong with it becomes a list of errors with byte
//! offsets, beside the tree of what could be read.

pub mod ast;
pub mod intern;
pub mod lexer;
pub mod literal;
pub mod parser;
pub mod token;
pub mod unicode;
pub mod walk;

pub use ast::File;
pub use intern::{Interner, Symbol, known};
pub use parser::{Mode, parse};
pub use token::Token;
pub use walk::{Descend, walk};
