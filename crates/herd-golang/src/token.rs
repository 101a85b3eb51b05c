//! The tokens of Go, their texts and the precedence of operators (go/token, token.go, Go 1.27).

macro_rules! tokens {
    ($($name:ident = $text:literal,)*) => {
        /// A token. Words that are keywords are tokens of their own.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Token {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Token {
            /// As it is written; the kind's name where there are many writings.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

tokens! {
    Illegal = "ILLEGAL",
    Eof = "EOF",
    Comment = "COMMENT",
    Ident = "IDENT",
    Int = "INT",
    Float = "FLOAT",
    Imag = "IMAG",
    Char = "CHAR",
    String = "STRING",
    Add = "+",
    Sub = "-",
    Mul = "*",
    Quo = "/",
    Rem = "%",
    And = "&",
    Or = "|",
    Xor = "^",
    Shl = "<<",
    Shr = ">>",
    AndNot = "&^",
    AddAssign = "+=",
    SubAssign = "-=",
    MulAssign = "*=",
    QuoAssign = "/=",
    RemAssign = "%=",
    AndAssign = "&=",
    OrAssign = "|=",
    XorAssign = "^=",
    ShlAssign = "<<=",
    ShrAssign = ">>=",
    AndNotAssign = "&^=",
    LogicalAnd = "&&",
    LogicalOr = "||",
    Arrow = "<-",
    Inc = "++",
    Dec = "--",
    Equal = "==",
    Less = "<",
    Greater = ">",
    Assign = "=",
    Not = "!",
    NotEqual = "!=",
    LessEqual = "<=",
    GreaterEqual = ">=",
    Define = ":=",
    Ellipsis = "...",
    LeftParen = "(",
    LeftBracket = "[",
    LeftBrace = "{",
    Comma = ",",
    Period = ".",
    RightParen = ")",
    RightBracket = "]",
    RightBrace = "}",
    Semicolon = ";",
    Colon = ":",
    Tilde = "~",
    Break = "break",
    Case = "case",
    Chan = "chan",
    Const = "const",
    Continue = "continue",
    Default = "default",
    Defer = "defer",
    Else = "else",
    Fallthrough = "fallthrough",
    For = "for",
    Func = "func",
    Go = "go",
    Goto = "goto",
    If = "if",
    Import = "import",
    Interface = "interface",
    Map = "map",
    Package = "package",
    Range = "range",
    Return = "return",
    Select = "select",
    Struct = "struct",
    Switch = "switch",
    Type = "type",
    Var = "var",
}

impl Token {
    /// How tightly a binary operator binds: 1 (`||`) to 5 (`*`); 0 for all other tokens.
    pub const fn precedence(self) -> u8 {
        PRECEDENCE[self as usize]
    }

    /// Whether it is a name or a literal: its text is what the source says.
    pub const fn is_literal(self) -> bool {
        matches!(self, Self::Ident | Self::Int | Self::Float | Self::Imag | Self::Char | Self::String)
    }
}

static PRECEDENCE: [u8; TOKENS] = {
    let mut table = [0; TOKENS];
    let ranks: [(u8, &[Token]); 5] = [
        (1, &[Token::LogicalOr]),
        (2, &[Token::LogicalAnd]),
        (3, &[Token::Equal, Token::NotEqual, Token::Less, Token::LessEqual, Token::Greater, Token::GreaterEqual]),
        (4, &[Token::Add, Token::Sub, Token::Or, Token::Xor]),
        (5, &[Token::Mul, Token::Quo, Token::Rem, Token::Shl, Token::Shr, Token::And, Token::AndNot]),
    ];
    let mut rank = 0;
    while rank < ranks.len() {
        let mut member = 0;
        while member < ranks[rank].1.len() {
            table[ranks[rank].1[member] as usize] = ranks[rank].0;
            member += 1;
        }
        rank += 1;
    }
    table
};

const TOKENS: usize = Token::Var as usize + 1;

/// The keyword that a word of two to eleven bytes is. `head` holds its first eight bytes, the first one lowest, zero behind its end; `text`
/// all of it.
#[inline]
pub(crate) fn keyword(head: u64, text: &[u8]) -> Option<Token> {
    let (word, token) = KEYWORDS[keyword_slot(head)];
    // Two keywords are longer than what was compared, and so may be the word.
    (word == head && (text.len() <= 8 || text == token.text().as_bytes())).then_some(token)
}

/// Slots are told apart by the highest bits of a product; the multiplier was searched for, and the table's construction fails where two
/// keywords meet in one.
const KEYWORD_SLOTS: usize = 64;
const KEYWORD_MULTIPLIER: u64 = 0x8392_4f05_f5c7_b9ab;

const fn keyword_slot(head: u64) -> usize {
    (head.wrapping_mul(KEYWORD_MULTIPLIER) >> 58) as usize
}

static KEYWORDS: [(u64, Token); KEYWORD_SLOTS] = {
    let mut table = [(0, Token::Illegal); KEYWORD_SLOTS];
    let mut next = 0;
    while next < KEYWORD_LIST.len() {
        let token = KEYWORD_LIST[next];
        let text = token.text().as_bytes();
        let mut head = 0;
        let mut at = 0;
        while at < text.len() && at < 8 {
            head |= (text[at] as u64) << (8 * at);
            at += 1;
        }
        let slot = keyword_slot(head);
        assert!(table[slot].0 == 0, "two keywords in one slot");
        table[slot] = (head, token);
        next += 1;
    }
    table
};

const KEYWORD_LIST: [Token; 25] = [
    Token::Break,
    Token::Case,
    Token::Chan,
    Token::Const,
    Token::Continue,
    Token::Default,
    Token::Defer,
    Token::Else,
    Token::Fallthrough,
    Token::For,
    Token::Func,
    Token::Go,
    Token::Goto,
    Token::If,
    Token::Import,
    Token::Interface,
    Token::Map,
    Token::Package,
    Token::Range,
    Token::Return,
    Token::Select,
    Token::Struct,
    Token::Switch,
    Token::Type,
    Token::Var,
];
