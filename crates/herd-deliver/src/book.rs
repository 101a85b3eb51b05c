//! What fires, who was told, and who is told next: rules over values, without input, output or a clock of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Attached, Labels, digest};
use crate::clock::At;
use crate::matching::all_hold;
use crate::notice::{ALERTS_MAX, Notice, Reason};
use crate::plan::{Manner, Plan, PlanError, Silence, Timing, grouping, read_silence, routes_of, time_to_acknowledge};

/// What fires, and who was told of it.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// By key; those that are resolved stay until everyone knows who was told that they fire.
    pub(crate) standing: BTreeMap<String, Standing>,
    /// By receiver and labels.
    pub(crate) groups: BTreeMap<GroupKey, Group>,
    /// Silences given by hand.
    pub(crate) silences: BTreeMap<String, (Silence, SilenceGiven)>,
    /// The latest key of each subject.
    subjects: BTreeMap<String, String>,
    /// Alerts that ended since the groups were last looked at.
    ended: BTreeSet<String>,
    /// Something fires that did not when the groups were last looked at.
    fresh: bool,
    /// The latest instant it was asked about.
    pub(crate) last: At,
    /// What changed since it was last saved.
    pub(crate) changed: Changed,
    /// Alerts that came and went before anybody was to be told, so far.
    pub came_and_went: u64,
}

/// Entries that changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changed {
    pub(crate) standing: BTreeSet<String>,
    pub(crate) groups: BTreeSet<GroupKey>,
    pub(crate) silences: BTreeSet<String>,
}

impl Book {
    /// What fires, and what is over and not told to everyone who heard of it; by key.
    pub fn standing(&self) -> impl Iterator<Item = (&String, &Standing)> {
        self.standing.iter()
    }

    /// Silences given by hand, by name.
    pub fn silences(&self) -> impl Iterator<Item = (&String, &SilenceGiven)> {
        self.silences.iter().map(|(id, (_, given))| (id, given))
    }
}

impl Changed {
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.is_empty() && self.groups.is_empty() && self.silences.is_empty()
    }
}

/// An alert, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The alert.
    pub alert: Alert,
    /// Since when somebody is asked to acknowledge it.
    pub asked_at: Option<At>,
    /// Who did, and when.
    pub acknowledged: Option<(String, At)>,
    /// How many receivers of the chain were told besides.
    pub stage: u32,
}

/// A receiver, and what it is told together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKey {
    /// Receiver.
    pub receiver: String,
    /// What the alerts of the group have in common.
    pub labels: Labels,
}

impl GroupKey {
    /// 16 hex digits over the labels: messages of one lane stay in order.
    pub fn lane(&self) -> String {
        digest(&self.labels, None)
    }
}

/// Alerts a receiver is told of together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What the receiver was told of each alert.
    pub(crate) members: BTreeMap<String, Told>,
    /// When.
    pub(crate) timing: Timing,
    /// The last message.
    pub(crate) last_sent: Option<At>,
    /// When it is looked at next.
    pub(crate) next: At,
    /// Somebody did not acknowledge in time.
    pub(crate) escalated: bool,
}

/// What a receiver was told of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Told {
    Nothing,
    Firing,
}

/// A silence as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceGiven {
    /// Conditions, as in a route.
    pub matched: Vec<String>,
    /// Its end, RFC 3339.
    pub until: String,
    /// Who gave it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What became of an alert that was put into the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Somebody will be told, or knows.
    Routed,
    /// No route takes it, and there is no default.
    Unrouted,
    /// There are as many alerts as there may be.
    Full,
}

/// Time between two looks at a group that waits for a silence or a cause to end.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(15);

/// Puts an alert into the book, or what is new of it. One of the same subject with another severity ends.
pub fn fire(book: &mut Book, plan: &Plan, alert: Alert, now: At) -> Entered {
    let key = alert.key();
    let subject = alert.subject();
    if !book.standing.contains_key(&key) && book.standing.len() >= plan.limits.alerts {
        return Entered::Full;
    }
    if let Some(former) = book.subjects.insert(subject, key.clone()).filter(|former| *former != key) {
        resolve(book, &former, now);
    }
    if let Some(standing) = book.standing.get_mut(&key) {
        let again = standing.alert.ends_at.is_some();
        // It burns since it first did: a gap nobody was told of is none.
        let starts_at = standing.alert.starts_at;
        standing.alert = Alert { starts_at, ..alert };
        if again {
            book.changed.standing.insert(key.clone());
            book.fresh = true;
        }
    } else {
        let standing = Standing { alert, asked_at: None, acknowledged: None, stage: 0 };
        book.standing.insert(key.clone(), standing);
        book.changed.standing.insert(key.clone());
        book.fresh = true;
    }
    join_routes(book, plan, &key, now)
}

