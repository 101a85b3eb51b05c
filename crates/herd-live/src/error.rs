//! Why a process or core could not be read, and what would help.

/// What went wrong, in words for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no such process.
    #[error("there is no process {0}")]
    NoSuchProcess(i32),
    /// It ended, or ran another program, while it was being read.
    #[error("process {0} ended or ran another program while it was being read")]
    Gone(i32),
    /// The kernel refuses to let its memory be read.
    #[error("the memory of process {pid} may not be read: {why}")]
    Refused {
        /// Process.
        pid: i32,
        /// What is missing and what gives it.
        why: String,
    },
    /// Not a program goherd knows how to read.
    #[error("{path} is not a 64-bit ELF program of amd64 or arm64: {why}")]
    NotElf {
        /// Executable.
        path: String,
        /// What it is instead.
        why: String,
    },
    /// Not a core file.
    #[error("{path} is not a core file: {why}")]
    NotCore {
        /// File.
        path: String,
        /// What it is instead.
        why: String,
    },
    /// The executable a core file was made from is not known.
    #[error("the executable of {0} is not at hand; name it: core:{0},EXECUTABLE")]
    NoExecutable(String),
    /// No Go in it.
    #[error("{0} is not a Go program: it carries no Go build information")]
    NotGo(String),
    /// A Go version whose memory layout is not known.
    #[error("the layout of {version} is not known; known are Go 1.{first} to 1.{last}")]
    UnknownVersion {
        /// As the executable states it.
        version: String,
        /// Oldest known minor version.
        first: u32,
        /// Newest known minor version.
        last: u32,
    },
    /// The table and the executable's DWARF disagree.
    #[error("the executable's own DWARF puts {place} at {dwarf}, not at {table}: this is not the runtime its version names")]
    OtherLayout {
        /// Type and field.
        place: String,
        /// Offset there.
        dwarf: u32,
        /// Offset known.
        table: u32,
    },
    /// A structure could not be found.
    #[error("{what} cannot be found in the executable or its memory")]
    Missing {
        /// Structure.
        what: &'static str,
    },
    /// Nothing says where its memory profile is.
    #[error("{0} is stripped: no symbol says where its memory profile is (runtime.mbuckets)")]
    NoProfile(String),
    /// It samples no allocation.
    #[error("{0} samples no allocations: runtime.MemProfileRate is 0, as it is where nothing in a program reads the profile")]
    NotSampled(String),
    /// More than a note is taken of.
    #[error("the heap has room for {objects} objects, who holds them is told of at most {most}")]
    TooManyObjects {
        /// Objects, free ones included.
        objects: u64,
        /// Limit.
        most: u64,
    },
    /// What was read contradicts itself.
    #[error("what was read does not hold together ({0}): nothing is claimed of it")]
    Inconsistent(String),
    /// It cannot be copied.
    #[error("process {pid} cannot be copied: {why}")]
    NoCopy {
        /// Process.
        pid: i32,
        /// What forbids it and what to do.
        why: String,
    },
    /// Copying it would stop it for too long.
    #[error(
        "copying process {pid} would stop it for about {expected_ms} ms, {allowed_ms} ms are allowed: allow more, or read it live"
    )]
    OverBudget {
        /// Process.
        pid: i32,
        /// Estimate.
        expected_ms: u64,
        /// Budget.
        allowed_ms: u64,
    },
    /// A file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// File.
        path: String,
        /// Reason.
        source: std::io::Error,
    },
}
