//! `go.mod` and `go.work`: read line by line, so that a broken line costs only itself.

use super::version;

/// A module path with a version; without one where any version is meant, or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleVersion {
    /// Module path, or a folder where a replacement is local.
    pub path: Box<str>,
    /// Canonical version, or empty.
    pub version: Box<str>,
}

/// A value and the line it stands in, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// What the line says.
    pub value: T,
    /// 1-based.
    pub line: u32,
}

/// A module that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    /// Which one, at least in this version.
    pub module: ModuleVersion,
    /// Marked `// indirect`.
    pub indirect: bool,
}

/// One module taken instead of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// What is replaced; every version where it has none.
    pub old: ModuleVersion,
    /// What is taken; a folder where it has no version.
    pub new: ModuleVersion,
}

/// Versions the author takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retract {
    /// First version.
    pub low: Box<str>,
    /// Last version.
    pub high: Box<str>,
}

/// What a `go.mod` or `go.work` file says. A file of one kind leaves the other's fields empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModFile {
    /// `module`
    pub module: Option<Placed<Box<str>>>,
    /// `go`
    pub go: Option<Placed<Box<str>>>,
    /// `toolchain`
    pub toolchain: Option<Placed<Box<str>>>,
    /// `require`
    pub require: Vec<Placed<Require>>,
    /// `replace`
    pub replace: Vec<Placed<Replace>>,
    /// `exclude`
    pub exclude: Vec<Placed<ModuleVersion>>,
    /// `retract`
    pub retract: Vec<Placed<Retract>>,
    /// `tool`: package paths.
    pub tool: Vec<Placed<Box<str>>>,
    /// `ignore`: folders.
    pub ignore: Vec<Placed<Box<str>>>,
    /// `godebug`: key and value.
    pub godebug: Vec<Placed<(Box<str>, Box<str>)>>,
    /// `use` of a `go.work` file: folders.
    pub uses: Vec<Placed<Box<str>>>,
    /// Lines that could not be read.
    pub faults: Vec<Placed<Fault>>,
}

/// Why a line was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `<<<<<<<`, `=======`, `>>>>>>>`: both sides were read.
    ConflictMarker,
    /// A directive that this version does not know.
    Unknown(Box<str>),
    /// A directive given twice; the first counts.
    Repeated(Box<str>),
    /// Arguments that do not fit the directive.
    Arguments(Box<str>),
    /// No `go1.N` version.
    GoVersion(Box<str>),
    /// No version, such as the name of a branch: only `go mod tidy` can look it up.
    Version(Box<str>),
    /// A string without its end, a `/*` comment, a character that has no place.
    Token(Box<str>),
    /// A block without its `)`.
    Unterminated,
}

/// Reads either kind of file. Never fails; linear.
///
/// The grammar is that of golang.org/x/mod/modfile as of Go 1.26; tokens never span lines, so lines are read one by one.
pub fn parse(text: &str) -> ModFile {
    let mut file = ModFile::default();
    let mut block: Option<Placed<Box<str>>> = None;
    let mut tokens = Vec::new();
    for (at, line) in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').enumerate() {
        let line_number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        if is_conflict_marker(line) {
            file.faults.push(Placed { value: Fault::ConflictMarker, line: line_number });
            continue;
        }
        tokens.clear();
        let comment = match split(line, &mut tokens) {
            Ok(comment) => comment,
            Err(fault) => {
                file.faults.push(Placed { value: fault, line: line_number });
                continue;
            }
        };
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        let bare = |at: usize, text: &str| tokens.get(at).is_some_and(|token| !token.quoted && token.text == text);
        match words.as_slice() {
            [] => {}
            [_] if block.is_some() && bare(0, ")") => block = None,
            [verb, _] if block.is_none() && bare(1, "(") => block = Some(Placed { value: (*verb).into(), line: line_number }),
            [_, _, _] if block.is_none() && bare(1, "(") && bare(2, ")") => {}
            [verb, arguments @ ..] => {
                let (verb, arguments) = block.as_ref().map_or((*verb, arguments), |block| (&*block.value, words.as_slice()));
                add(&mut file, verb, arguments, comment, line_number);
            }
        }
    }
    if let Some(block) = block {
        file.faults.push(Placed { value: Fault::Unterminated, line: block.line });
    }
    file
}

fn is_conflict_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker))
}

struct Token {
    text: String,
    quoted: bool,
}

/// Splits a line into words and punctuation; returns the comment at its end.
fn split<'a>(line: &'a str, tokens: &mut Vec<Token>) -> Result<&'a str, Fault> {
    let mut rest = line.trim_start_matches([' ', '\t', '\r']);
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok(comment.trim());
        }
        let (token, length) = match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => (Token { text: first.to_string(), quoted: false }, 1),
            '"' | '`' => quoted(rest, first)?,
            _ => {
                let end = word_end(rest);
                let word = rest.get(..end).unwrap_or_default();
                if word.is_empty() {
                    return Err(Fault::Token(rest.into()));
                }
                (Token { text: word.to_owned(), quoted: false }, end)
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start_matches([' ', '\t', '\r']);
    }
    Ok("")
}

/// Where a word ends: at a space, punctuation, a comment. A `/*` is refused as `go` refuses it, by an empty word.
fn word_end(text: &str) -> usize {
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("/*") {
            return 0;
        }
        if matches!(c, ' ' | '\t' | '\r' | '(' | ')' | '[' | ']' | '{' | '}' | ',') || rest.starts_with("//") {
            return at;
        }
    }
    text.len()
}

