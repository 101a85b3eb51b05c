//! Where the answer goes and how it looks there: format, language, width, colour, charset.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use anstream::ColorChoice;
use herd_model::{Envelope, GateVerdict, Severity, Verdict};
use herd_patterns::CATALOGUE;
use herd_sinks::{Charset, Detail, Format, Lang, Localised, Look, PatternWords, SinkError, Stacks, render};

use crate::args::{ColorArg, GlobalArgs, LangArg};
use crate::error::ExpectedError;
use crate::exit::Exit;

/// The widest text goherd prints.
const WIDTH_MAX: usize = 100;

/// Prints an answer where and how the flags say; `usual` is the format when nothing else decides.
pub fn print(
    envelope: &mut Envelope,
    stacks: Option<Stacks<'_>>,
    usual: Format,
    exit: Exit,
    benign: bool,
    global: &GlobalArgs,
) -> Result<(), ExpectedError> {
    let format = format(global, usual);
    let (goroutines, weights);
    let mut stacks = stacks;
    if global.redact {
        herd_sinks::redact(envelope);
        if format.carries_stacks() {
            stacks = match stacks {
                Some(Stacks::Goroutines(snapshot)) => {
                    goroutines = herd_sinks::redact_stacks(snapshot);
                    Some(Stacks::Goroutines(&goroutines))
                }
                Some(Stacks::Weights(profile, sample_type)) => {
                    weights = herd_sinks::redact_weights(profile);
                    Some(Stacks::Weights(&weights, sample_type))
                }
                None => None,
            };
        }
    }
    let patterns = pattern_words();
    let root = std::env::var("GITHUB_WORKSPACE").ok();
    let look = Look { exit: Some(exit as u8), benign, patterns: &patterns, root: root.as_deref(), ..look(global) };
    if let Some(path) = &global.output {
        return write_file(path, &mut |out| render(format, envelope, stacks, &look, out));
    }
    let stdout = std::io::stdout();
    let mut out = BufWriter::new(stdout.lock());
    render(format, envelope, stacks, &look, &mut out)?;
    out.flush().map_err(SinkError::from)?;
    Ok(())
}

/// Refuses to fill a terminal with bytes, before time is spent on collecting them.
pub fn check(global: &GlobalArgs, usual: Format) -> Result<(), ExpectedError> {
    let format = format(global, usual);
    if format.row().binary && global.output.is_none() && std::io::stdout().is_terminal() {
        return Err(ExpectedError::Option {
            option: "--format",
            why: format!("{} is not for terminals", format.row().name),
            next: "Write it to a file with --output FILE.".into(),
        });
    }
    Ok(())
}

/// Prints text as it is.
pub fn print_text(text: &str, global: Option<&GlobalArgs>) -> Result<(), ExpectedError> {
    if let Some(path) = global.and_then(|global| global.output.as_deref()) {
        return write_file(path, &mut |out| Ok(out.write_all(text.as_bytes())?));
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(SinkError::from)?;
    Ok(())
}

/// Writes beside the file first, so that no half answer is left behind when something fails.
pub fn write_file(path: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> Result<(), SinkError>) -> Result<(), ExpectedError> {
    let failed = |why: std::io::Error| ExpectedError::Output { path: path.to_owned(), why };
    // A pipe or a device cannot be renamed over.
    let direct = path.exists() && !path.is_file();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = if direct { path.to_owned() } else { path.with_file_name(name) };
    let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
    let filled = fill(&mut out).map_err(ExpectedError::from).and_then(|()| out.flush().map_err(failed));
    drop(out);
    if direct {
        return filled;
    }
    match filled {
        Ok(()) => std::fs::rename(&part, path).map_err(failed),
        Err(error) => {
            std::fs::remove_file(&part).map_err(failed)?;
            Err(error)
        }
    }
}

/// What the flags, the file's ending, the surroundings and the command's custom make of it.
pub fn format(global: &GlobalArgs, usual: Format) -> Format {
    if let Some(format) = global.format {
        return format.0;
    }
    if let Some(format) = global.output.as_deref().and_then(ending) {
        return format;
    }
    let judging = usual == Format::Concise;
    if judging && std::io::stdout().is_terminal() {
        return Format::Text;
    }
    if judging && std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        return Format::Github;
    }
    usual
}

