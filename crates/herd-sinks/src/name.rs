//! Names as they stand in Go and as they fit a line: the tail of a function, the telling part of a file, links, and text that is safe
//! to print.

use std::borrow::Cow;

use herd_model::Place;

use crate::Look;

/// The tail people know a function by: `github.com/acme/orders/internal/pay.(*Client).watch` as `pay.(*Client).watch`.
pub fn func_tail(func: &str) -> &str {
    // A generic's arguments may hold slashes of their own.
    let path = func.find(['[', '(']).map_or(func, |args| &func[..args]);
    path.rfind('/').map_or(func, |slash| &func[slash + 1..])
}

/// The part of a file that says where it is in the module: the folders it shares with the package path, else its last folder.
pub fn file_tail<'a>(file: &'a str, func: &str) -> &'a str {
    let package = func.find(['[', '(']).map_or(func, |args| &func[..args]);
    let package = match package.rfind('/') {
        Some(slash) => package[slash..].find('.').map_or(package, |dot| &package[..slash + dot]),
        None => package.split_once('.').map_or(package, |(name, _)| name),
    };
    let folders: Vec<&str> = file.split(['/', '\\']).collect();
    let Some((_, folders)) = folders.split_last() else { return file };
    let shared = folders.iter().rev().zip(package.rsplit('/')).take_while(|(folder, part)| same_element(folder, part)).count();
    let keep = shared.max(1);
    let cut = file.rmatch_indices(['/', '\\']).nth(keep).map(|(at, _)| at + 1);
    cut.map_or_else(|| file.strip_prefix('/').filter(|rest| rest.contains('/')).unwrap_or(file), |at| &file[at..])
}

/// A module folder carries its version (`pay@v1.4.0`), a package path does not.
fn same_element(folder: &str, part: &str) -> bool {
    folder.split('@').next() == Some(part)
}

/// `internal/pay/stream.go:88`, shortened for people.
pub fn short_place(place: &Place) -> String {
    with_line(file_tail(&place.file, &place.func), place.line)
}

/// The file as recorded, relative to the checkout where it lies inside it.
pub fn full_place(place: &Place, look: &Look<'_>) -> String {
    with_line(rooted_file(place, look), place.line)
}

/// The file as recorded, relative to the checkout where it lies inside it.
pub fn rooted_file<'a>(place: &'a Place, look: &Look<'_>) -> &'a str {
    let Some(root) = look.root else { return &place.file };
    place.file.strip_prefix(root.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&place.file)
}

fn with_line(file: &str, line: u32) -> String {
    match (file, line) {
        ("", _) => String::new(),
        (file, 0) => clean(file).into_owned(),
        (file, line) => format!("{}:{line}", clean(file)),
    }
}

/// The address of a source line, where the reader gave a template.
pub fn source_link(place: &Place, look: &Look<'_>) -> Option<String> {
    let template = look.source_url?;
    if place.file.is_empty() {
        return None;
    }
    let file = rooted_file(place, look).trim_start_matches('/');
    Some(
        template
            .replace("{file}", &percent_encode(file))
            .replace("{line}", &place.line.to_string())
            .replace("{func}", &percent_encode(&place.func)),
    )
}

/// A path or name as addresses have it.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'@' => encoded.push(char::from(byte)),
            _ => encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    encoded
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// Text from a dump without what a terminal would obey or a reader be misled by: control characters and direction marks.
pub fn clean(text: &str) -> Cow<'_, str> {
    let hostile =
        |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(hostile) { Cow::Owned(text.replace(hostile, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_function_is_its_package_and_name() {
        assert_eq!(func_tail("github.com/acme/orders/internal/pay.(*Client).watch"), "pay.(*Client).watch");
        assert_eq!(func_tail("main.main.func1"), "main.main.func1");
        assert_eq!(func_tail("example.com/a/b.Map[go.shape.struct { x/y.T }]"), "b.Map[go.shape.struct { x/y.T }]");
        assert_eq!(func_tail("net/http.(*Server).Serve"), "http.(*Server).Serve");
    }

    #[test]
    fn the_tail_of_a_file_is_what_it_shares_with_the_package() {
        let pay = "github.com/acme/orders/internal/pay.(*Client).watch";
        assert_eq!(file_tail("/build/src/orders/internal/pay/stream.go", pay), "orders/internal/pay/stream.go");
        assert_eq!(
            file_tail("github.com/acme/orders@v1.2.0/internal/pay/stream.go", pay),
            "github.com/acme/orders@v1.2.0/internal/pay/stream.go"
        );
        assert_eq!(file_tail("/app/cmd/leaky/main.go", "main.main"), "leaky/main.go");
        assert_eq!(file_tail("C:\\src\\leaky\\main.go", "main.main"), "leaky\\main.go");
        assert_eq!(file_tail("/usr/local/go/src/net/http/server.go", "net/http.(*conn).serve"), "net/http/server.go");
        assert_eq!(file_tail("main.go", "main.main"), "main.go");
        assert_eq!(file_tail("", ""), "");
    }

    #[test]
    fn a_link_is_relative_to_the_checkout_and_encoded() {
        let look =
            Look { source_url: Some("https://host/blob/main/{file}#L{line}"), root: Some("/src/orders/"), ..Look::default() };
        let place = Place { func: "main.f".into(), file: "/src/orders/cmd/a b.go".into(), line: 7 };
        assert_eq!(source_link(&place, &look).as_deref(), Some("https://host/blob/main/cmd/a%20b.go#L7"));
    }

    #[test]
    fn nothing_a_terminal_obeys_is_printed() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c"), "a\u{fffd}[31mb\u{fffd}c");
    }
}
