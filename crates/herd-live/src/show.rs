//! Which calls the runtime shows in a traceback and how it writes their names (`runtime/traceback.go`).

use std::borrow::Cow;

/// What the runtime's rules ask of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of one function")]
pub struct Kind {
    /// A method wrapper the compiler wrote.
    pub wrapper: bool,
    /// `gopanic`, `sigpanic` or `panicwrap`: what a wrapper that calls it is shown for.
    pub panics: bool,
    /// Shown wherever it stands.
    pub always: bool,
    /// Shown unless it is innermost.
    pub inside: bool,
    /// Shown by its name alone.
    pub by_name: bool,
}

/// The facts of a function: its name as linked and its `internal/abi.FuncID`.
pub fn kind(name: &str, id: u8, minor: u32) -> Kind {
    let always = minor >= 25 && matches!(name, "runtime.runFinalizers" | "runtime.runCleanups");
    Kind {
        wrapper: id == wrapper_id(minor),
        panics: matches!(name, "runtime.gopanic" | "runtime.sigpanic" | "runtime.panicwrap"),
        always,
        inside: name == "runtime.gopanic",
        by_name: name.contains('.') && (!name.starts_with("runtime.") || is_exported(name, minor)),
    }
}

/// `internal/abi.FuncIDWrapper`, which moves as kinds are added before it.
pub fn wrapper_id(minor: u32) -> u8 {
    match minor {
        ..=21 => 21,
        22..=24 => 22,
        _ => 23,
    }
}

/// Whether a call is shown: `first` when none was shown before it, `callee` the call it made.
pub fn is_shown(kind: Kind, first: bool, callee_panics: bool) -> bool {
    if kind.wrapper && !callee_panics {
        return false;
    }
    kind.always || (kind.inside && !first) || kind.by_name
}

/// Before Go 1.23 methods of exported types counted as unexported.
fn is_exported(name: &str, minor: u32) -> bool {
    let Some(name) = name.strip_prefix("runtime.") else { return false };
    let upper = |text: &str| text.bytes().next().is_some_and(|first| first.is_ascii_uppercase());
    if minor < 23 {
        return upper(name);
    }
    match name.rsplit_once('.') {
        Some((receiver, method)) => {
            let bare = receiver.strip_prefix("(*").and_then(|inner| inner.strip_suffix(')')).unwrap_or(receiver);
            upper(method) && (bare.is_empty() || upper(bare))
        }
        None => upper(name),
    }
}

/// A function's name as a traceback has it: type arguments as `[...]`, `gopanic` as `panic`, `%2e` as a dot.
pub fn printed(name: &str) -> Cow<'_, str> {
    if name == "runtime.gopanic" {
        return Cow::Borrowed("panic");
    }
    let generic = name.find('[').zip(name.rfind(']')).filter(|(open, close)| open < close);
    let short = match generic {
        None => Cow::Borrowed(name),
        Some((open, close)) => Cow::Owned(shorten(name, open, close)),
    };
    if short.contains('%') { Cow::Owned(herd_model::unescaped(short.as_bytes()).into_owned()) } else { short }
}

/// Since Go 1.27 a generic method of a generic type keeps what stands between its two lists.
fn shorten(name: &str, open: usize, close: usize) -> String {
    let inside = &name[open + 1..close];
    let mut depth = 1;
    let mut middle = None;
    for (at, letter) in inside.char_indices() {
        match letter {
            '[' => {
                depth += 1;
                if depth == 1 {
                    return match middle {
                        Some(from) => format!("{}[...]{}[...]{}", &name[..open], &inside[from..at], &name[close + 1..]),
                        None => break,
                    };
                }
            }
            ']' => {
                depth -= 1;
                if depth < 0 {
                    break;
                }
                if depth == 0 {
                    middle = Some(at + 1);
                }
            }
            _ => {}
        }
    }
    format!("{}[...]{}", &name[..open], &name[close + 1..])
}
