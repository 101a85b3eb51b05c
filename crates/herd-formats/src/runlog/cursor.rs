//! Walks over a record piece by piece and remembers how far the text is one.

/// What a reader of one kind of record made of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Read<T> {
    /// A record and where it ends.
    Whole(T, usize),
    /// The text is the beginning of a record up to here and then something else, or at its end.
    Cut(usize),
}

/// Place in a text.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    /// The text.
    pub text: &'a [u8],
    /// End of the last piece that fitted.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Cursor { text, at: 0 }
    }

    /// What has not been read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// A fixed piece. The runtime writes each argument of its `print` with one write, so a piece is there as a whole or not at all.
    #[inline]
    pub fn literal(&mut self, piece: &[u8]) -> Option<()> {
        self.rest().starts_with(piece).then(|| self.at += piece.len())
    }

    /// A whole number without sign.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        self.digits().map(|(value, _)| value)
    }

    /// A whole number that fits 32 bits.
    pub fn number_u32(&mut self) -> Option<u32> {
        let from = self.at;
        let value = self.number().and_then(|value| u32::try_from(value).ok());
        if value.is_none() {
            self.at = from;
        }
        value
    }

    /// A number that may have decimals.
    pub fn decimal(&mut self) -> Option<f64> {
        let from = self.at;
        let (whole, _) = self.digits()?;
        if self.rest().first() != Some(&b'.') {
            return Some(exact(whole));
        }
        self.at += 1;
        let Some((fraction, places)) = self.digits() else {
            self.at = from;
            return None;
        };
        Some(exact(whole) + exact(fraction) / TENS.get(places).copied().unwrap_or(f64::INFINITY))
    }

    /// A whole number and how many digits it has.
    #[inline]
    fn digits(&mut self) -> Option<(u64, usize)> {
        let rest = self.rest();
        let mut value = 0_u64;
        let mut len = 0;
        for byte in rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            len += 1;
        }
        if len > SURE_DIGITS {
            let mut digits = rest[..len].iter().map(|byte| u64::from(byte - b'0'));
            value = digits.try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(digit))?;
        }
        self.at += len;
        (len > 0).then_some((value, len))
    }

    /// A word of bytes for which `is_part` holds.
    pub fn word(&mut self, is_part: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let len = self.rest().iter().take_while(|byte| is_part(**byte)).count();
        let word = self.rest().get(..len).filter(|word| !word.is_empty())?;
        self.at += len;
        Some(word)
    }
}

/// Numbers of so many digits fit 64 bits, whichever digits they are.
const SURE_DIGITS: usize = 19;

/// Powers of ten that a double holds exactly.
const TENS: [f64; 20] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];

/// Figures of these logs stay far below 2^53.
#[allow(clippy::cast_precision_loss, reason = "times and counts of a log are below 2^53")]
fn exact(value: u64) -> f64 {
    value as f64
}
