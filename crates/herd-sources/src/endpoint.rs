//! A `net/http/pprof` endpoint asked for the cheapest witness that answers: the index for a count, then `debug=2` of a small process or
//! `debug=0` of a large one, then the runtime's leak profile.

use herd_formats::{stamp, weigh};
use herd_model::{Account, Note, NoteKind, TargetKind};

use crate::account;
use crate::http::{Answer, Web};
use crate::index::{self, Index};
use crate::read::Held;
use crate::target::{ACCOUNT_PATH, PPROF_PATH, ProfileAsked};
use crate::{AccountAsked, CancelFlag, Endpoint, Options, SourceError, Target, Testimony, TimeFrom, Want, Weights, read};

/// How long `debug=2` stops the world, a goroutine: 0.46 s at 9,704 goroutines and 6.76 s at 99,949 (Go 1.26, two cores).
pub const DEBUG2_SECONDS_PER_GOROUTINE: f64 = 0.000_06;

/// A header by which a recording says when it was taken (RFC 3339).
pub const REPLAY_TIME_HEADER: &str = "x-goherd-replay-time";

const COUNTS: &str = "goroutine?debug=0";
const TEXT_COUNTS: &str = "goroutine?debug=1";
const STACKS: &str = "goroutine?debug=2";
const LEAKS: &str = "goroutineleak?debug=1";

/// Asks within the budget of `options`; the first testimony is the one to judge, a leak profile stands last.
pub(crate) fn ask(
    target: &Target,
    endpoint: &Endpoint,
    options: &Options,
    cancel: &CancelFlag,
) -> Result<Vec<Testimony>, SourceError> {
    let asker = Asker { target, options, cancel, web: Web::open(&target.name, endpoint, options)? };
    if let Some(profile) = &endpoint.profile {
        if !profile.name.starts_with("goroutine") {
            let why = format!("`{}` holds no goroutines; name the service, or its `goroutine` profile", profile.name);
            return Err(SourceError::BadTarget { target: target.name.clone(), why });
        }
        let witness = asked(profile);
        return asker.testimony(&endpoint.path, &witness).map(|testimony| vec![testimony]);
    }
    let root = asker.find_root(&roots(endpoint, options))?;
    let mut counters = account::Asked::default();
    if options.account != AccountAsked::No {
        counters = account::ask(&asker.web, &root.path, cancel)?;
    }
    let mut first = asker.within_budget(&root, counters.account.as_ref())?;
    asker.with_account(&mut first, counters, &root)?;
    let mut testimonies = vec![first];
    if options.want == Want::CheapestFirst && options.leak_profile && root.index.is_some_and(|index| index.leak_profile) {
        match asker.testimony(&root.path, LEAKS) {
            Ok(leaks) => testimonies.push(leaks),
            Err(SourceError::Interrupted) => return Err(SourceError::Interrupted),
            Err(error) => testimonies[0].notes.push(not_asked(format!("the leak profile is listed but not answered: {error}"))),
        }
    }
    Ok(testimonies)
}

/// Asks for the one profile the endpoint names, at the first of these roots that has it.
pub(crate) fn weights(
    target: &Target,
    endpoint: &Endpoint,
    profile: &ProfileAsked,
    roots: &[String],
    options: &Options,
    cancel: &CancelFlag,
) -> Result<Weights, SourceError> {
    let web = Web::open(&target.name, endpoint, options)?;
    let witness = asked(profile);
    let answer = first_that_has(&web, roots, &witness, &target.name, cancel)?;
    let (profile, notes) = match read::weights(&target.name, answer.body.as_slice(), cancel, None)? {
        Held::Profile(profile, notes, _) => (*profile, notes),
        // A profile is one instant; what a service might append to it belongs to no second one.
        Held::Snapshots(found) => {
            (found.snapshots.first().map(weigh).ok_or_else(|| read::no_goroutines(&target.name))?, found.notes)
        }
    };
    // Of goroutines this is their number; no other profile's cost asks for one.
    let cost = Some(cost(&witness, &answer, profile.total(0).unsigned_abs()));
    let (target_name, bytes, seconds) = (target.name.clone(), answer.bytes, answer.seconds);
    Ok(Weights { target_name, kind: TargetKind::Url, witness, profile, notes, bytes, seconds, cost, holders: None })
}

/// The answer of the first root that has `path`.
pub(crate) fn first_that_has(
    web: &Web,
    roots: &[String],
    path: &str,
    target: &str,
    cancel: &CancelFlag,
) -> Result<Answer, SourceError> {
    let mut refusal = None;
    for root in roots {
        let answer = web.get(&format!("{root}/{path}"), cancel)?;
        match answer.status {
            200 => return Ok(answer),
            404 => refusal = refusal.or(Some(answer.refusal(target))),
            _ => return Err(answer.refusal(target)),
        }
    }
    Err(refusal.unwrap_or_else(|| read::no_goroutines(target)))
}

