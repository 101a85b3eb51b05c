//! Lines for a terminal: colour, display width (CJK takes two columns), wrapping, two-sided lines and tables.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::{Charset, Look};

/// What a piece of text is, which decides its colour and weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Hurts now.
    Critical,
    /// Will hurt.
    Warning,
    /// Worth knowing.
    Info,
    /// Fine.
    Good,
    /// A heading.
    Strong,
    /// Less important.
    Faint,
    /// Something to type.
    Command,
}

/// Signs goherd draws, with their ASCII twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Critical.
    Cross,
    /// Warning.
    Bang,
    /// Information, and the separator between fragments.
    Dot,
    /// Fine.
    Check,
    /// Undecided.
    Question,
    /// Left out.
    Ellipsis,
}

/// The character of a sign in the reader's charset.
pub fn sign(sign: Sign, charset: Charset) -> &'static str {
    match (sign, charset) {
        (Sign::Cross, Charset::Unicode) => "✗",
        (Sign::Cross, Charset::Ascii) => "x",
        (Sign::Bang, _) => "!",
        (Sign::Dot, Charset::Unicode) => "·",
        (Sign::Dot, Charset::Ascii) => ".",
        (Sign::Check, Charset::Unicode) => "✓",
        (Sign::Check, Charset::Ascii) => "+",
        (Sign::Question, _) => "?",
        (Sign::Ellipsis, Charset::Unicode) => "…",
        (Sign::Ellipsis, Charset::Ascii) => "...",
    }
}

/// `text` in the colour of its role, or as it is.
pub fn paint(role: Role, text: &str, look: &Look<'_>) -> String {
    if !look.colour || text.is_empty() {
        return text.to_owned();
    }
    let style = match role {
        Role::Critical => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Role::Warning => Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
        Role::Info => Style::new().fg_color(Some(AnsiColor::Blue.into())),
        Role::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Role::Strong => Style::new().bold(),
        Role::Faint => Style::new().dimmed(),
        Role::Command => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
    };
    format!("{style}{text}{style:#}")
}

/// Columns `text` takes; escape sequences take none.
pub fn columns(text: &str) -> usize {
    if !text.contains('\u{1b}') {
        return text.width();
    }
    let mut width = 0;
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        width += rest[..start].width();
        rest = rest[start..].find('m').map_or("", |end| &rest[start + end + 1..]);
    }
    width + rest.width()
}

/// `text` filled with spaces up to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// `text` moved to the right edge of `width` columns.
pub fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The last `width` columns of `text`, marked as cut.
pub fn keep_tail(text: &str, width: usize, charset: Charset) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mark = sign(Sign::Ellipsis, charset);
    let room = width.saturating_sub(columns(mark));
    let start = text.char_indices().map(|(at, _)| at).find(|at| text[*at..].width() <= room).unwrap_or(text.len());
    format!("{mark}{}", &text[start..])
}

/// Breaks plain text into lines of at most `width` columns: at spaces, and between wide characters, which need none.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in pieces(text) {
        if !line.is_empty() && columns(&line) + columns(word.trim_end()) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(word);
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Words with the spaces after them; a wide character is a word of its own, with the closing punctuation that must not start a line.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match next {
            None => true,
            Some(next) if c == ' ' => next != ' ',
            Some(next) => (is_wide(c) || is_wide(next)) && !closes(next) && next != ' ' && !opens(c),
        };
        if ends {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    pieces
}

fn is_wide(c: char) -> bool {
    c.to_string().width() == 2
}

fn closes(c: char) -> bool {
    matches!(
        c,
        '，' | '。'
            | '、'
            | '；'
            | '：'
            | '！'
            | '？'
            | '）'
            | '」'
            | '』'
            | '》'
            | '”'
            | '’'
            | ','
            | '.'
            | ';'
            | ':'
            | ')'
            | '!'
            | '?'
    )
}

fn opens(c: char) -> bool {
    matches!(c, '（' | '「' | '『' | '《' | '“' | '‘' | '(')
}

/// `left` at the left edge and `right` at the right one, on two lines when one is too narrow.
pub fn two_sided(left: &str, right: &str, width: usize) -> String {
    let room = width.saturating_sub(columns(left));
    if columns(right) + 2 <= room { format!("{left}{}", pad_left(right, room)) } else { format!("{left}\n  {right}") }
}

