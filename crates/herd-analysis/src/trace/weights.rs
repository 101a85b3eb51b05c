//! What a trace shows as a weighted profile, for flame graphs and for tools that read pprof: time by stack.

use herd_model::{
    Function, LabelValue, Line, LocationId, Mapping, NewLocation, Profile, ProfileBuilder, ProfileKind, ProfileLabel, SampleType,
    StackId, TraceTables,
};

use super::Portrait;
use super::cpu::SAMPLE_NS;
use super::waits::AtStack;

/// Which time is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// Waits, by reason and stack.
    Waits,
    /// System calls.
    Syscalls,
    /// The profiler's samples.
    Cpu,
}

impl Portrait {
    /// The profile: finished and unfinished apart, so that what never ended is not lost as in Go's own profiles of a trace. A label says
    /// for what reason a stack waited. Cost: linear in the frames of all stacks.
    pub(super) fn weights(&self, weighed: Weighed, tables: &TraceTables) -> Profile {
        let kind = |name: &str, unit: &str| SampleType { name: name.into(), unit: unit.into() };
        let types = match weighed {
            Weighed::Cpu => vec![kind("samples", "count"), kind("cpu", "nanoseconds")],
            Weighed::Waits | Weighed::Syscalls => vec![
                kind("contentions", "count"),
                kind("delay", "nanoseconds"),
                kind("unfinished", "count"),
                kind("unfinished_delay", "nanoseconds"),
            ],
        };
        let profile_kind = if weighed == Weighed::Cpu { ProfileKind::Cpu } else { ProfileKind::Block };
        let shown = if weighed == Weighed::Cpu { "cpu" } else { "delay" };
        let mut weights = Weights { builder: ProfileBuilder::new(profile_kind, types), locations: Vec::new(), tables };
        weights.builder.profile_mut().default_sample_type = Some(shown.into());
        match weighed {
            Weighed::Waits => self.waits.each(|reason, stack, stat| weights.add(stack, Some(reason), &values(&stat))),
            Weighed::Syscalls => {
                for (stack, stat) in self.syscall_stacks.iter() {
                    weights.add(stack, None, &values(&stat));
                }
            }
            Weighed::Cpu => {
                for (stack, count) in self.samples.by_stack() {
                    weights.add(stack, None, &[signed(count), signed(count.saturating_mul(SAMPLE_NS))]);
                }
            }
        }
        weights.builder.finish()
    }
}

fn values(stat: &AtStack) -> [i64; 4] {
    [stat.count, stat.total_ns, stat.unfinished, stat.unfinished_ns].map(signed)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

struct Weights<'a> {
    builder: ProfileBuilder,
    // By frame of the tables; filled as frames come up.
    locations: Vec<Option<LocationId>>,
    tables: &'a TraceTables,
}

impl Weights<'_> {
    fn add(&mut self, stack: StackId, reason: Option<&str>, values: &[i64]) {
        if values.iter().all(|value| *value == 0) {
            return;
        }
        let frames = self.tables.frames_of(stack);
        let locations: Vec<LocationId> = frames.iter().map(|frame| self.location(frame.0 as usize)).collect();
        let stack = self.builder.stack(&locations);
        let mut labels: Vec<ProfileLabel> = reason
            .map(|reason| ProfileLabel { key: self.builder.name("reason"), value: LabelValue::Text(self.builder.name(reason)) })
            .into_iter()
            .collect();
        let labels = self.builder.labels(&mut labels);
        self.builder.sample(stack, labels, values);
    }

    fn location(&mut self, at: usize) -> LocationId {
        if at >= self.locations.len() {
            self.locations.resize(self.tables.frames.len(), None);
        }
        if let Some(known) = self.locations[at] {
            return known;
        }
        let frame = self.tables.frames[at];
        let name = self.builder.name(self.tables.names.text(frame.func));
        let file = self.builder.name(self.tables.names.text(frame.file));
        let function = self.builder.function(Function { name, system_name: name, file, start_line: 0 });
        let mapping = self.builder.mapping(Mapping::unknown());
        let lines = [Line { function, line: frame.line, column: 0 }];
        let location = self.builder.location(NewLocation { address: 0, mapping: Some(mapping), lines: &lines, folded: false });
        self.locations[at] = Some(location);
        location
    }
}
