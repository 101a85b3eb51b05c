//! How an answer is to look: language, width, colour, detail. Nothing here changes what is said.

use herd_model::{Candidate, Finding, PatternId};

use crate::Messages;

/// Language of text for people; identifiers, JSON and logs are English always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    ZhCn,
}

impl Lang {
    /// Every language, in the order of the message tables.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::ZhCn];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::ZhCn => "zh-CN",
        }
    }

    /// Reads a tag or a POSIX locale (`zh_CN.UTF-8`); English for what is not known.
    pub fn from_locale(locale: &str) -> Lang {
        if locale.to_ascii_lowercase().starts_with("zh") { Lang::ZhCn } else { Lang::En }
    }
}

/// What the terminal can draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Any character.
    #[default]
    Unicode,
    /// ASCII for everything goherd adds of its own.
    Ascii,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict and one line a finding.
    Brief,
    /// What fits a screen; what is left out is counted.
    #[default]
    Normal,
    /// All evidence and all candidates.
    Full,
}

/// A pattern's words in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Localised {
    /// A fragment that reads after a count.
    pub title: String,
    /// One sentence.
    pub why: String,
    /// One sentence, imperative.
    pub fix: String,
    /// The whole page, Markdown, front matter included: the viewer takes title, why and fix from it.
    pub page: String,
}

/// A pattern in every language goherd speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternWords {
    /// Pattern.
    pub id: PatternId,
    /// Its words by language.
    pub words: Vec<(Lang, Localised)>,
}

/// Choices of the reader and of the place the answer is printed to.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// Language.
    pub lang: Lang,
    /// Columns.
    pub width: usize,
    /// Escape sequences for colour and weight.
    pub colour: bool,
    /// Characters.
    pub charset: Charset,
    /// Detail.
    pub detail: Detail,
    /// Known long waiters are listed, too.
    pub benign: bool,
    /// The exit code that will follow, where the text is to say so.
    pub exit: Option<u8>,
    /// JSON over several lines.
    pub pretty: bool,
    /// Address of a source line, with `{file}`, `{line}` and `{func}`.
    pub source_url: Option<&'a str>,
    /// Folder that file names are made relative to, such as a checkout.
    pub root: Option<&'a str>,
    /// Pattern texts.
    pub patterns: &'a [PatternWords],
}

impl Default for Look<'_> {
    fn default() -> Self {
        Look {
            lang: Lang::En,
            width: 100,
            colour: false,
            charset: Charset::Unicode,
            detail: Detail::Normal,
            benign: false,
            exit: None,
            pretty: false,
            source_url: None,
            root: None,
            patterns: &[],
        }
    }
}

impl Look<'_> {
    /// The pattern's words in the chosen language; absent for English, whose words the envelope carries itself.
    pub fn localised(&self, id: &PatternId) -> Option<&Localised> {
        if self.lang == Lang::En {
            return None;
        }
        let pattern = self.patterns.iter().find(|pattern| &pattern.id == id)?;
        pattern.words.iter().find(|(lang, _)| *lang == self.lang).map(|(_, words)| words)
    }

    /// A finding's words in the chosen language; the envelope's own where the catalogue has no such pattern.
    pub(crate) fn finding(&self, finding: &Finding, say: &Messages) -> Words {
        self.words(&finding.id, [&finding.title, &finding.why, &finding.fix], say)
    }

    /// A candidate's words in the chosen language.
    pub(crate) fn candidate(&self, candidate: &Candidate, say: &Messages) -> Words {
        self.words(&candidate.id, [&candidate.title, &candidate.why, &candidate.fix], say)
    }

    fn words(&self, id: &PatternId, own: [&String; 3], say: &Messages) -> Words {
        let [title, why, fix] = match self.localised(id) {
            Some(words) => [&words.title, &words.why, &words.fix].map(String::clone),
            None => own.map(|text| say.sentence(text)),
        };
        Words { title, why, fix }
    }
}

/// What a finding or candidate is called, why it happens, and what to change.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) fix: String,
}