fn ending(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let endings = [
        (".dot", Format::Dot),
        (".speedscope.json", Format::Speedscope),
        (".perfetto.json", Format::Perfetto),
        (".perfetto-trace", Format::Perfetto),
        (".pftrace", Format::Perfetto),
        (".csv", Format::Csv),
        (".sarif", Format::Sarif),
        (".sarif.json", Format::Sarif),
        (".json", Format::Json),
        (".html", Format::Html),
        (".svg", Format::Svg),
        (".md", Format::Markdown),
        (".xml", Format::Junit),
        (".folded", Format::Folded),
        (".pb.gz", Format::Pprof),
        (".txt", Format::Text),
    ];
    endings.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format)
}

/// A gate's answer as an envelope's.
pub fn gate_verdict(verdict: GateVerdict) -> Verdict {
    match verdict {
        GateVerdict::Pass => Verdict::Healthy,
        GateVerdict::Fail => Verdict::Findings,
        GateVerdict::Inconclusive => Verdict::Inconclusive,
    }
}

/// How a gate ends; `--fail-on never` lets what it refuses pass, and nothing decides for it.
pub fn gate_exit(verdict: Verdict, global: &GlobalArgs) -> Exit {
    match verdict {
        Verdict::Findings if global.fails(Severity::Critical) => Exit::Findings,
        Verdict::Inconclusive => Exit::Inconclusive,
        Verdict::Healthy | Verdict::Findings | Verdict::Undecidable => Exit::Healthy,
    }
}

/// How text is to look on standard output.
pub fn look(global: &GlobalArgs) -> Look<'_> {
    let stdout = std::io::stdout();
    let terminal = stdout.is_terminal() && global.output.is_none();
    let width = terminal_size::terminal_size_of(&stdout).map_or(WIDTH_MAX, |(width, _)| usize::from(width.0)).min(WIDTH_MAX);
    let colour = match global.color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => global.output.is_none() && anstream::AutoStream::choice(&stdout) != ColorChoice::Never,
    };
    let detail = match (global.quiet, global.verbose) {
        (true, _) => Detail::Brief,
        (_, true) => Detail::Full,
        _ => Detail::Normal,
    };
    Look {
        lang: lang(global),
        width,
        colour,
        charset: if terminal { charset() } else { Charset::Unicode },
        detail,
        pretty: terminal,
        source_url: global.source_url.as_deref(),
        ..Look::default()
    }
}

/// The language asked for, else the locale's.
pub fn lang(global: &GlobalArgs) -> Lang {
    match global.lang {
        Some(LangArg::En) => Lang::En,
        Some(LangArg::ZhCn) => Lang::ZhCn,
        None => locale(&["LC_ALL", "LC_MESSAGES", "LANG"]).map_or(Lang::En, |locale| Lang::from_locale(&locale)),
    }
}

/// A locale that names another encoding means it; no locale at all says nothing of the terminal.
fn charset() -> Charset {
    match locale(&["LC_ALL", "LC_CTYPE", "LANG"]) {
        Some(locale) if !locale.to_ascii_lowercase().contains("utf") => Charset::Ascii,
        _ => Charset::Unicode,
    }
}

