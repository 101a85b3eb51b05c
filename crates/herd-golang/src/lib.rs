//! Go source read without the Go toolchain: tokens, syntax trees, names; which files make up a program.
//!
//! Nothing here panics on input and nothing refuses the rest of a file: what is wrong with it becomes a list of errors with byte
//! offsets, beside the tree of what could be read.
//!
//! ```
//! use herd_golang::ast::{Expr, Stmt};
//! use herd_golang::{Interner, Mode, parse};
//!
//! let names = Interner::new();
//! let file = parse(b"package p\n\nfunc f() {\n\tgo serve(1)\n}\n".to_vec(), &names, Mode::Full);
//! assert!(file.errors.is_empty());
//! for (id, stmt) in file.all_stmts() {
//!     if let Stmt::Go { call } = *stmt
//!         && let Expr::Call { fun, args, .. } = *file.expr(call)
//!         && let Expr::Ident { name } = *file.expr(fun)
//!     {
//!         assert_eq!(names.text(name), "serve");
//!         assert_eq!(file.text(file.expr_span(file.list(args)[0])), "1");
//!         assert_eq!(file.line(file.stmt_span(id).start), 4);
//!     }
//! }
//! ```

pub mod acts;
pub mod ast;
pub mod flow;
pub mod intern;
pub mod lexer;
pub mod literal;
pub mod load;
pub mod parser;
pub mod token;
pub mod types;
pub mod unicode;
pub mod walk;
mod words;

pub use ast::File;
pub use intern::{Interner, Symbol, known};
pub use parser::{Mode, parse};
pub use token::Token;
pub use walk::{Descend, walk};
