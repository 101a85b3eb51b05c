//! Looks one after the other, and which families rise through them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use herd_model::StateClass;

use super::load::{Compared, Loads};
use super::{PARTS, Rules, waits_for_others};

/// Families of fewer goroutines are not followed.
const FOLLOWED_MIN: u32 = 5;
/// The shortest time in which growth is judged, and the time from which fewer goroutines do.
const SHORTEST_S: f64 = 9.0;
const SHORT_S: f64 = 19.0;
/// From here on growth may be spoken of that shorter stretches leave open: waits for network and time, requests under way.
const LONG_S: f64 = 300.0;
/// Growth that slows down to less than this share of what it was comes to rest.
const STEADY: f64 = 0.5;
/// Each of the four steps between the parts is at least this share of the growth, and at most the other one: a jump is no growth.
const STEP_SHARES: (f64, f64) = (0.08, 0.5);
/// Connections opened meanwhile explain a family that has at most twice as many.
const OPENED_SHARE: f64 = 0.5;
/// Requests that wait meanwhile explain a family that has at most ten times as many.
const WAITING_SHARE: f64 = 0.1;
/// Chance varies a count by its root: so many times that is no growth.
const CHANCE: f64 = 5.0;
/// What a family may gain with a load that counts as the same, besides the share by which that may differ.
const LOAD_SLACK: f64 = 0.1;
/// A family that was this many times as large as it is now has shrunk.
const SHRUNK: u32 = 2;
/// It must exceed what it was before it shrank by a fifth, and by [`Rules::rise`].
const ABOVE_PEAK: f64 = 1.2;

/// A family in one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyCount {
    /// Identity over looks.
    pub id: u64,
    /// Goroutines.
    pub count: u32,
    /// What they wait for, as far as the witness tells; network where they wait for an answer over it.
    pub class: StateClass,
    /// Each serves a connection that somebody else has opened.
    pub inbound: bool,
}

/// A family that grows without a reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grown {
    /// Identity of the family.
    pub family: u64,
    /// Lowest count of the first fifth of the time.
    pub from: u32,
    /// Lowest count of the last fifth.
    pub to: u32,
    /// When that time began.
    pub since_s: f64,
    /// Seconds it lasted.
    pub span_s: f64,
    /// How it was seen.
    pub scale: Scale,
}

/// In what time growth was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Seconds.
    Fast,
    /// Minutes.
    Medium,
    /// Hours: whether they wait as long as they are there is worth knowing before anybody is told.
    Slow,
}

impl Grown {
    /// Goroutines gained a second.
    pub fn rate_per_s(&self) -> f64 {
        f64::from(self.to - self.from) / self.span_s
    }

    /// Whether the waits of the family, in seconds, are as long as a leak's: of those gained, at least two fifths wait for half of the time or
    /// longer. Goroutines that something wakes now and then wait anew.
    pub fn is_borne_out(&self, waits_s: impl IntoIterator<Item = f64>) -> bool {
        let old = waits_s.into_iter().filter(|wait| *wait >= self.span_s / 2.0).count();
        old as f64 >= 0.4 * f64::from(self.to - self.from)
    }
}

/// Counts that rise through all parts of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rise {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) by: f64,
    slows: bool,
}

/// Cuts counts that are evenly apart into five parts; their lowest rise one after the other.
pub(super) fn rise(counts: &[f64]) -> Option<Rise> {
    rise_of(counts.iter().enumerate().map(|(at, count)| (at * PARTS / counts.len(), *count)))
}

/// The same of counts that each say which part they are in.
fn rise_of(counts: impl Iterator<Item = (usize, f64)>) -> Option<Rise> {
    let mut lowest = [f64::INFINITY; PARTS];
    for (part, count) in counts {
        lowest[part.min(PARTS - 1)] = lowest[part.min(PARTS - 1)].min(count);
    }
    let by = lowest[PARTS - 1] - lowest[0];
    let (least, most) = (STEP_SHARES.0 * by, STEP_SHARES.1 * by);
    // A part without a count is infinitely far away.
    let rises = by > 0.0 && lowest.windows(2).all(|pair| (least..=most).contains(&(pair[1] - pair[0])));
    rises.then(|| Rise {
        from: lowest[0],
        to: lowest[PARTS - 1],
        by,
        slows: lowest[4] - lowest[2] < STEADY * (lowest[2] - lowest[0]),
    })
}

