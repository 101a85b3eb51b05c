//! How one process's goroutines move over hours and days: cheap counts say when a look is worth its cost, looks say which family grows
//! without a reason that healthy services have.
//!
//! A **reading** is a count with the counters beside it; it costs a service nothing. A **look** is a goroutine profile, families and their
//! counts; it costs about 3.5 µs a goroutine. Readings ask for looks ([`Course::read`]), looks find growth ([`Course::look`]).
//!
//! Growth is spoken of where the lowest counts of five stretches of time, one after the other, rise: what comes and goes does not do that.
//! It is explained, and not spoken of, where requests, CPU or connections rise beside it, where the service answers fewer requests than
//! before (it waits for somebody), or where the family has been as large before and shrank again.
//!
//! Cost: a reading takes below a microsecond, a look is linear in its families. Memory: about 4 kB a process, and 8 B a look and family of
//! ten goroutines and more.

mod load;
mod seen;
mod track;

use std::collections::VecDeque;

use herd_model::StateClass;

use crate::facts::can_be_stuck;
use crate::statistics::change_point::median;
use load::Loads;
use track::Track;

pub use seen::families;
pub use track::{FamilyCount, Grown, Scale};

/// Figures the judgement rests on. Times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Readings kept to know what is usual.
    pub usual_s: f64,
    /// A look is worth it where the lowest of three counts exceeds the usual by so many robust standard deviations …
    pub sigmas: f64,
    /// … and by so many goroutines.
    pub excess: f64,
    /// Goroutines that a family must gain.
    pub rise: f64,
    /// The same where it is watched for less than twenty seconds.
    pub rise_at_once: f64,
    /// Looks while something may grow: first so far apart,
    pub look_s: f64,
    /// so often,
    pub looks: usize,
    /// and then so far apart,
    pub look_later_s: f64,
    /// as long as this.
    pub alert_s: f64,
    /// Looks when nothing seems to grow; one that holds many processes may want them further apart.
    pub look_always_s: f64,
    /// How long those are kept.
    pub keep_always_s: f64,
    /// Looks kept for days are so far apart,
    pub look_slow_s: f64,
    /// and kept so long.
    pub keep_slow_s: f64,
    /// Least time in which slow growth is judged.
    pub slow_s: f64,
    /// Time after a start in which counts say nothing.
    pub warm_s: f64,
    /// Share by which requests may exceed the usual, or fall short of it.
    pub load_share: f64,
    /// Share by which CPU may exceed the usual.
    pub cpu_share: f64,
    /// CPU seconds by which it may besides: collections of garbage come in bursts, and the kernel counts ticks.
    pub cpu_s: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            usual_s: 600.0,
            sigmas: 4.0,
            excess: 10.0,
            rise: 20.0,
            rise_at_once: 50.0,
            look_s: 2.5,
            looks: 20,
            look_later_s: 30.0,
            alert_s: 1800.0,
            look_always_s: 60.0,
            keep_always_s: 2400.0,
            look_slow_s: 3600.0,
            keep_slow_s: 36.0 * 3600.0,
            slow_s: 8.0 * 3600.0,
            warm_s: 120.0,
            load_share: 0.15,
            cpu_share: 0.1,
            cpu_s: 0.1,
        }
    }
}

/// What a process says of itself at little cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// When, in seconds of any clock that does not stand still or go back.
    pub at_s: f64,
    /// Goroutines.
    pub goroutines: f64,
    /// Requests answered since the start, of all kinds.
    pub requests: Option<f64>,
    /// CPU seconds since the start.
    pub cpu_s: Option<f64>,
    /// When the process was started, on a clock of its own: another value is another process.
    pub started: Option<f64>,
}

/// Whether a look is worth its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// No.
    Nothing,
    /// It is time to look again at what does not seem to grow.
    Routine,
    /// There is more than usual.
    Growing,
}

/// One process over time.
#[derive(Clone, Debug, Default)]
pub struct Course {
    counts: VecDeque<f32>,
    last: Option<Reading>,
    usual: Option<Usual>,
    since_usual: usize,
    loads: Loads,
    began_s: Option<f64>,
    alert: Option<Alert>,
    near: Track,
    middle: Track,
    far: Track,
}

#[derive(Clone, Copy, Debug)]
struct Usual {
    median: f64,
    sigma: f64,
}

#[derive(Clone, Copy, Debug)]
struct Alert {
    since_s: f64,
    looks: usize,
    last_s: f64,
}

impl Alert {
    /// Seconds between its looks.
    fn apart_s(&self, rules: &Rules) -> f64 {
        if self.looks < rules.looks { rules.look_s } else { rules.look_later_s }
    }
}

/// Readings between two times that the usual is computed anew.
const USUAL_EVERY: usize = 6;
/// Counts the floor is taken of.
const FLOOR: usize = 3;
/// Readings at least before anything is usual.
const USUAL_MIN: usize = 12;
/// A median absolute deviation of a normal distribution, times this, is its standard deviation.
const MAD: f64 = 1.4826;
/// Parts that counts, and looks, are cut into.
const PARTS: usize = 5;

