//! Tokens of small sources, with their offsets.

use super::{Lexer, Token, check_encoding};

/// Every token but the last as `text@start-end`; `;` for an implicit semicolon, `{!}` behind what has an error.
fn tokens(source: &str) -> String {
    let mut lexer = Lexer::new(source.as_bytes());
    let mut shown = Vec::new();
    let mut errors = 0;
    loop {
        lexer.scan();
        let mark = if lexer.errors.len() > errors { "{!}" } else { "" };
        errors = lexer.errors.len();
        if lexer.token == Token::Eof {
            return shown.join(" ");
        }
        let text = if lexer.token == Token::Semicolon {
            if lexer.implicit { "\\n".to_owned() } else { ";".to_owned() }
        } else if lexer.token.is_literal() || matches!(lexer.token, Token::Comment | Token::Illegal) {
            format!("{:?}:{}", lexer.token, String::from_utf8_lossy(lexer.text()))
        } else {
            lexer.token.text().to_owned()
        };
        shown.push(format!("{text}@{}-{}{mark}", lexer.start, lexer.end));
    }
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(tokens(source), expected, "{source:?}");
}

#[test]
fn words() {
    check(
        "go gofmt goto_ fallthrough fallthroughs",
        "go@0-2 Ident:gofmt@3-8 Ident:goto_@9-14 fallthrough@15-26 Ident:fallthroughs@27-39 \\n@39-39",
    );
    check(
        "interface interfaces continue continued",
        "interface@0-9 Ident:interfaces@10-20 continue@21-29 Ident:continued@30-39 \\n@39-39",
    );
    check("überlång x世界", "Ident:überlång@0-10 Ident:x世界@11-18 \\n@18-18");
    check("_ a1_Z9", "Ident:_@0-1 Ident:a1_Z9@2-7 \\n@7-7");
}

#[test]
fn operators() {
    check("<<= << <= <- < &^= &^ &= && &", "<<=@0-3 <<@4-6 <=@7-9 <-@10-12 <@13-14 &^=@15-18 &^@19-21 &=@22-24 &&@25-27 &@28-29");
    check("... .. .5 ~ != ! := :", "...@0-3 .@4-5 .@5-6 Float:.5@7-9 ~@10-11 !=@12-14 !@15-16 :=@17-19 :@20-21");
}

#[test]
fn semicolons() {
    check("a\n\nb", "Ident:a@0-1 \\n@1-2 Ident:b@3-4 \\n@4-4");
    check("a /*\n*/ b", "Ident:a@0-1 Comment:/*\n*/@2-7 \\n@4-5 Ident:b@8-9 \\n@9-9");
    check("a // c\r\n+ /* d */\n", "Ident:a@0-1 Comment:// c@2-6 \\n@7-8 +@8-9 Comment:/* d */@10-17");
    check("return\nif\n}\n", "return@0-6 \\n@6-7 if@7-9 }@10-11 \\n@11-12");
    check("\u{feff}a;", "Ident:a@3-4 ;@4-5");
}

#[test]
fn numbers() {
    check(
        "0 7 0x1F 0b10_1 0o17 017 1_000",
        "Int:0@0-1 Int:7@2-3 Int:0x1F@4-8 Int:0b10_1@9-15 Int:0o17@16-20 Int:017@21-24 Int:1_000@25-30 \\n@30-30",
    );
    check(
        "1. 1.5e-3 0x1p-2 089.5 08i 3i",
        "Float:1.@0-2 Float:1.5e-3@3-9 Float:0x1p-2@10-16 Float:089.5@17-22 Imag:08i@23-26 Imag:3i@27-29 \\n@29-29",
    );
    check(
        "08 0x 1__0 0x1.0 1e 0b12",
        "Int:08@0-2{!} Int:0x@3-5{!} Int:1__0@6-10{!} Float:0x1.0@11-16{!} Float:1e@17-19{!} Int:0b12@20-24{!} \\n@24-24",
    );
}

#[test]
fn strings() {
    check(r#""a\n\x41" '\'' 'é' `x\`"#, r#"String:"a\n\x41"@0-9 Char:'\''@10-14 Char:'é'@15-19 String:`x\`@20-24 \n@24-24"#);
    check("\"a\nb", "String:\"a@0-2{!} \\n@2-3 Ident:b@3-4 \\n@4-4");
    check(
        r#""\q" "\400" "\ud800" '' 'ab'"#,
        r#"String:"\q"@0-4{!} String:"\400"@5-11{!} String:"\ud800"@12-20{!} Char:''@21-23{!} Char:'ab'@24-28{!} \n@28-28"#,
    );
    check("`a\nb`\nc", "String:`a\nb`@0-5 \\n@5-6 Ident:c@6-7 \\n@7-7");
}

#[test]
fn lines_are_counted_everywhere() {
    let source = "a\n`\n`\n/*\n*/\n\"\n\n";
    let mut lexer = Lexer::new(source.as_bytes());
    while lexer.token != Token::Eof {
        lexer.scan();
    }
    let expected: Vec<u32> = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
    assert_eq!(lexer.lines, expected);
}

#[test]
fn blocks_are_passed_over() {
    let source = "{ a('{', \"}\", `}\n`) /* }\n */ // }\n { } '\\'' \"\\\"}\" }\nb";
    let mut lexer = Lexer::new(source.as_bytes());
    lexer.scan();
    lexer.skip_block();
    assert_eq!((lexer.token, lexer.start as usize), (Token::RightBrace, source.len() - 3));
    assert_eq!(lexer.lines.len(), 4);
    lexer.scan();
    assert_eq!((lexer.token, lexer.implicit), (Token::Semicolon, true));
    lexer.scan();
    assert_eq!(lexer.text(), b"b");
}

#[test]
fn line_directives_are_checked() {
    for (source, errors) in
        [("//line a.go:0\n", 1), ("//line a.go:5\n", 0), ("//line a.go:x\n", 1), (" //line a.go:x\n", 0), ("/*line a:1:0*/", 1)]
    {
        let mut lexer = Lexer::new(source.as_bytes());
        lexer.scan();
        assert_eq!(lexer.errors.len(), errors, "{source:?}");
    }
}

#[test]
fn encoding() {
    let places = |source: &[u8]| check_encoding(source).into_iter().map(|error| error.offset).collect::<Vec<_>>();
    assert_eq!(places("\u{feff}package p // é".as_bytes()), []);
    assert_eq!(places(b"a\0b\xff\xffc\xc3"), [1, 3, 4, 6]);
    assert_eq!(places("a\u{feff}".as_bytes()), [1]);
    assert_eq!(places(b"\xff\xfep\0a\0"), [0]);
}