/// Looks in order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    times: VecDeque<f64>,
    families: BTreeMap<u64, Followed>,
    /// Goroutines that wait for the network, at each look: about one a connection, whoever opened it.
    connections: VecDeque<u32>,
    /// Goroutines that serve connections and wait for something else: requests under way.
    under_way: VecDeque<u32>,
    /// The most a family had before it shrank, and the most it has had since.
    peaks: BTreeMap<u64, Peak>,
}

#[derive(Clone, Debug)]
struct Followed {
    counts: VecDeque<u32>,
    class: StateClass,
    inbound: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    most: u32,
    shrank_from: u32,
}

impl Track {
    pub(super) fn is_due(&self, at_s: f64, apart_s: f64) -> bool {
        self.times.back().is_none_or(|last| at_s - last >= apart_s * 0.98)
    }

    /// The last look alone.
    pub(super) fn last(&self) -> Track {
        let mut last = Track::default();
        last.times.extend(self.times.back());
        last.connections.extend(self.connections.back());
        last.under_way.extend(self.under_way.back());
        for (id, followed) in &self.families {
            let counts = followed.counts.back().copied().into_iter().collect();
            last.families.insert(*id, Followed { counts, ..*followed });
        }
        last
    }

    /// Adds a look; those older than `kept_s` are forgotten.
    pub(super) fn add(&mut self, at_s: f64, families: &[FamilyCount], kept_s: f64) {
        let before = self.times.len();
        self.times.push_back(at_s);
        let sum =
            |of: &dyn Fn(&FamilyCount) -> bool| families.iter().filter(|family| of(family)).map(|family| family.count).sum();
        self.connections.push_back(sum(&|family| family.class == StateClass::Io));
        self.under_way.push_back(sum(&|family| family.inbound && family.class != StateClass::Io));
        for followed in self.families.values_mut() {
            followed.counts.push_back(0);
        }
        for family in families {
            let known = self.families.get_mut(&family.id);
            match known {
                Some(followed) => {
                    if let Some(last) = followed.counts.back_mut() {
                        *last += family.count;
                    }
                    (followed.class, followed.inbound) = (family.class, family.inbound);
                }
                None if family.count >= FOLLOWED_MIN => {
                    // What it was before it was worth following: fewer than that.
                    let mut counts: VecDeque<u32> = std::iter::repeat_n(0, before).collect();
                    counts.push_back(family.count);
                    self.families.insert(family.id, Followed { counts, class: family.class, inbound: family.inbound });
                }
                None => {}
            }
        }
        while self.times.front().is_some_and(|first| at_s - first > kept_s) {
            self.times.pop_front();
            self.connections.pop_front();
            self.under_way.pop_front();
            for followed in self.families.values_mut() {
                followed.counts.pop_front();
            }
        }
        self.families.retain(|_, followed| followed.counts.iter().any(|count| *count >= FOLLOWED_MIN));
    }

    /// Remembers how large families were before they shrank.
    pub(super) fn remember(&mut self, families: &[FamilyCount]) {
        for family in families {
            if family.count < FOLLOWED_MIN && !self.peaks.contains_key(&family.id) {
                continue;
            }
            let peak = self.peaks.entry(family.id).or_default();
            peak.most = peak.most.max(family.count);
            if family.count * SHRUNK <= peak.most && peak.most >= FOLLOWED_MIN {
                *peak = Peak { most: family.count, shrank_from: peak.shrank_from.max(peak.most) };
            }
        }
        // One that is gone has shrunk, too.
        let there: BTreeSet<u64> = families.iter().map(|family| family.id).collect();
        for (_, peak) in self.peaks.iter_mut().filter(|(id, _)| !there.contains(id)) {
            *peak = Peak { most: 0, shrank_from: peak.shrank_from.max(peak.most) };
        }
    }