impl Course {
    /// Takes a reading in; says whether a look is worth its cost. Readings must come in order; one of another process begins anew.
    pub fn read(&mut self, rules: &Rules, reading: Reading) -> Ask {
        if self.last.is_some_and(|last| reading.at_s <= last.at_s) {
            return Ask::Nothing;
        }
        if self.last.is_some_and(|last| is_another(last, reading)) {
            *self = Course::default();
        }
        let began_s = *self.began_s.get_or_insert(reading.at_s);
        self.loads.add(reading);
        let every_s = self.last.map_or(5.0, |last| reading.at_s - last.at_s);
        self.last = Some(reading);
        self.counts.push_back(reading.goroutines as f32);
        while self.counts.len() as f64 * every_s > rules.usual_s && self.counts.len() > USUAL_MIN {
            self.counts.pop_front();
        }
        let is_new = reading.at_s - began_s < rules.warm_s;
        if is_new {
            return if self.middle.is_due(reading.at_s, rules.look_always_s) { Ask::Routine } else { Ask::Nothing };
        }
        if let Some(alert) = self.alert {
            return self.go_on(rules, reading.at_s, alert);
        }
        if self.exceeds(rules) || self.climbs(rules) {
            self.alert = Some(Alert { since_s: reading.at_s, looks: 0, last_s: f64::NEG_INFINITY });
            // The last look at what was usual is what the next ones are held against.
            self.near = self.middle.last();
            return Ask::Growing;
        }
        if self.middle.is_due(reading.at_s, rules.look_always_s) { Ask::Routine } else { Ask::Nothing }
    }

    /// Seconds until the next look while something may grow; nothing where readings alone decide.
    pub fn next_look_s(&self, rules: &Rules) -> Option<f64> {
        self.alert.map(|alert| alert.apart_s(rules))
    }

    /// Takes a look in; tells which families grow without a reason.
    pub fn look(&mut self, rules: &Rules, at_s: f64, families: &[FamilyCount]) -> Vec<Grown> {
        let mut grown = Vec::new();
        let is_new = at_s - self.began_s.unwrap_or(at_s) < rules.warm_s;
        if let Some(alert) = &mut self.alert {
            (alert.looks, alert.last_s) = (alert.looks + 1, at_s);
            self.near.add(at_s, families, f64::INFINITY);
            add_new(&mut grown, self.near.near(rules, &self.loads, &self.far));
        }
        if self.middle.is_due(at_s, rules.look_always_s) && !is_new {
            self.middle.add(at_s, families, rules.keep_always_s);
            add_new(&mut grown, self.middle.near(rules, &self.loads, &self.far));
        }
        if self.far.is_due(at_s, rules.look_slow_s) && !is_new {
            self.far.add(at_s, families, rules.keep_slow_s);
            add_new(&mut grown, self.far.slow(rules, &self.loads));
        }
        self.far.remember(families);
        grown
    }

    /// The next look of an alert, or its end.
    fn go_on(&mut self, rules: &Rules, at_s: f64, alert: Alert) -> Ask {
        let calm = self.floor().zip(self.usual).is_some_and(|(floor, usual)| floor <= usual.median + rules.excess / 2.0);
        if calm || at_s - alert.since_s > rules.alert_s {
            self.alert = None;
            // What is there now is what is usual from now on; whatever goes on growing will exceed it again.
            self.usual = None;
            self.counts.clear();
            return Ask::Nothing;
        }
        if at_s - alert.last_s >= alert.apart_s(rules) * 0.9 { Ask::Growing } else { Ask::Nothing }
    }

    fn floor(&self) -> Option<f64> {
        let last = self.counts.iter().rev().take(FLOOR);
        (self.counts.len() >= FLOOR).then(|| f64::from(last.copied().fold(f32::INFINITY, f32::min)))
    }

    /// The lowest of the last counts is above what is usual.
    fn exceeds(&mut self, rules: &Rules) -> bool {
        if self.counts.len() < USUAL_MIN {
            return false;
        }
        self.since_usual += 1;
        if self.usual.is_none() || self.since_usual >= USUAL_EVERY {
            self.since_usual = 0;
            // What came last is what is held against it.
            let before: Vec<f64> =
                self.counts.iter().take(self.counts.len() - USUAL_EVERY).map(|count| f64::from(*count)).collect();
            let centre = median(&before);
            let off: Vec<f64> = before.iter().map(|count| (count - centre).abs()).collect();
            self.usual = Some(Usual { median: centre, sigma: MAD * median(&off) });
        }
        let (Some(floor), Some(usual)) = (self.floor(), self.usual) else { return false };
        floor > usual.median + rules.sigmas * usual.sigma + rules.excess
    }

    /// Counts rise through all that is kept of them: what grew before the first reading has never been usual.
    fn climbs(&self, rules: &Rules) -> bool {
        if self.since_usual != 0 || self.counts.len() < PARTS * FLOOR {
            return false;
        }
        let counts: Vec<f64> = self.counts.iter().map(|count| f64::from(*count)).collect();
        track::rise(&counts).is_some_and(|rise| rise.by >= rules.rise)
    }
}

fn add_new(grown: &mut Vec<Grown>, more: Vec<Grown>) {
    for one in more {
        if grown.iter().all(|known| known.family != one.family) {
            grown.push(one);
        }
    }
}

/// Another start, or counters that went back.
fn is_another(last: Reading, reading: Reading) -> bool {
    let differs = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| (a - b).abs() > 1.0);
    let fell = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| b < a);
    differs(last.started, reading.started) || fell(last.cpu_s, reading.cpu_s) || fell(last.requests, reading.requests)
}

/// Whether goroutines of this state wait for another goroutine, which may never come; network and time come by themselves.
fn waits_for_others(class: StateClass) -> bool {
    can_be_stuck(class) && !matches!(class, StateClass::Io | StateClass::Sleep)
}
