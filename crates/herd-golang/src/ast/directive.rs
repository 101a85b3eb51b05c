//! Comments that tools read: build constraints, directives, suppressions, the mark of generated files.

use super::{Comment, File};

/// A comment that says something to a tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Directive<'f> {
    /// The comment.
    pub comment: Comment,
    /// To which tool.
    pub kind: DirectiveKind<'f>,
    /// What follows its name, without the white space around it.
    pub arguments: &'f str,
}

/// Whom a directive is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirectiveKind<'f> {
    /// `//go:build`: the argument is the constraint, wherever it stands.
    Build,
    /// `// +build`, as before Go 1.17.
    PlusBuild,
    /// `//go:name` of any other name.
    Go(&'f str),
    /// `//goherd:name`
    Goherd(&'f str),
    /// `//nolint`, of golangci-lint; the argument is `:rules // why` or nothing.
    NoLint,
    /// `//lint:name`, of staticcheck: `ignore`, `file-ignore`.
    Lint(&'f str),
    /// `// Code generated … DO NOT EDIT.`
    Generated,
}

impl File {
    /// Every directive, in order. A pass over the comments.
    pub fn directives(&self) -> impl Iterator<Item = Directive<'_>> {
        self.comments.iter().filter_map(|comment| self.directive(*comment))
    }

    /// What a comment says to a tool. Directives are `//` comments; all but those of the oldest kind have no space behind the slashes.
    pub fn directive(&self, comment: Comment) -> Option<Directive<'_>> {
        let text = std::str::from_utf8(self.bytes(comment.span)).ok()?.strip_prefix("//")?;
        if let Some(rest) = text.strip_prefix(" Code generated ") {
            let by = rest.strip_suffix(" DO NOT EDIT.")?;
            return Some(Directive { comment, kind: DirectiveKind::Generated, arguments: by });
        }
        let spaced = text.trim_start_matches([' ', '\t']);
        if let Some(rest) = spaced.strip_prefix("+build")
            && rest.is_empty() | rest.starts_with([' ', '\t'])
        {
            return Some(Directive { comment, kind: DirectiveKind::PlusBuild, arguments: rest.trim() });
        }
        if let Some(rest) = spaced.strip_prefix("nolint")
            && rest.is_empty() | rest.starts_with([' ', '\t', ':'])
        {
            return Some(Directive { comment, kind: DirectiveKind::NoLint, arguments: rest.trim() });
        }
        let (tool, rest) = text.split_once(':')?;
        let (name, arguments) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let kind = match tool {
            "go" if name == "build" => DirectiveKind::Build,
            "go" if !name.is_empty() => DirectiveKind::Go(name),
            "goherd" => DirectiveKind::Goherd(name),
            "lint" => DirectiveKind::Lint(name),
            _ => return None,
        };
        Some(Directive { comment, kind, arguments: arguments.trim() })
    }

    /// Whether the file says, before its package clause, that a program wrote it (go/ast, ast.go, IsGenerated, Go 1.27).
    pub fn is_generated(&self) -> bool {
        let before = self.comments.iter().take_while(|comment| self.package.is_none_or(|package| comment.span.start < package));
        let mark = |line: &str| line.starts_with("// Code generated ") && line.ends_with(" DO NOT EDIT.");
        before.into_iter().any(|comment| self.text(comment.span).lines().any(mark))
    }
}