/// An alert is over. Whether there was one that fired.
pub fn resolve(book: &mut Book, key: &str, now: At) -> bool {
    let Some(standing) = book.standing.get_mut(key).filter(|standing| standing.alert.is_firing()) else { return false };
    standing.alert.ends_at = Some(now.max(standing.alert.starts_at));
    book.changed.standing.insert(key.to_owned());
    book.ended.insert(key.to_owned());
    true
}

/// Somebody takes care of an alert: it is neither escalated nor repeated. Whether there is one that fires.
pub fn acknowledge(book: &mut Book, key: &str, by: &str, now: At) -> bool {
    let Some(standing) = book.standing.get_mut(key).filter(|standing| standing.alert.is_firing()) else { return false };
    if standing.acknowledged.is_none() {
        standing.acknowledged = Some((by.to_owned(), now));
        book.changed.standing.insert(key.to_owned());
    }
    true
}

/// Mutes what a silence matches until its end. The name of the silence, by which it is ended early.
pub fn silence(book: &mut Book, given: SilenceGiven) -> Result<String, PlanError> {
    let silence = read_silence("silence", &given.matched, &given.until)?;
    let mut labels: Labels = given.matched.iter().map(|text| (text.clone(), String::new())).collect();
    labels.insert("until".to_owned(), given.until.clone());
    let id = digest(&labels, None);
    book.silences.insert(id.clone(), (silence, given));
    book.changed.silences.insert(id.clone());
    Ok(id)
}

/// Ends a silence early. Whether there was one.
pub fn unsilence(book: &mut Book, id: &str, now: At) -> bool {
    let there = book.silences.remove(id).is_some();
    if there {
        book.changed.silences.insert(id.to_owned());
        for group in book.groups.values_mut().filter(|group| group.members.values().any(|told| *told == Told::Nothing)) {
            // One that never told anything has waited long enough.
            let soon = group.last_sent.map_or(now, |sent| sent.plus(group.timing.interval)).max(now);
            group.next = group.next.min(soon);
        }
    }
    there
}

/// The messages that are due, in order. What they tell counts as told: they are to be kept until they are delivered. Linear in what stands in
/// the book when something is due or new, and cheaper otherwise.
pub fn due(book: &mut Book, plan: &Plan, now: At) -> Vec<Notice> {
    follow_clock(book, now);
    let ended: Vec<String> =
        book.silences.iter().filter(|(_, (silence, _))| silence.until <= now).map(|(id, _)| id.clone()).collect();
    for id in &ended {
        unsilence(book, id, now);
    }
    let silences_ended = !ended.is_empty();
    let ended = std::mem::take(&mut book.ended);
    for (key, group) in &mut book.groups {
        if !ended.is_empty() && group.members.keys().any(|alert| ended.contains(alert)) {
            look_soon(group, now);
            book.changed.groups.insert(key.clone());
        }
    }
    let escalates = || book.standing.values().any(|standing| escalates_at(standing, plan).is_some_and(|at| at <= now));
    let nothing_new = !std::mem::take(&mut book.fresh) && !silences_ended && ended.is_empty();
    if nothing_new && book.groups.values().all(|group| group.next > now) && !escalates() {
        return Vec::new();
    }
    let muted = muted(book, plan, now);
    escalate(book, plan, &muted, now);
    let mut notices = Vec::new();
    let keys: Vec<GroupKey> = book.groups.iter().filter(|(_, group)| group.next <= now).map(|(key, _)| key.clone()).collect();
    for key in keys {
        let manner = plan.receivers.get(&key.receiver).copied().unwrap_or(Manner::Read);
        if let Some(group) = book.groups.get_mut(&key) {
            let look = look(&key, group, &book.standing, &muted, now);
            notices.extend(in_parts(look.notice, manner));
            for alert in look.left {
                book.came_and_went += u64::from(look.never_told.contains(&alert));
                group.members.remove(&alert);
            }
            if group.members.is_empty() {
                book.groups.remove(&key);
            }
            book.changed.groups.insert(key);
        }
    }
    forget_resolved(book);
    notices
}

