//! The index page of `net/http/pprof`: how many goroutines there are and whether the leak profile is offered, for next to nothing.

/// What the index says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// `runtime.NumGoroutine`.
    pub(crate) goroutines: u64,
    /// The `goroutineleak` profile is listed (Go 1.27, or 1.26 with its experiment).
    pub(crate) leak_profile: bool,
}

/// Reads the page; nothing when it is not the index. The rows have been `<td>COUNT</td><td><a href='NAME?debug=1'>` since Go 1.13 and
/// unclosed `<td>COUNT<td>` before (`net/http/pprof/pprof.go`, `indexTmplExecute`).
pub(crate) fn read(page: &[u8]) -> Option<Index> {
    let text = std::str::from_utf8(page).ok()?;
    let goroutines = count_of(text, "goroutine")?;
    Some(Index { goroutines, leak_profile: count_of(text, "goroutineleak").is_some() })
}

fn count_of(text: &str, profile: &str) -> Option<u64> {
    ["'", "\""].iter().find_map(|quote| {
        let link = text.find(&format!("href={quote}{profile}?debug="))?;
        let row = &text[..link];
        let cell = row[..row.rfind("<td")?].rfind("<td").map(|at| &row[at..])?;
        let digits = cell.split_once('>')?.1;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    })
}
