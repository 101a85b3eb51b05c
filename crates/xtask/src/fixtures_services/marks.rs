//! The truth a Go program carries in its comments: `// want ID` on a blocked line, `// from ID` on its `go` statement, and
//! `// want ID in FUNCTION` on the line at fault where only that function of a library hangs.

use std::path::Path;

use anyhow::{Context, bail};

/// One marked line.
pub struct Mark {
    /// `want` or `from`.
    pub word: &'static str,
    pub id: String,
    /// The last two elements of the path and the line, as stacks end: `pricing/stream.go:112`; or the library's function.
    pub place: String,
}

/// All marks below a folder.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Mark>> {
    let mut marks = Vec::new();
    read_into(folder, &mut marks)?;
    Ok(marks)
}

fn read_into(folder: &Path, marks: &mut Vec<Mark>) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("list {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_into(&path, marks)?;
        } else if path.extension().is_some_and(|extension| extension == "go") {
            let source = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            marks.extend(marks_of(&path, &source));
        }
    }
    Ok(())
}

fn marks_of(path: &Path, source: &str) -> Vec<Mark> {
    let mut tail: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    tail.reverse();
    let place = tail.join("/");
    let mark = |(row, line): (usize, &str)| {
        let (_, comment) = line.rsplit_once("// ")?;
        let (word, id) = comment.trim().split_once(' ')?;
        let word = match word {
            "want" => "want",
            "from" => "from",
            _ => return None,
        };
        let (id, place) = match id.split_once(" in ") {
            Some((id, function)) => (id, function.to_owned()),
            None => (id, format!("{place}:{}", row + 1)),
        };
        Some(Mark { word, id: id.to_owned(), place })
    };
    source.lines().enumerate().filter_map(mark).collect()
}

/// Fails unless every mark is a line of the dump.
pub fn check(name: &str, marks: &[Mark], dump: &[u8]) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(dump);
    for mark in marks {
        let seen = text.lines().filter(|line| in_line(line, &mark.place)).count();
        if seen == 0 {
            bail!("{name}: no stack shows {} ({} {})", mark.place, mark.word, mark.id);
        }
        anstream::println!("{name}: {} {} at {} in {seen} stacks", mark.word, mark.id, mark.place);
    }
    Ok(())
}

fn in_line(line: &str, place: &str) -> bool {
    line.split_once(place).is_some_and(|(_, rest)| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "package stream\n\tgo q.watch(ctx) // from LK005\n\t\tselect { // want LK005\n// wanted elsewhere\n\
        \tget(url) // want LK009 in net/http.(*persistConn).readLoop\n";
    const STACK: &str = "goroutine 9 [select]:\nstream.(*Quote).watch(0x1)\n\torders/pricing/stream.go:3 +0xb2\n\
        created by stream.Follow in goroutine 8\n\torders/pricing/stream.go:2 +0x5\n\
        net/http.(*persistConn).readLoop(0x1)\n\tnet/http/transport.go:9 +0x1\n";

    #[test]
    fn marks_name_their_line() {
        let marks = marks_of(Path::new("/x/orders/pricing/stream.go"), SOURCE);
        let seen: Vec<_> = marks.iter().map(|mark| (mark.word, mark.id.as_str(), mark.place.as_str())).collect();
        let library = ("want", "LK009", "net/http.(*persistConn).readLoop");
        assert_eq!(seen, [("from", "LK005", "pricing/stream.go:2"), ("want", "LK005", "pricing/stream.go:3"), library]);
    }

    #[test]
    fn a_mark_must_be_in_a_stack_with_its_whole_line_number() {
        let marks = marks_of(Path::new("pricing/stream.go"), SOURCE);
        check("orders", &marks, STACK.as_bytes()).unwrap();
        let elsewhere = STACK.replace("stream.go:3 ", "stream.go:31 ");
        assert!(check("orders", &marks, elsewhere.as_bytes()).is_err());
    }
}
