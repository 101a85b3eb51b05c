//! What families of goroutines did over a time: how fast they grow by service, by stack or by both, and the profiles themselves.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::chunk::Chunk;
use crate::family::{Cell, FamilyProfile, StackId, read_cells, read_profile};
use crate::history::{LabelMatch, Packs};
use crate::names::InstanceId;
use crate::seal::KIND_FAMILIES;
use crate::{History, StoreError};

/// What growth is summed up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrowthBy {
    /// The value of a label, such as `service`.
    Label(String),
    /// The stack.
    Stack,
    /// Both.
    LabelAndStack(String),
}

/// Which families, when.
#[derive(Clone, Debug)]
pub struct GrowthQuery {
    /// Of instances for which all of these hold; none means every instance.
    pub labels: Vec<LabelMatch>,
    /// Of this stack only.
    pub stack: Option<StackId>,
    /// The first time that is asked for.
    pub from_ms: i64,
    /// The last.
    pub to_ms: i64,
    /// What is summed up.
    pub by: GrowthBy,
    /// So many of those that grow fastest.
    pub limit: usize,
}

/// How one sum of families changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyGrowth {
    /// The label's value; empty where it is not asked for.
    pub label: String,
    /// The stack, where it is asked for.
    pub stack: Option<StackId>,
    /// The state most of them were in.
    pub state: String,
    /// Goroutines a second: the sum of the least-squares slopes of each instance. Zero for an instance with one profile in the time.
    pub rate_per_s: f64,
    /// Goroutines in the first profile of each instance.
    pub first: u64,
    /// In the last.
    pub last: u64,
    /// Instances that had any.
    pub instances: u32,
}

/// A cell over the time, in one instance.
#[derive(Clone, Copy, Debug)]
struct Line {
    sum: f64,
    /// Of count times time.
    moment: f64,
    first_ms: i64,
    first: f64,
    last_ms: i64,
    last: f64,
}

const EMPTY: Line = Line { sum: 0.0, moment: 0.0, first_ms: i64::MAX, first: 0.0, last_ms: i64::MIN, last: 0.0 };

/// When an instance was looked at.
#[derive(Clone, Copy, Debug)]
struct Times {
    count: f64,
    sum: f64,
    squares: f64,
    first_ms: i64,
    last_ms: i64,
}

/// What is summed up under one key.
#[derive(Debug, Default)]
struct Sum {
    rate_per_s: f64,
    first: f64,
    last: f64,
    instances: u32,
    /// The last instance counted.
    seen: Option<u32>,
    states: Vec<(u32, f64)>,
}

impl History {
    /// Families that grow fastest. About 6 ns a count that is sealed.
    pub fn top_growing(&self, query: &GrowthQuery) -> Result<Vec<FamilyGrowth>, StoreError> {
        self.at_once(|| {
            let mut labels: Vec<String> = Vec::new();
            let mut label_numbers: FxHashMap<String, u32> = FxHashMap::default();
            let mut sums: FxHashMap<(u32, u32), Sum> = FxHashMap::default();
            let only = match query.stack.map(|stack| self.stack_number(stack)).transpose()? {
                Some(None) => return Ok(Vec::new()),
                Some(number) => number,
                None => None,
            };
            let mut packs = Packs::default();
            for instance in self.instances(&query.labels)? {
                let label = match &query.by {
                    GrowthBy::Label(name) | GrowthBy::LabelAndStack(name) => {
                        let value = instance.label(name);
                        *label_numbers.entry(value.to_owned()).or_insert_with(|| {
                            labels.push(value.to_owned());
                            labels.len() as u32 - 1
                        })
                    }
                    GrowthBy::Stack => 0,
                };
                let (times, lines) = self.lines(instance.id, query, only, &mut packs)?;
                let spread = times.count * times.squares - times.sum * times.sum;
                for ((stack, state), line) in lines {
                    let key = if matches!(query.by, GrowthBy::Label(_)) { (label, 0) } else { (label, stack) };
                    let rate = times.count * line.moment - times.sum * line.sum;
                    sums.entry(key).or_default().add(instance.id.0, state, &line, if spread > 0.0 { rate / spread } else { 0.0 });
                }
            }
            let mut sums: Vec<((u32, u32), Sum)> = sums.into_iter().collect();
            sums.sort_unstable_by(|(one_key, one), (two_key, two)| {
                two.rate_per_s.total_cmp(&one.rate_per_s).then_with(|| one_key.cmp(two_key))
            });
            sums.truncate(query.limit);
            sums.into_iter().map(|((label, stack), sum)| self.told(label, stack, &sum, &labels)).collect()
        })
    }

