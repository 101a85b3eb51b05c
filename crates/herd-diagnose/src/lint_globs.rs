//! Paths that patterns match: `*` and `?` within a name, `**` for any folders. A pattern without `/` speaks of names at any depth; one
//! that matches a folder speaks of all below it.

/// Whether a pattern matches a path with slashes. Linear in the path for each name of the pattern.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let anywhere = !pattern.trim_end_matches('/').contains('/');
    let pattern = pattern.trim_start_matches("./").trim_matches('/');
    let parts = anywhere.then_some("**").into_iter().chain(pattern.split('/'));
    let parts: Vec<&str> = parts.collect();
    let names: Vec<&str> = path.trim_start_matches("./").split('/').collect();
    fits(&parts, &names, |part| *part == "**", |part, name| word(part, name), End::Anywhere)
}

fn word(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    fits(&pattern, &name, |c| *c == '*', |c, other| *c == '?' || c == other, End::AtEnd)
}

/// Where a pattern may end in what it is held against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Anywhere,
    AtEnd,
}

/// What a star stands for grows from nothing; only the last star needs to be thought of again.
fn fits<P, T>(pattern: &[P], text: &[T], is_star: impl Fn(&P) -> bool, is_it: impl Fn(&P, &T) -> bool, end: End) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), text.get(seen)) {
            (None, None) => return true,
            (None, Some(_)) if end == End::Anywhere => return true,
            (Some(part), _) if is_star(part) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(part), Some(one)) if is_it(part, one) => {
                at += 1;
                seen += 1;
            }
            (Some(_) | None, Some(_)) => {
                let Some((star_at, from)) = star else { return false };
                star = Some((star_at, from + 1));
                at = star_at + 1;
                seen = from + 1;
            }
            (Some(_), None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_as_people_write_them() {
        for (pattern, path, expected) in [
            ("*_gen.go", "a/b/x_gen.go", true),
            ("*_gen.go", "a/b/x_gen.go.txt", false),
            ("internal/legacy", "internal/legacy/a/b.go", true),
            ("internal/legacy/", "internal/legacy/b.go", true),
            ("./internal/**", "internal/x.go", true),
            ("internal/legacy", "internal/legacy2/b.go", false),
            ("legacy", "a/legacy/b.go", true),
            ("legacy", "a/legacy.go", false),
            ("a/**/z/*.go", "a/z/x.go", true),
            ("a/**/z/*.go", "a/b/z/c/z/x.go", true),
            ("a/**/z/*.go", "a/b/c/x.go", false),
            ("a/*/x.go", "a/b/c/x.go", false),
            ("**/mocks/**", "p/mocks/m.go", true),
            ("/cmd/*.go", "cmd/main.go", true),
            ("/cmd/*.go", "x/cmd/main.go", false),
            ("?.go", "a.go", true),
            ("日*.go", "日志.go", true),
            ("*", "any/thing.go", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
        let hostile = "*a".repeat(200);
        assert!(!matches(&hostile, &"a".repeat(180)));
    }
}