/// A label and its text, wrapped under itself.
pub fn labelled(label: &str, text: &str, look: &Look<'_>) -> Vec<String> {
    const INDENT: usize = 2;
    const LABEL: usize = 14;
    let lines = wrap(text, look.width.saturating_sub(INDENT + LABEL));
    let heads = std::iter::once(pad(label, LABEL)).chain(std::iter::repeat(" ".repeat(LABEL)));
    heads.zip(lines).map(|(head, line)| format!("{}{}{line}", " ".repeat(INDENT), paint(Role::Faint, &head, look))).collect()
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Figures.
    Right,
    /// Text.
    Left,
    /// Names whose tail tells most: gives up its head first when the table is too wide.
    Tail,
}

/// Rows in columns, two spaces apart, as wide as the widest cell and together no wider than `look.width`.
pub fn table(head: &[(&str, Align)], rows: &[Vec<String>], look: &Look<'_>) -> Vec<String> {
    let mut widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(index, (title, _))| rows.iter().map(|row| columns(&row[index])).chain([columns(title)]).max().unwrap_or(0))
        .collect();
    shrink(&mut widths, head, look.width);
    let titles: Vec<String> = head.iter().map(|(title, _)| (*title).to_owned()).collect();
    let heading = paint(Role::Faint, &table_line(&titles, head, &widths, look), look);
    std::iter::once(heading).chain(rows.iter().map(|row| table_line(row, head, &widths, look))).collect()
}

/// Takes columns from the widest name until the table fits; names keep at least twelve.
fn shrink(widths: &mut [usize], head: &[(&str, Align)], width: usize) {
    const NAME_MIN: usize = 12;
    let gaps = 2 * head.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        let names = (0..head.len()).filter(|index| head[*index].1 == Align::Tail && widths[*index] > NAME_MIN);
        let Some(widest) = names.max_by_key(|index| widths[*index]) else { return };
        widths[widest] -= 1;
    }
}

fn table_line(cells: &[String], head: &[(&str, Align)], widths: &[usize], look: &Look<'_>) -> String {
    let set = cells.iter().zip(head).zip(widths).map(|((cell, (_, align)), width)| match align {
        Align::Right => pad_left(cell, *width),
        Align::Left => pad(cell, *width),
        Align::Tail => pad(&keep_tail(cell, *width, look.charset), *width),
    });
    set.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns_and_break_anywhere() {
        assert_eq!(columns("泄漏 x"), 6);
        assert_eq!(
            wrap("上下文从未取消，循环无法结束，请传入请求的上下文。", 20),
            ["上下文从未取消，循环", "无法结束，请传入请求", "的上下文。"]
        );
        assert_eq!(wrap("one two three four five six", 20), ["one two three four", "five six"]);
        assert_eq!(pad("泄漏", 6), "泄漏  ");
    }

    #[test]
    fn a_line_never_starts_with_closing_punctuation() {
        let text = "一二三四五六七八九十，一二三四五六七八九十。";
        assert!(wrap(text, 20).iter().all(|line| !line.starts_with(closes)), "{:?}", wrap(text, 20));
    }

    #[test]
    fn a_long_name_keeps_its_tail() {
        assert_eq!(keep_tail("internal/pay.(*Client).watch", 12, Charset::Unicode), "…ient).watch");
        assert_eq!(keep_tail("internal/pay.(*Client).watch", 12, Charset::Ascii), "...nt).watch");
    }

    #[test]
    fn a_table_fits_its_width() {
        let look = Look { width: 40, ..Look::default() };
        let rows = vec![vec![
            "118,204".to_owned(),
            "chan receive".to_owned(),
            "github.com/acme/orders/internal/pay.(*Client).watch:88".to_owned(),
        ]];
        let lines = table(&[("COUNT", Align::Right), ("STATE", Align::Left), ("AT", Align::Tail)], &rows, &look);
        assert_eq!(lines[1], "118,204  chan receive  …Client).watch:88");
        assert!(lines.iter().all(|line| columns(line) <= 40));
    }
}
