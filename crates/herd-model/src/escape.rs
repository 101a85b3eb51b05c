//! What Go's compiler says of values it cannot keep on the stack.

/// All that was told, of any number of packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EscapeLog {
    /// Source files with an escape.
    pub files: Vec<EscapeFile>,
    /// Escapes, no two alike in place and value.
    pub escapes: Vec<Escape>,
    /// Values of which the compiler says that they do not escape.
    pub stay: u64,
    /// The compiler's version, where it is told.
    pub go_version: Option<Box<str>>,
}

/// A source file as the compiler names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EscapeFile {
    /// Relative to where the build ran, or absolute.
    pub path: Box<str>,
    /// Import path of the package that was compiled when the file was named first; generic code of others is named, too. Empty when it is
    /// not told, and for commands in JSON.
    pub package: Box<str>,
}

/// A value that is put on the heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// Index into [`EscapeLog::files`].
    pub file: u32,
    /// Line of the function that is compiled, from 1; what was inlined into it stands at the line of the call.
    pub line: u32,
    /// Column, from 1; 0 when the compiler was told to leave columns out.
    pub column: u32,
    /// The value: a variable's name, or an expression as the compiler prints it. Empty when it is not told.
    pub what: Box<str>,
    /// The last step of its way to the heap, such as `return &b (return) at main.go:15:2`; told by `-m=2` and `-json` only.
    pub why: Option<Box<str>>,
    /// Base name of the file and line it stands at in the function that was inlined; told by `-json` only.
    pub inlined_from: Option<(Box<str>, u32)>,
}