/// When [`due`] is to be asked again; after a change, at once.
pub fn next_due(book: &Book, plan: &Plan) -> Option<At> {
    let groups = book.groups.values().map(|group| group.next);
    let silences = book.silences.values().map(|(silence, _)| silence.until);
    let escalations = book.standing.values().filter_map(|standing| escalates_at(standing, plan));
    groups.chain(silences).chain(escalations).min()
}

/// A book as it was saved. Groups of receivers that are gone are left out; their number is told.
pub(crate) fn restore(
    plan: &Plan,
    standing: BTreeMap<String, Standing>,
    groups: Vec<(GroupKey, Group)>,
    silences: BTreeMap<String, (Silence, SilenceGiven)>,
    last: At,
) -> (Book, usize) {
    let subjects = standing.iter().filter(|(_, standing)| standing.alert.is_firing());
    let subjects = subjects.map(|(key, standing)| (standing.alert.subject(), key.clone())).collect();
    let (known, gone): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(key, _)| plan.receivers.contains_key(&key.receiver));
    let ended = standing.iter().filter(|(_, standing)| !standing.alert.is_firing()).map(|(key, _)| key.clone()).collect();
    let groups = known.into_iter().collect();
    let mut book = Book { standing, groups, silences, subjects, ended, last, ..Book::default() };
    book.changed.groups.extend(gone.iter().map(|(key, _)| key.clone()));
    (book, gone.len())
}

fn join_routes(book: &mut Book, plan: &Plan, key: &str, now: At) -> Entered {
    let Some(standing) = book.standing.get(key) else { return Entered::Unrouted };
    let labels = standing.alert.labels.clone();
    let routes = routes_of(plan, &labels);
    for route in &routes {
        for receiver in &route.receivers {
            let Some(manner) = plan.receivers.get(receiver) else { continue };
            let (group_labels, timing) = grouping(*manner, route, &labels);
            join(book, GroupKey { receiver: receiver.clone(), labels: group_labels }, timing, key, now);
        }
    }
    if routes.is_empty() { Entered::Unrouted } else { Entered::Routed }
}

/// Puts an alert into a group, which is looked at soon when that is news to it.
fn join(book: &mut Book, group_key: GroupKey, timing: Timing, key: &str, now: At) {
    let fresh = Group { members: BTreeMap::new(), timing, last_sent: None, next: now.plus(timing.wait), escalated: false };
    let group = book.groups.entry(group_key.clone()).or_insert(fresh);
    let same = group.timing == timing;
    group.timing = timing;
    if group.members.contains_key(key) && same {
        return;
    }
    if !group.members.contains_key(key) {
        group.members.insert(key.to_owned(), Told::Nothing);
        if group.last_sent.is_some() {
            look_soon(group, now);
        }
    }
    book.changed.groups.insert(group_key);
}

/// A group that told something waits for its interval to pass, one that did not for its wait.
fn look_soon(group: &mut Group, now: At) {
    let soon = group.last_sent.map_or(group.next, |sent| sent.plus(group.timing.interval)).max(now);
    group.next = group.next.min(soon);
}

/// What is not told by itself: what is silenced, and effects with the key of their cause.
#[derive(Debug, Default)]
struct Muted {
    silenced: BTreeSet<String>,
    causes: BTreeMap<String, String>,
    attached: BTreeMap<String, Vec<Attached>>,
}

impl Muted {
    fn holds(&self, key: &str) -> bool {
        self.silenced.contains(key) || self.causes.contains_key(key)
    }
}

