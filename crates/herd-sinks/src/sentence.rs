//! Sentences an answer carries in English, known again by their words: the `sentence-` lines of `messages/en.ftl` are the forms, the
//! same keys of the other tables their translations. A value whose name is one letter is a figure.

use std::sync::LazyLock;

use crate::{Lang, messages::table};

/// A sentence of a known form: its key, and what stands in its gaps.
pub type Known<'t> = (&'static str, Vec<(&'static str, &'t str)>);

/// The form `text` has, the one with the most words of its own first.
pub fn known(text: &str) -> Option<Known<'_>> {
    FORMS.iter().find_map(|form| {
        let mut values = Vec::with_capacity(form.gaps.len());
        let rest = text.strip_prefix(form.words[0])?;
        fills(rest, &form.gaps, &form.words[1..], &mut values).then_some((form.key, values))
    })
}

/// Words and gaps in turn; one more word than gaps, some of them empty.
struct Form {
    key: &'static str,
    words: Vec<&'static str>,
    gaps: Vec<&'static str>,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let mut forms: Vec<Form> = table(Lang::En).lines().filter_map(form).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.words.iter().map(|words| words.len()).sum::<usize>()));
    forms
});

fn form(line: &'static str) -> Option<Form> {
    let (key, mut rest) = line.split_once(" = ").filter(|(key, _)| key.starts_with("sentence-"))?;
    let mut form = Form { key, words: Vec::new(), gaps: Vec::new() };
    while let Some((words, after)) = rest.split_once("{ $") {
        let (gap, after) = after.split_once(" }")?;
        form.words.push(words);
        form.gaps.push(gap);
        rest = after;
    }
    form.words.push(rest);
    Some(form)
}

/// Whether `text` is a gap, words, a gap, words …, to its end. Gaps take as little as fits.
fn fills<'t>(text: &'t str, gaps: &[&'static str], words: &[&'static str], values: &mut Vec<(&'static str, &'t str)>) -> bool {
    let ([gap, gaps @ ..], [next, words @ ..]) = (gaps, words) else { return text.is_empty() };
    let fits = |value: &str| {
        !value.is_empty() && (gap.len() > 1 || value.bytes().all(|byte| byte.is_ascii_digit() || b",.".contains(&byte)))
    };
    if gaps.is_empty() {
        let value = text.strip_suffix(next).filter(|value| fits(value));
        values.extend(value.map(|value| (*gap, value)));
        return value.is_some();
    }
    for (at, _) in text.match_indices(next) {
        if !fits(&text[..at]) {
            continue;
        }
        values.push((gap, &text[..at]));
        if fills(&text[at + next.len()..], gaps, words, values) {
            return true;
        }
        values.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, key: &str, expected: &[(&str, &str)]) {
        assert_eq!(known(text), Some((key, expected.to_vec())));
    }

    #[test]
    fn a_sentence_is_known_by_its_words() {
        check("kept 4096 frames of a stack, dropped 17", "sentence-note-frames", &[("n", "4096"), ("m", "17")]);
        check("kept 4096 frames of a stack", "sentence-note-frames-profile", &[]);
        check("a: b: no such file or directory", "sentence-error-not-found", &[("path", "a: b")]);
        let unreachable = "http://h:1: x cannot be reached: Connection refused (os error 111)";
        check(
            unreachable,
            "sentence-error-unreachable",
            &[("target", "http://h:1: x"), ("why", "Connection refused (os error 111)")],
        );
    }

    #[test]
    fn a_figure_is_a_figure_and_other_words_are_unknown() {
        assert_eq!(known("some more notes are not listed"), None);
        assert_eq!(known("12 more notes are not listed, or so"), None);
        assert_eq!(known(""), None);
    }

    #[test]
    fn every_form_knows_itself() {
        assert!(FORMS.len() > 200, "{}", FORMS.len());
        for form in FORMS.iter() {
            let values = form.gaps.iter().map(|gap| if gap.len() == 1 { "7" } else { "x" });
            let text: String =
                form.words.iter().copied().zip(values.chain([""])).flat_map(|(words, value)| [words, value]).collect();
            assert_eq!(known(&text).map(|(key, _)| key), Some(form.key), "{text}");
        }
    }
}