    fn told(&self, label: u32, stack: u32, sum: &Sum, labels: &[String]) -> Result<FamilyGrowth, StoreError> {
        let most = sum.states.iter().max_by(|(_, one), (_, two)| one.total_cmp(two));
        Ok(FamilyGrowth {
            label: labels.get(label as usize).cloned().unwrap_or_default(),
            stack: if stack == 0 { None } else { Some(self.stack_of(stack)?) },
            state: most.map(|(state, _)| self.word(*state)).transpose()?.unwrap_or_default(),
            rate_per_s: sum.rate_per_s,
            first: sum.first as u64,
            last: sum.last as u64,
            instances: sum.instances,
        })
    }

    /// The cells of one instance over the time.
    fn lines<'a>(
        &'a self,
        instance: InstanceId,
        query: &GrowthQuery,
        only: Option<u32>,
        packs: &mut Packs<'a>,
    ) -> Result<(Times, BTreeMap<Cell, Line>), StoreError> {
        let mut times = Times { count: 0.0, sum: 0.0, squares: 0.0, first_ms: i64::MAX, last_ms: i64::MIN };
        let mut lines: BTreeMap<Cell, Line> = BTreeMap::new();
        let within = |at_ms: i64| at_ms >= query.from_ms && at_ms <= query.to_ms;
        // Slopes do not change with where time begins; near the samples, no digits are lost.
        let begin = std::cell::OnceCell::new();
        let seconds = |at_ms: i64| at_ms.saturating_sub(*begin.get_or_init(|| at_ms)) as f64 / 1000.0;
        let mut bits = Vec::new();
        self.each_chunk(packs, KIND_FAMILIES, instance, query.from_ms, query.to_ms, |place, body| {
            let (cells, body) = read_cells(body)?;
            let chunk = Chunk::open(body, place.rows)?;
            let from = chunk.times_ms.partition_point(|at_ms| *at_ms < query.from_ms);
            let to = chunk.times_ms.partition_point(|at_ms| *at_ms <= query.to_ms);
            let inside = chunk.times_ms.get(from..to).unwrap_or_default();
            let (Some(first_ms), Some(last_ms)) = (inside.first(), inside.last()) else { return Ok(()) };
            for at_ms in inside {
                times.add(*at_ms, seconds(*at_ms));
            }
            for (column, cell) in cells.iter().enumerate() {
                if only.is_some_and(|only| only != cell.0) {
                    continue;
                }
                chunk.column(column, &mut bits)?;
                let counts = bits.get(from..to).unwrap_or_default();
                let line = lines.entry(*cell).or_insert(EMPTY);
                for (bits, at_ms) in counts.iter().zip(inside) {
                    let count = f64::from_bits(*bits);
                    line.sum += count;
                    line.moment += count * seconds(*at_ms);
                }
                let end = |bits: Option<&u64>| bits.map_or(0.0, |bits| f64::from_bits(*bits));
                line.end(*first_ms, end(counts.first()));
                line.end(*last_ms, end(counts.last()));
            }
            Ok(())
        })?;
        self.each_profile(instance, |at_ms, counts| {
            if within(at_ms) {
                times.add(at_ms, seconds(at_ms));
                for (cell, count) in counts.into_iter().filter(|(cell, _)| only.is_none_or(|only| only == cell.0)) {
                    let line = lines.entry(cell).or_insert(EMPTY);
                    line.sum += count as f64;
                    line.moment += count as f64 * seconds(at_ms);
                    line.end(at_ms, count as f64);
                }
            }
        })?;
        // A stack that was not in the first profile, or the last, counted zero there.
        for line in lines.values_mut() {
            line.first = if line.first_ms == times.first_ms { line.first } else { 0.0 };
            line.last = if line.last_ms == times.last_ms { line.last } else { 0.0 };
        }
        Ok((times, lines))
    }

    /// The profiles of an instance, by time.
    pub fn profiles(&self, instance: InstanceId, from_ms: i64, to_ms: i64) -> Result<Vec<FamilyProfile>, StoreError> {
        self.at_once(|| {
            let mut found: Vec<(i64, Vec<(Cell, u64)>)> = Vec::new();
            let mut packs = Packs::default();
            self.each_chunk(&mut packs, KIND_FAMILIES, instance, from_ms, to_ms, |place, body| {
                let (cells, body) = read_cells(body)?;
                let chunk = Chunk::open(body, place.rows)?;
                let start = found.len();
                found.extend(chunk.times_ms.iter().map(|at_ms| (*at_ms, Vec::new())));
                let mut bits = Vec::new();
                for (column, cell) in cells.iter().enumerate() {
                    chunk.column(column, &mut bits)?;
                    for ((_, counts), bits) in found.iter_mut().skip(start).zip(&bits) {
                        let count = f64::from_bits(*bits) as u64;
                        if count > 0 {
                            counts.push((*cell, count));
                        }
                    }
                }
                Ok(())
            })?;
            self.each_profile(instance, |at_ms, counts| {
                found.push((at_ms, counts.into_iter().filter(|(_, count)| *count > 0).collect()));
            })?;
            found.retain(|(at_ms, _)| *at_ms >= from_ms && *at_ms <= to_ms);
            found.sort_by_key(|(at_ms, _)| *at_ms);
            let mut stacks: BTreeMap<u32, StackId> = BTreeMap::new();
            let mut words: BTreeMap<u32, String> = BTreeMap::new();
            for ((stack, state), _) in found.iter().flat_map(|(_, counts)| counts) {
                if let std::collections::btree_map::Entry::Vacant(entry) = stacks.entry(*stack) {
                    entry.insert(self.stack_of(*stack)?);
                }
                if let std::collections::btree_map::Entry::Vacant(entry) = words.entry(*state) {
                    entry.insert(self.word(*state)?);
                }
            }
            let told = |(at_ms, counts): (i64, Vec<(Cell, u64)>)| {
                let named = |((stack, state), count)| Some((*stacks.get(&stack)?, words.get(&state)?.clone(), count));
                let mut counts: Vec<_> = counts.into_iter().filter_map(named).collect();
                counts.sort();
                FamilyProfile { at_ms, counts }
            };
            Ok(found.into_iter().map(told).collect())
        })
    }

    /// The profiles of an instance that are not sealed.
    fn each_profile(&self, instance: InstanceId, mut each: impl FnMut(i64, Vec<(Cell, u64)>)) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached("SELECT at_ms, body FROM profile WHERE instance = ?1 ORDER BY at_ms, id")?;
        let mut rows = statement.query([instance.0])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, read_profile(row.get_ref(1)?)?);
        }
        Ok(())
    }
}

impl Line {
    /// A count that may be the first or the last.
    fn end(&mut self, at_ms: i64, count: f64) {
        if at_ms < self.first_ms {
            (self.first_ms, self.first) = (at_ms, count);
        }
        if at_ms >= self.last_ms {
            (self.last_ms, self.last) = (at_ms, count);
        }
    }
}

impl Times {
    fn add(&mut self, at_ms: i64, seconds: f64) {
        self.count += 1.0;
        self.sum += seconds;
        self.squares += seconds * seconds;
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
    }
}

impl Sum {
    fn add(&mut self, instance: u32, state: u32, line: &Line, rate_per_s: f64) {
        self.rate_per_s += rate_per_s;
        self.first += line.first;
        self.last += line.last;
        if self.seen != Some(instance) {
            self.seen = Some(instance);
            self.instances += 1;
        }
        match self.states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, sum)) => *sum += line.sum,
            None => self.states.push((state, line.sum)),
        }
    }
}