/// Linear in the alerts, for each rule.
fn muted(book: &Book, plan: &Plan, now: At) -> Muted {
    let mut muted = Muted::default();
    let silences = plan.silences.iter().chain(book.silences.values().map(|(silence, _)| silence));
    let silences: Vec<&Silence> = silences.filter(|silence| silence.until > now).collect();
    let firing = || book.standing.iter().filter(|(_, standing)| standing.alert.is_firing());
    for (key, standing) in firing() {
        if silences.iter().any(|silence| all_hold(&silence.matchers, &standing.alert.labels)) {
            muted.silenced.insert(key.clone());
        }
    }
    for rule in &plan.inhibitions {
        let agreed = |alert: &Alert| -> Vec<String> { rule.equal.iter().map(|name| alert.label(name).to_owned()).collect() };
        let mut causes: BTreeMap<Vec<String>, &String> = BTreeMap::new();
        for (key, standing) in firing() {
            let labels = &standing.alert.labels;
            // What is itself caused by something, or is both, explains nothing.
            if all_hold(&rule.cause, labels) && !all_hold(&rule.effect, labels) && !muted.causes.contains_key(key) {
                causes.entry(agreed(&standing.alert)).or_insert(key);
            }
        }
        for (key, standing) in firing().filter(|(_, standing)| all_hold(&rule.effect, &standing.alert.labels)) {
            let Some(cause) = causes.get(&agreed(&standing.alert)).filter(|_| !muted.causes.contains_key(key)) else { continue };
            muted.causes.insert(key.clone(), (*cause).clone());
            muted.attached.entry((*cause).clone()).or_default().push(Attached {
                alertname: standing.alert.label("alertname").to_owned(),
                fingerprint: standing.alert.label("fingerprint").to_owned(),
                summary: standing.alert.annotation("summary").to_owned(),
            });
        }
    }
    muted
}

/// Asks the next receiver where nobody acknowledged in time.
fn escalate(book: &mut Book, plan: &Plan, muted: &Muted, now: At) {
    let mut asks = Vec::new();
    for (key, standing) in book.standing.iter_mut().filter(|(_, standing)| standing.alert.is_firing()) {
        if muted.holds(key) {
            // Whoever is not told cannot answer: the time begins when the silence ends.
            if standing.asked_at.take().is_some() {
                book.changed.standing.insert(key.clone());
            }
            continue;
        }
        if standing.asked_at.is_none() {
            standing.asked_at = Some(now);
            book.changed.standing.insert(key.clone());
        }
        while escalates_at(standing, plan).is_some_and(|at| at <= now) {
            let Some((route, name)) = next_asked(standing, plan) else { break };
            standing.stage += 1;
            book.changed.standing.insert(key.clone());
            asks.push((key.clone(), route, name));
        }
    }
    for (key, route, receiver) in asks {
        let Some(manner) = plan.receivers.get(&receiver) else { continue };
        let Some(labels) = book.standing.get(&key).map(|standing| standing.alert.labels.clone()) else { continue };
        let (labels, timing) = grouping(*manner, route, &labels);
        let group_key = GroupKey { receiver, labels };
        join(book, group_key.clone(), timing, &key, now);
        if let Some(group) = book.groups.get_mut(&group_key) {
            group.members.insert(key, Told::Nothing);
            group.escalated = true;
            group.next = now;
        }
        book.changed.groups.insert(group_key);
    }
}

fn escalates_at(standing: &Standing, plan: &Plan) -> Option<At> {
    if !standing.alert.is_firing() || standing.acknowledged.is_some() {
        return None;
    }
    let limit = time_to_acknowledge(plan, standing.alert.severity)?;
    let at = standing.asked_at?.plus(limit.saturating_mul(standing.stage + 1));
    next_asked(standing, plan).map(|_| at)
}

/// The next receiver of the chain of the first route that has one.
fn next_asked<'p>(standing: &Standing, plan: &'p Plan) -> Option<(&'p crate::plan::Route, String)> {
    let route = routes_of(plan, &standing.alert.labels).into_iter().find(|route| !route.escalate.is_empty())?;
    route.escalate.get(standing.stage as usize).map(|name| (route, name.clone()))
}

/// What a look at a group shows.
struct Look {
    notice: Option<Notice>,
    /// Alerts the group is done with.
    left: Vec<String>,
    /// Of them, those the receiver never heard of.
    never_told: BTreeSet<String>,
}