fn locale(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The catalogue in the words of the sinks.
pub fn pattern_words() -> Vec<PatternWords> {
    let words = |pattern: &herd_patterns::Pattern, lang| {
        let page = pattern.page(lang);
        Localised {
            title: page.title.to_owned(),
            why: page.why.to_owned(),
            fix: page.fix.to_owned(),
            page: pattern.page.get(lang).to_owned(),
        }
    };
    let languages = [(Lang::En, herd_patterns::Lang::En), (Lang::ZhCn, herd_patterns::Lang::Zh)];
    let of = |pattern: &herd_patterns::Pattern| PatternWords {
        id: pattern.pattern_id(),
        words: languages.iter().map(|(lang, table)| (*lang, words(pattern, *table))).collect(),
    };
    CATALOGUE.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use herd_diagnose::{Clock, Request, diagnose};
    use herd_model::WaitReason;
    use herd_sources::{CancelFlag, Options, Target};

    use super::*;

    /// Every recording of a kernel; of a series, all its dumps are one file.
    fn recordings() -> Vec<PathBuf> {
        let patterns = Path::new(env!("CARGO_MANIFEST_DIR")).join("../herd-patterns/src/patterns");
        let folders = std::fs::read_dir(patterns).unwrap().flatten().map(|entry| entry.path().join("fixtures"));
        let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| std::fs::read_dir(folder).unwrap().flatten());
        let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "zst"));
        files.sort();
        files
    }

    fn judged(file: &Path) -> Option<Envelope> {
        let target = Target::parse(file.to_str().unwrap()).unwrap();
        let request = Request {
            targets: vec![target],
            options: Options::default(),
            watch: None,
            trace: None,
            clock: Clock::WALL,
            rules: BTreeSet::new(),
        };
        diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).ok().map(|diagnosis| diagnosis.envelope)
    }

    /// Words of English in a row: no identifier, path, command, state of Go's or file name.
    fn english(line: &str) -> Option<String> {
        let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let words: Vec<&str> = line.split(' ').collect();
        words
            .windows(3)
            .find(|three| three.iter().all(|word| is_word(&word.trim_end_matches([',', ';', ':', '.']))))
            .map(|three| three.join(" "))
    }

    #[test]
    fn english_is_noticed() {
        assert_eq!(english("  证据  a goroutine waits for a mutex").as_deref(), Some("goroutine waits for"));
        assert_eq!(english("goherd：另有 3 条 main.f /src/kernels/a.go:7 chan receive"), None);
    }

    #[track_caller]
    fn is_chinese(text: &str, envelope: &Envelope, from: &str) {
        let commands = envelope.candidates.iter().flat_map(|candidate| &candidate.steps);
        let commands = commands.chain(envelope.findings.iter().flat_map(|finding| &finding.steps));
        let mut quoted: Vec<String> = commands.filter_map(|step| step.command.clone()).collect();
        quoted.extend(envelope.targets.iter().map(|target| target.name.clone()));
        quoted.extend(envelope.snapshot.iter().filter_map(|report| report.crash.clone()));
        quoted.extend(WaitReason::ALL.iter().map(|reason| reason.as_str().to_owned()));
        quoted.retain(|text| !text.is_empty());
        quoted.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for line in text.lines() {
            let own = quoted.iter().fold(line.to_owned(), |line, known| line.replace(known.as_str(), "·"));
            assert_eq!(english(&own), None, "{from}: {line}");
        }
    }

    #[test]
    fn every_recording_is_told_in_chinese() {
        let patterns = pattern_words();
        let files = recordings();
        let say = herd_sinks::messages(Lang::ZhCn);
        let (mut told, mut facts) = (0, std::collections::BTreeSet::new());
        for file in &files {
            let Some(mut envelope) = judged(file) else { continue };
            told += 1;
            let look = Look {
                lang: Lang::ZhCn,
                detail: Detail::Full,
                benign: true,
                width: 4000,
                patterns: &patterns,
                ..Look::default()
            };
            let name = file.file_name().unwrap().to_string_lossy();
            let every = [Format::Text, Format::Markdown, Format::Concise, Format::Github, Format::Junit];
            // One version of Go in all formats; the others say the same in the same words.
            let formats = if name.contains("go1.26") { &every[..] } else { &every[..1] };
            for format in formats {
                let mut out = Vec::new();
                render(*format, &envelope, None, &look, &mut out).unwrap();
                is_chinese(&String::from_utf8(out).unwrap(), &envelope, &name);
            }
            if name.contains("go1.26") {
                envelope.command = "snap".to_owned();
                let mut out = Vec::new();
                render(Format::Text, &envelope, None, &look, &mut out).unwrap();
                is_chinese(&String::from_utf8(out).unwrap(), &envelope, &name);
            }
            let texts = envelope.notes.iter().map(|note| say.sentence(&note.text));
            let found =
                envelope.findings.iter().flat_map(|finding| finding.evidence.iter().map(|fact| say.evidence(&finding.id, fact)));
            let seen = envelope.candidates.iter().flat_map(|one| one.evidence.iter().map(|fact| say.evidence(&one.id, fact)));
            facts.extend(texts.chain(found).chain(seen));
        }
        assert!(told > 300, "{told} of {}", files.len());
        assert!(facts.len() > 100, "{}", facts.len());
        let untold: Vec<&String> = facts.iter().filter(|fact| fact.is_ascii()).collect();
        assert!(untold.is_empty(), "{untold:#?}");
    }
}
