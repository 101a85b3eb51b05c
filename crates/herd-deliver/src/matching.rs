//! Conditions on labels, as Alertmanager writes them: `team=pay`, `env!=dev`, `service=~"api|web"`, `instance!~10[.].*`.

use std::fmt;

use regex_lite::Regex;

use crate::alert::Labels;

/// A condition on one label.
#[derive(Clone, Debug)]
pub struct Matcher {
    text: String,
    label: String,
    asks: Asks,
}

#[derive(Clone, Debug)]
enum Asks {
    Equal(String),
    Different(String),
    Fits(Regex),
    FitsNot(Regex),
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no condition on a label: {why}")]
pub struct MatcherError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl Matcher {
    /// Reads one. A pattern fits the whole value.
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let wrong = |why: &str| MatcherError { text: text.to_owned(), why: why.to_owned() };
        let at = text.find(['=', '!']).ok_or_else(|| wrong("write NAME=VALUE, NAME!=VALUE, NAME=~PATTERN or NAME!~PATTERN"))?;
        let (label, rest) = text.split_at(at);
        let label = label.trim();
        if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(wrong("a label's name holds letters, digits and _"));
        }
        let pattern = |text: &str| Regex::new(&format!("^(?:{text})$")).map_err(|error| wrong(&error.to_string()));
        let asks = if let Some(value) = rest.strip_prefix("=~") {
            Asks::Fits(pattern(unquoted(value))?)
        } else if let Some(value) = rest.strip_prefix("!~") {
            Asks::FitsNot(pattern(unquoted(value))?)
        } else if let Some(value) = rest.strip_prefix("!=") {
            Asks::Different(unquoted(value).to_owned())
        } else if let Some(value) = rest.strip_prefix('=') {
            Asks::Equal(unquoted(value).to_owned())
        } else {
            return Err(wrong("after ! comes = or ~"));
        };
        Ok(Matcher { text: text.to_owned(), label: label.to_owned(), asks })
    }

    /// Whether labels meet it; a label that is not there is empty.
    pub fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        match &self.asks {
            Asks::Equal(text) => value == text,
            Asks::Different(text) => value != text,
            Asks::Fits(pattern) => pattern.is_match(value),
            Asks::FitsNot(pattern) => !pattern.is_match(value),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads several, all of which are to hold.
pub fn matchers(texts: &[String]) -> Result<Vec<Matcher>, MatcherError> {
    texts.iter().map(|text| Matcher::parse(text)).collect()
}

/// Whether labels meet all of them.
pub fn all_hold(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.holds(labels))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_they_read() {
        let labels: Labels = [("team", "pay"), ("instance", "10.0.0.7:6060"), ("odd", "a=b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        for (text, expected) in [
            ("team=pay", true),
            ("team = \"pay\"", true),
            ("team=pa", false),
            ("team!=pay", false),
            ("team=~pa", false),
            ("team=~\"pa.|web\"", true),
            ("instance!~10[.].*", false),
            ("instance!~11[.].*", true),
            ("absent=", true),
            ("absent!=", false),
            ("absent=~.*", true),
            ("odd=a=b", true),
        ] {
            assert_eq!(Matcher::parse(text).expect(text).holds(&labels), expected, "{text}");
        }
        for text in ["", "team", "=pay", "a-b=c", "team!pay", "team=~(", "团队=a"] {
            assert!(Matcher::parse(text).is_err(), "{text}");
        }
    }
}