fn look(key: &GroupKey, group: &mut Group, standing: &BTreeMap<String, Standing>, muted: &Muted, now: At) -> Look {
    let mut look = Look { notice: None, left: Vec::new(), never_told: BTreeSet::new() };
    let (mut firing, mut resolved) = (Vec::new(), Vec::new());
    let (mut news, mut waiting, mut unanswered) = (false, false, false);
    for (alert, told) in &group.members {
        let Some(entry) = standing.get(alert) else {
            look.left.push(alert.clone());
            continue;
        };
        if entry.alert.is_firing() {
            if muted.holds(alert) {
                waiting = true;
                continue;
            }
            news |= *told == Told::Nothing;
            unanswered |= entry.acknowledged.is_none();
            let attached = muted.attached.get(alert).cloned().unwrap_or_default();
            firing.push((alert.clone(), Alert { attached, ..entry.alert.clone() }));
        } else {
            match told {
                Told::Firing => resolved.push(entry.alert.clone()),
                Told::Nothing => {
                    look.never_told.insert(alert.clone());
                }
            }
            look.left.push(alert.clone());
        }
    }
    let again = group.timing.repeat.filter(|_| unanswered && !firing.is_empty()).zip(group.last_sent);
    let again = again.map(|(repeat, sent)| sent.plus(repeat));
    let repeats = again.is_some_and(|at| at <= now);
    if news || !resolved.is_empty() || repeats {
        let reason = match (group.escalated, news || !resolved.is_empty()) {
            (true, _) => Reason::Escalated,
            (false, true) => Reason::Changed,
            (false, false) => Reason::Repeated,
        };
        let again = group.timing.repeat.filter(|_| !firing.is_empty()).map(|repeat| now.plus(repeat));
        group.next = again.unwrap_or(At(u64::MAX));
        for (alert, _) in &firing {
            group.members.insert(alert.clone(), Told::Firing);
        }
        let mut alerts: Vec<Alert> = firing.into_iter().map(|(_, alert)| alert).collect();
        alerts.extend(resolved);
        look.notice = Some(Notice::new(key, reason, alerts, now));
        (group.last_sent, group.escalated) = (Some(now), false);
    } else {
        group.next = again.unwrap_or(At(u64::MAX));
    }
    if waiting {
        group.next = group.next.min(now.plus(group.timing.interval.max(LOOK_AGAIN)));
    }
    look
}

/// A person reads what is worst and how many there are besides; a program gets everything.
fn in_parts(notice: Option<Notice>, manner: Manner) -> Vec<Notice> {
    let Some(mut notice) = notice else { return Vec::new() };
    notice.alerts.sort_by_key(|alert| (!alert.is_firing(), std::cmp::Reverse(alert.severity), alert.starts_at));
    if notice.alerts.len() <= ALERTS_MAX {
        return vec![notice];
    }
    match manner {
        Manner::Read => {
            notice.not_listed = (notice.alerts.len() - ALERTS_MAX) as u64;
            notice.alerts.truncate(ALERTS_MAX);
            vec![notice]
        }
        // The whole state of an instance is one push; it is not many patterns.
        Manner::ByInstance => vec![notice],
        Manner::Mirrored(_) | Manner::EachChange | Manner::Each | Manner::Grouped => {
            let alerts = std::mem::take(&mut notice.alerts);
            alerts.chunks(ALERTS_MAX).map(|part| Notice { alerts: part.to_vec(), ..notice.clone() }).collect()
        }
    }
}

/// Alerts that are resolved and in no group any more.
fn forget_resolved(book: &mut Book) {
    if book.standing.values().all(|standing| standing.alert.is_firing()) {
        return;
    }
    let mut held: BTreeSet<&String> = BTreeSet::new();
    for group in book.groups.values() {
        held.extend(group.members.keys());
    }
    let over: Vec<String> = book
        .standing
        .iter()
        .filter(|(key, standing)| !standing.alert.is_firing() && !held.contains(key))
        .map(|(key, _)| key.clone())
        .collect();
    for key in over {
        if let Some(standing) = book.standing.remove(&key) {
            let subject = standing.alert.subject();
            if book.subjects.get(&subject) == Some(&key) {
                book.subjects.remove(&subject);
            }
        }
        book.changed.standing.insert(key);
    }
}

/// Less than this a clock may go back without anything being moved.
const SLEWED: std::time::Duration = std::time::Duration::from_secs(1);

/// A clock that is set back takes all that is due with it: nothing waits for the old time to come again.
fn follow_clock(book: &mut Book, now: At) {
    if book.last.since(now) < SLEWED {
        book.last = book.last.max(now);
        return;
    }
    let back = book.last.0 - now.0;
    let earlier = |at: At| At(at.0.saturating_sub(back));
    for (key, group) in &mut book.groups {
        if group.next != At(u64::MAX) {
            group.next = earlier(group.next);
        }
        group.last_sent = group.last_sent.map(earlier);
        book.changed.groups.insert(key.clone());
    }
    for (key, standing) in &mut book.standing {
        standing.asked_at = standing.asked_at.map(earlier);
        book.changed.standing.insert(key.clone());
    }
    book.last = now;
}
