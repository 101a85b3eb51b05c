//! Text for people, from one table a language (`messages/*.ftl`), compiled in.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use herd_model::{Evidence, PatternId, Step};

use crate::{Lang, figure::thousands, sentence};

const EN: &str = include_str!("../messages/en.ftl");
const ZH_CN: &str = include_str!("../messages/zh-CN.ftl");

/// How deep sentences stand in each other.
const NESTING_MAX: usize = 3;
/// Colons of a sentence that are tried as the end of a name.
const COLONS_MAX: usize = 8;

/// The message table of one language.
pub struct Messages {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

/// Loads the table of `lang`. Cost: parses a few kilobytes; once an answer.
///
/// # Panics
/// Never: the tables are compiled in, and the tests parse them.
pub fn messages(lang: Lang) -> Messages {
    let tag: LanguageIdentifier = lang.tag().parse().expect("the tags of Lang are well-formed");
    let mut bundle = FluentBundle::new(vec![tag]);
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(table(lang).to_owned()).expect("the tables are parsed by a test");
    bundle.add_resource(resource).expect("the keys of a table are unique, checked by a test");
    Messages { lang, bundle }
}

/// The text of a language's table.
pub fn table(lang: Lang) -> &'static str {
    match lang {
        Lang::En => EN,
        Lang::ZhCn => ZH_CN,
    }
}

impl Messages {
    /// The message of `key`.
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// The message of `key` with named values.
    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set((*name).to_owned(), (*value).to_owned());
        }
        self.format(key, &args).unwrap_or_else(|| key.to_owned())
    }

    /// The message of `key` about `count` things: `$n` chooses the plural, `$count` is printed.
    pub fn count(&self, key: &str, count: u64) -> String {
        self.count_as(key, count, thousands(count))
    }

    /// The same with the figure as programs read it, in digits alone.
    pub fn digits(&self, key: &str, count: u64) -> String {
        self.count_as(key, count, count.to_string())
    }

    fn count_as(&self, key: &str, count: u64, figure: String) -> String {
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(count));
        args.set("count", figure);
        self.format(key, &args).unwrap_or_else(|| format!("{count} {key}"))
    }

    /// The message of `key` whose `$name` is `count` of what `name` counts.
    pub fn with_count(&self, key: &str, name: &str, count: u64) -> String {
        self.say_with(key, &[(name, &self.count(name, count))])
    }

    /// A fact's sentence; its own English where this language has none. One kind has several sentences, told apart by the names of their
    /// values, and by the pattern where those are alike, too.
    pub fn evidence(&self, id: &PatternId, evidence: &Evidence) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in &evidence.args {
            let grouped = value.parse::<u64>().map_or_else(|_| value.clone(), thousands);
            args.set(name.clone(), grouped);
        }
        let key = evidence_key(evidence);
        let own = self.format(&format!("evidence-{id}-{key}"), &args);
        own.or_else(|| self.format(&format!("evidence-{key}"), &args)).unwrap_or_else(|| self.sentence(&evidence.text))
    }

    /// An English sentence of an answer or an error in this language; as it is where its form is not known.
    pub fn sentence(&self, text: &str) -> String {
        if self.lang == Lang::En {
            text.to_owned()
        } else {
            self.translated(text, NESTING_MAX).unwrap_or_else(|| text.to_owned())
        }
    }

    /// A command and what to know about it, in one text.
    pub fn step(&self, step: &Step) -> String {
        let words = step.words.as_deref().map(|words| self.sentence(words));
        [step.command.clone(), words].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }

    /// What stands in a sentence may be one itself: why a target failed, what a file is instead.
    fn translated(&self, text: &str, depth: usize) -> Option<String> {
        if let Some((key, values)) = sentence::known(text) {
            let mut args = FluentArgs::new();
            for (name, value) in values {
                let inner = if depth > 0 { self.translated(value, depth - 1) } else { None };
                args.set(name, inner.unwrap_or_else(|| value.to_owned()));
            }
            return self.format(key, &args);
        }
        let mut colons = text.match_indices(": ").take(COLONS_MAX).filter(|_| depth > 0);
        let named = colons.find_map(|(at, colon)| {
            let rest = self.translated(&text[at + colon.len()..], depth - 1)?;
            Some(format!("{}：{rest}", &text[..at]))
        });
        named.or_else(|| self.listed(text, depth))
    }

    /// Names with reasons behind them: `readme (empty), a.gz (gzip-compressed data)`.
    fn listed(&self, text: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let parts: Option<Vec<String>> = text
            .split(", ")
            .map(|part| {
                let (name, reason) = part.strip_suffix(')')?.split_once(" (")?;
                Some(format!("{name}（{}）", self.translated(reason, depth)?))
            })
            .collect();
        parts.map(|parts| parts.join("、"))
    }

    fn format(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors);
        errors.is_empty().then(|| text.into_owned())
    }
}

/// The kind and the names of its values: `persistence-of-still`.
fn evidence_key(evidence: &Evidence) -> String {
    let kind = serde_json::to_value(evidence.kind).ok();
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    std::iter::once(kind).chain(evidence.args.keys().map(String::as_str)).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use herd_model::EvidenceKind;

    use super::*;

    fn keys(lang: Lang) -> BTreeSet<&'static str> {
        let lines = table(lang).lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
        let keys: Vec<&str> =
            lines.filter_map(|line| line.split_once(" = ").or_else(|| line.split_once(" =")).map(|(key, _)| key)).collect();
        let unique: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(keys.len(), unique.len(), "a key of {} stands twice", lang.tag());
        unique
    }

    #[test]
    fn every_table_parses_and_has_the_same_keys() {
        for lang in Lang::ALL {
            messages(lang);
            // Evidence has its English sentence in the envelope, so only other languages carry the key.
            let own: BTreeSet<&str> = keys(lang).into_iter().filter(|key| !key.starts_with("evidence-")).collect();
            assert_eq!(own, keys(Lang::En), "{}", lang.tag());
            assert!(own.len() > 30, "{}", own.len());
        }
    }

    #[test]
    fn a_fact_is_told_in_the_language_that_has_its_sentence() {
        let returned = Evidence::new(EvidenceKind::CreatorReturned, "it has returned for all 12").with("count", &12);
        let runs = Evidence::new(EvidenceKind::CreatorReturned, "it still runs for 3 of 12").with("count", &12).with("live", &3);
        let id = PatternId::new("LK001");
        let zh = messages(Lang::ZhCn);
        assert_eq!(zh.evidence(&id, &returned), "启动它们的函数已经返回（抽查的 12 个全部如此）");
        assert_eq!(zh.evidence(&id, &runs), "启动它们的函数仍在运行（抽查的 12 个中有 3 个）");
        assert_eq!(zh.evidence(&id, &Evidence::new(EvidenceKind::Shape, "own words")), "own words");
        let left_out = "3 of 7 entries hold no goroutine dump: a (empty), b.gz (gzip-compressed data) and 1 more";
        assert_eq!(zh.sentence(left_out), "7 个条目中有 3 个不含 goroutine dump：a（空的）、b.gz（gzip 压缩数据），另有 1 个");
        assert_eq!(messages(Lang::En).evidence(&id, &returned), "it has returned for all 12");
    }

    #[test]
    fn counts_choose_their_plural() {
        assert_eq!(messages(Lang::En).count("goroutines", 1), "1 goroutine");
        assert_eq!(messages(Lang::En).count("goroutines", 118_204), "118,204 goroutines");
        assert_eq!(messages(Lang::ZhCn).count("goroutines", 1), "1 个 goroutine");
    }
}