/// A quoted string's value and its length in the line.
fn quoted(text: &str, quote: char) -> Result<(Token, usize), Fault> {
    let bad = || Fault::Token(text.into());
    let body = text.get(1..).unwrap_or_default();
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token { text: value, quoted: true }, at + 2));
        }
        if c != '\\' || quote == '`' {
            value.push(c);
            continue;
        }
        // Paths need no other escapes than these; whoever writes more gets a note.
        match chars.next() {
            Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
            Some((_, 't')) => value.push('\t'),
            Some(_) | None => return Err(bad()),
        }
    }
    Err(bad())
}

/// Takes in one directive.
fn add(file: &mut ModFile, verb: &str, arguments: &[&str], comment: &str, line: u32) {
    let read = match verb {
        "module" => one(arguments).and_then(|path| set_once(&mut file.module, path, verb, line)),
        "go" => go_version(arguments).and_then(|go| set_once(&mut file.go, &go, verb, line)),
        "toolchain" => one(arguments).and_then(|name| set_once(&mut file.toolchain, name, verb, line)),
        "require" => module_version(arguments).map(|module| {
            let indirect = comment == "indirect" || comment.starts_with("indirect;");
            file.require.push(Placed { value: Require { module, indirect }, line });
        }),
        "exclude" => module_version(arguments).map(|module| file.exclude.push(Placed { value: module, line })),
        "replace" => replacement(arguments).map(|replace| file.replace.push(Placed { value: replace, line })),
        "retract" => retraction(arguments).map(|retract| file.retract.push(Placed { value: retract, line })),
        "tool" => one(arguments).map(|path| file.tool.push(Placed { value: path.into(), line })),
        "ignore" => one(arguments).map(|path| file.ignore.push(Placed { value: path.into(), line })),
        "use" => one(arguments).map(|path| file.uses.push(Placed { value: path.into(), line })),
        "godebug" => match arguments.first().and_then(|pair| pair.split_once('=')) {
            Some((key, value)) if arguments.len() == 1 => {
                file.godebug.push(Placed { value: (key.into(), value.into()), line });
                Ok(())
            }
            _ => Err(wrong(arguments)),
        },
        _ => Err(Fault::Unknown(verb.into())),
    };
    if let Err(fault) = read {
        file.faults.push(Placed { value: fault, line });
    }
}

fn wrong(arguments: &[&str]) -> Fault {
    Fault::Arguments(arguments.join(" ").into())
}

fn one<'a>(arguments: &[&'a str]) -> Result<&'a str, Fault> {
    match arguments {
        [only] => Ok(only),
        _ => Err(wrong(arguments)),
    }
}

fn set_once(slot: &mut Option<Placed<Box<str>>>, value: &str, verb: &str, line: u32) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(Fault::Repeated(verb.into()));
    }
    *slot = Some(Placed { value: value.into(), line });
    Ok(())
}

/// A version as the `go` line has it. What follows a readable `1.N` is dropped, as `go` drops it in the files of dependencies.
fn go_version(arguments: &[&str]) -> Result<String, Fault> {
    let text = one(arguments)?;
    if version::Language::parse(text).is_some() && !text.starts_with("go") {
        return Ok(text.to_owned());
    }
    let numbers = text.strip_prefix('v').unwrap_or(text);
    let mut parts = numbers.splitn(3, |c: char| !c.is_ascii_digit());
    let lax = format!("{}.{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if numbers.starts_with(&lax) && version::Language::parse(&lax).is_some() {
        return Ok(lax);
    }
    Err(Fault::GoVersion(text.into()))
}

fn module_version(arguments: &[&str]) -> Result<ModuleVersion, Fault> {
    match arguments {
        [path, text] => Ok(ModuleVersion { path: (*path).into(), version: canonical(text)? }),
        _ => Err(wrong(arguments)),
    }
}

fn canonical(text: &str) -> Result<Box<str>, Fault> {
    version::canonical(text).map(String::into_boxed_str).ok_or_else(|| Fault::Version(text.into()))
}

fn replacement(arguments: &[&str]) -> Result<Replace, Fault> {
    let (old, new) = match arguments {
        [path, "=>", new @ ..] => (ModuleVersion { path: (*path).into(), version: "".into() }, new),
        [path, text, "=>", new @ ..] => (ModuleVersion { path: (*path).into(), version: canonical(text)? }, new),
        _ => return Err(wrong(arguments)),
    };
    let new = match new {
        [folder] if is_folder(folder) => ModuleVersion { path: (*folder).into(), version: "".into() },
        [path, text] if !is_folder(path) => ModuleVersion { path: (*path).into(), version: canonical(text)? },
        _ => return Err(wrong(arguments)),
    };
    Ok(Replace { old, new })
}

/// Whether a replacement names a folder (`IsDirectoryPath`, golang.org/x/mod/modfile).
fn is_folder(path: &str) -> bool {
    matches!(path, "." | "..")
        || ["./", "../", "/", ".\\", "..\\", "\\"].iter().any(|start| path.starts_with(start))
        || matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn retraction(arguments: &[&str]) -> Result<Retract, Fault> {
    match arguments {
        [only] => canonical(only).map(|version| Retract { low: version.clone(), high: version }),
        ["[", low, ",", high, "]"] => Ok(Retract { low: canonical(low)?, high: canonical(high)? }),
        _ => Err(wrong(arguments)),
    }
}