    /// Families that grew within the last seconds or minutes; `past` knows how large they have been.
    pub(super) fn near(&self, rules: &Rules, loads: &Loads, past: &Track) -> Vec<Grown> {
        let Some(now) = self.times.back() else { return Vec::new() };
        let mut grown = Vec::new();
        for (id, followed) in &self.families {
            // The longest stretch first: it says most.
            let found = (0..self.times.len()).find_map(|from| {
                let span_s = now - self.times[from];
                let scale = if span_s >= LONG_S { Scale::Medium } else { Scale::Fast };
                if scale == Scale::Fast && (followed.inbound || !waits_for_others(followed.class)) {
                    return None;
                }
                self.grown(*id, followed, from, scale, rules).filter(|_| !past.was_as_large(*id, followed, rules))
            });
            let Some(found) = found else { continue };
            let compared = loads.against_before(rules, found.since_s);
            let is_told = match (found.scale, compared) {
                (_, Compared::More | Compared::Unknown) | (Scale::Fast, Compared::Fewer) => false,
                (_, Compared::Same) | (Scale::Medium | Scale::Slow, Compared::Fewer) => true,
            };
            if is_told {
                grown.push(found);
            }
        }
        grown.sort_by_key(|grown| (std::cmp::Reverse(grown.to - grown.from), grown.family));
        grown
    }

    /// Families that have grown for hours.
    pub(super) fn slow(&self, rules: &Rules, loads: &Loads) -> Vec<Grown> {
        let Some(now) = self.times.back() else { return Vec::new() };
        let mut grown = Vec::new();
        for (id, followed) in &self.families {
            let stretches = (0..self.times.len()).filter(|from| now - self.times[*from] >= rules.slow_s * 0.98);
            let found = stretches.rev().find_map(|from| {
                let found = self.grown(*id, followed, from, Scale::Slow, rules)?;
                (loads.last_against_first(rules, found.since_s) != Compared::More).then_some(found)
            });
            grown.extend(found.filter(|_| !self.was_as_large(*id, followed, rules)));
        }
        grown.sort_by_key(|grown| (std::cmp::Reverse(grown.to - grown.from), grown.family));
        grown
    }

    fn grown(&self, id: u64, followed: &Followed, from: usize, scale: Scale, rules: &Rules) -> Option<Grown> {
        let span_s = self.times.back()? - self.times[from];
        if span_s < SHORTEST_S || followed.inbound && followed.class == StateClass::Io {
            return None;
        }
        let counts = followed.counts.iter().skip(from).map(|count| f64::from(*count));
        let length = self.times.len() - from;
        // Within seconds the one look before all others may be older than they are apart.
        let rise = if scale == Scale::Fast {
            rise_of(counts.enumerate().map(|(at, count)| (at * PARTS / length, count)))
        } else {
            let part = |at: &f64| ((at - self.times[from]) / span_s * PARTS as f64) as usize;
            rise_of(self.times.iter().skip(from).map(part).zip(counts))
        }?;
        let least = if span_s < SHORT_S { rules.rise_at_once } else { rules.rise };
        let by_chance = CHANCE * rise.from.max(1.0).sqrt();
        // Requests are counted as the same within a share of them, and so are those that wait.
        let by_load = (rules.load_share + LOAD_SLACK) * rise.from;
        if rise.by < least.max(by_chance).max(by_load) || rise.slows {
            return None;
        }
        let gained =
            |counts: &VecDeque<u32>| counts.back().zip(counts.get(from)).map(|(to, from)| f64::from(*to) - f64::from(*from));
        let opened = gained(&self.connections)? - if followed.class == StateClass::Io { gained(&followed.counts)? } else { 0.0 };
        // A request that waits keeps all waiting that it has started.
        let waiting = gained(&self.under_way)? - if followed.inbound { gained(&followed.counts)? } else { 0.0 };
        (opened < rise.by * OPENED_SHARE && waiting < rise.by * WAITING_SHARE).then(|| Grown {
            family: id,
            from: rise.from as u32,
            to: rise.to as u32,
            since_s: self.times[from],
            span_s,
            scale,
        })
    }

    fn was_as_large(&self, id: u64, followed: &Followed, rules: &Rules) -> bool {
        let shrank_from = self.peaks.get(&id).map_or(0, |peak| peak.shrank_from);
        let count = followed.counts.back().copied().unwrap_or_default();
        shrank_from > 0 && f64::from(count) <= f64::from(shrank_from) * ABOVE_PEAK + rules.rise
    }
}