fn asked(profile: &ProfileAsked) -> String {
    format!("{}?debug={}", profile.name, profile.debug)
}

/// The paths at which `net/http/pprof` may be mounted, most likely first.
pub(crate) fn roots(endpoint: &Endpoint, options: &Options) -> Vec<String> {
    let prefix = options.prefix.as_deref().unwrap_or_default().trim_matches('/');
    let path = match (endpoint.path.as_str(), prefix) {
        ("", "") => return vec![PPROF_PATH.to_owned()],
        ("", prefix) => format!("/{prefix}"),
        (path, _) => path.to_owned(),
    };
    if path.ends_with("/pprof") { vec![path] } else { vec![format!("{path}{PPROF_PATH}"), format!("{path}/pprof"), path] }
}

struct Asker<'a> {
    target: &'a Target,
    options: &'a Options,
    cancel: &'a CancelFlag,
    web: Web,
}

/// Where the profiles are, and what finding that out told.
struct Root {
    path: String,
    index: Option<Index>,
    /// Fetched already, where there is no index to count from.
    counted: Option<Testimony>,
}

impl Asker<'_> {
    /// The first path that answers as an index; else the first that answers a profile, for services that mount only these.
    fn find_root(&self, roots: &[String]) -> Result<Root, SourceError> {
        let mut first_refusal = None;
        for path in roots {
            let answer = self.web.get(&format!("{path}/"), self.cancel)?;
            match answer.status {
                200 => {
                    if let Some(index) = index::read(&answer.body) {
                        return Ok(Root { path: path.clone(), index: Some(index), counted: None });
                    }
                }
                404 => {}
                _ => return Err(answer.refusal(&self.target.name)),
            }
            first_refusal = first_refusal.or(Some(answer));
        }
        let mut not_a_dump = None;
        for path in roots {
            match self.testimony(path, COUNTS) {
                Ok(counted) => return Ok(Root { path: path.clone(), index: None, counted: Some(counted) }),
                Err(SourceError::HttpStatus { status: 404, .. }) => {}
                Err(error @ SourceError::NotADump { .. }) => not_a_dump = not_a_dump.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(match (not_a_dump, first_refusal) {
            (Some(error), _) => error,
            (None, Some(answer)) if answer.status == 404 => answer.refusal(&self.target.name),
            (None, _) => SourceError::HttpStatus {
                target: self.target.name.clone(),
                asked: format!("{}/{COUNTS}", roots[0]),
                status: 404,
                detail: None,
            },
        })
    }

    /// `debug=2` where its pause is allowed, else `debug=0` and a note that says why.
    fn within_budget(&self, root: &Root, account: Option<&Account>) -> Result<Testimony, SourceError> {
        if self.options.want == Want::CountsOnly {
            return self.counts(root);
        }
        let goroutines = match (&root.index, &root.counted) {
            (Some(index), _) => index.goroutines,
            (None, Some(counted)) => counted.snapshot.goroutines,
            (None, None) => self.counts(root)?.snapshot.goroutines,
        };
        // Two looks a moment apart: the larger number decides what may be stopped.
        let goroutines = account.and_then(|account| account.runtime.goroutines).map_or(goroutines, |now| now.max(goroutines));
        let limit = self.options.max_goroutines_for_stw;
        if goroutines <= limit || self.options.allow_stw {
            return self.testimony(&root.path, STACKS);
        }
        let seconds = debug2_seconds(goroutines);
        if self.options.want == Want::StacksOnly {
            return Err(SourceError::StopsTheWorld { target: self.target.name.clone(), goroutines, limit, seconds });
        }
        let mut testimony = self.counts(root)?;
        testimony.notes.push(not_asked(format!(
            "{STACKS} was not asked: {goroutines} goroutines are above the limit of {limit}, and it would stop the service for about \
             {seconds:.1} s; it knows states, ages and creators: --allow-stw accepts the pause"
        )));
        Ok(testimony)
    }

    /// Puts what the service counts of itself beside what its goroutines show; and the labels its counters go by, where only a profile
    /// tells them.
    fn with_account(&self, testimony: &mut Testimony, asked: account::Asked, root: &Root) -> Result<(), SourceError> {
        testimony.notes.extend(asked.notes);
        testimony.bytes += asked.bytes;
        testimony.seconds += asked.seconds;
        let Some(account) = asked.account else { return Ok(()) };
        testimony.cost = [asked.cost, testimony.cost.take()].into_iter().flatten().reduce(|one, two| format!("{one}; {two}"));
        testimony.witness = format!("{ACCOUNT_PATH}, {}", testimony.witness);
        let unlabelled = testimony.snapshot.label_sets.is_empty() && testimony.snapshot.origin.tells_state();
        let counts = !account.rows.is_empty();
        testimony.snapshot.account = Some(Box::new(account));
        if self.options.account != AccountAsked::WithLabels || !unlabelled || !counts {
            return Ok(());
        }
        match self.testimony(&root.path, COUNTS) {
            Ok(profile) => {
                testimony.witness = format!("{}, {COUNTS}", testimony.witness);
                testimony.cost =
                    [testimony.cost.take(), profile.cost].into_iter().flatten().reduce(|one, two| format!("{one}; {two}"));
                testimony.bytes += profile.bytes;
                testimony.seconds += profile.seconds;
                testimony.labels = Some(Box::new(profile.snapshot));
            }
            Err(SourceError::Interrupted) => return Err(SourceError::Interrupted),
            Err(error) => testimony.notes.push(not_asked(format!("the labels of its goroutines are not known: {error}"))),
        }
        Ok(())
    }

    /// `debug=0`; `debug=1` where something on the way spoils binary answers.
    fn counts(&self, root: &Root) -> Result<Testimony, SourceError> {
        if let Some(counted) = &root.counted {
            return Ok(counted.clone());
        }
        match self.testimony(&root.path, COUNTS) {
            Err(error @ (SourceError::Damaged { .. } | SourceError::NotADump { .. })) => {
                let mut testimony = self.testimony(&root.path, TEXT_COUNTS)?;
                testimony.notes.push(not_asked(format!("{TEXT_COUNTS} was asked instead of {COUNTS}: {error}")));
                Ok(testimony)
            }
            answered => answered,
        }
    }

    /// Fetches one profile and reads it.
    fn testimony(&self, root: &str, witness: &str) -> Result<Testimony, SourceError> {
        let answer = self.web.get(&format!("{root}/{witness}"), self.cancel)?;
        if answer.status != 200 {
            return Err(answer.refusal(&self.target.name));
        }
        let mut found = read::stream(&self.target.name, answer.body.as_slice(), self.cancel)?;
        let taken_at_ns = replay_time(&answer).unwrap_or(answer.at_ns);
        // A profile is one instant; what a service might append to it belongs to no second one.
        let mut snapshot = found.snapshots.swap_remove(0);
        snapshot.taken_at_ns = Some(taken_at_ns);
        Ok(Testimony {
            target_name: self.target.name.clone(),
            kind: TargetKind::Url,
            witness: witness.to_owned(),
            cost: Some(cost(witness, &answer, snapshot.goroutines)),
            snapshot,
            labels: None,
            notes: found.notes,
            bytes: answer.bytes,
            taken_at_ns: Some(taken_at_ns),
            taken_at_from: TimeFrom::Asked,
            modified_at_ns: None,
            seconds: answer.seconds,
        })
    }
}

fn replay_time(answer: &Answer) -> Option<i64> {
    let text = answer.headers.get(REPLAY_TIME_HEADER)?.as_bytes();
    stamp::find(text).map(|(ns, _)| ns)
}

fn debug2_seconds(goroutines: u64) -> f64 {
    goroutines as f64 * DEBUG2_SECONDS_PER_GOROUTINE
}

/// What a profile costs the service that is asked for it (`net/http/pprof`, `runtime/pprof`, Go 1.21 to 1.27).
pub(crate) fn cost(witness: &str, answer: &Answer, goroutines: u64) -> String {
    let cost = match witness.split('?').next().unwrap_or_default() {
        _ if witness == STACKS => {
            format!("the world stopped while {goroutines} stacks were written, about {:.3} s", debug2_seconds(goroutines))
        }
        "goroutineleak" => "one garbage collection, which the leak profile forces".to_owned(),
        "goroutine" => "the world stopped only briefly (15 ms or less in all at 1,000,000 goroutines)".to_owned(),
        "trace" => "tracing takes a service 1 to 2 % of its CPU, and stops the world for an instant at either end".to_owned(),
        "profile" => "about a hundred signals a second and busy CPU while it was taken".to_owned(),
        _ => "no pause: counters the runtime keeps anyway were written out".to_owned(),
    };
    format!("{witness}: {} bytes in {:.2} s; {cost}", answer.bytes, answer.seconds)
}

fn not_asked(text: String) -> Note {
    Note { kind: NoteKind::NotAsked, offset: None, text }
}
