//! What a process counts of itself at `/debug/goherd` (schema `goherd-account/1` of the Go module): requests and tasks under way, how
//! they ended, figures of the runtime.

use crate::{LabelSetId, NameId, Names, Snapshot};

/// What the process counted until one moment. Counters start at 0 with the process and never fall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Seconds since the account was made; nothing where it is not told.
    pub uptime_s: Option<f64>,
    /// Requests by service and endpoint, tasks by runner and task; at most as many as the reader keeps.
    pub rows: Vec<AccountRow>,
    /// Rows beyond those kept.
    pub rows_left_out: u64,
    /// How often a label set was asked for above the table's limit; such requests are counted under `other`.
    pub refused: u64,
    /// Figures of the runtime.
    pub runtime: AccountRuntime,
}

/// What is counted of one endpoint or one task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// Whose.
    pub name: AccountName,
    /// Under way: begun and not ended.
    pub live: u64,
    /// Begun since the process began.
    pub started: u64,
    /// Ended since.
    pub ended: u64,
    /// Of these, the context was done at the end.
    pub cancelled: u64,
    /// Of these, with another error; tasks alone.
    pub failed: u64,
    /// Of these, by a panic.
    pub panicked: u64,
}

/// Whose counters they are, as goroutines wear it in their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName {
    /// An endpoint of a service, or a task of a runner.
    pub kind: AccountKind,
    /// The service or the runner.
    pub of: Box<str>,
    /// The endpoint or the task.
    pub name: Box<str>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountKind {
    /// Requests, by the labels `service` and `endpoint`.
    #[default]
    Endpoint,
    /// Tasks, by the labels `runner` and `task`.
    Task,
}

impl AccountKind {
    /// The keys of the two labels.
    pub fn keys(self) -> [&'static str; 2] {
        match self {
            AccountKind::Endpoint => ["service", "endpoint"],
            AccountKind::Task => ["runner", "task"],
        }
    }
}

/// Figures of `runtime/metrics`, as far as the Go version knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccountRuntime {
    /// Goroutines.
    pub goroutines: Option<u64>,
    /// Bytes of the heap the last collection left alive.
    pub heap_live_bytes: Option<u64>,
    /// Bytes at which the next collection is to end.
    pub heap_goal_bytes: Option<u64>,
    /// Collections since the process began.
    pub gc_cycles: Option<u64>,
    /// CPU seconds of the collector, of the last collection's estimate.
    pub gc_cpu_s: Option<f64>,
    /// CPU seconds the process had, of the same estimate.
    pub cpu_s: Option<f64>,
}

impl Account {
    /// The row of a name.
    pub fn row(&self, name: &AccountName) -> Option<&AccountRow> {
        self.rows.iter().find(|row| row.name == *name)
    }
}

/// Label sets that are added to a snapshot.
#[derive(Debug)]
pub struct LabelSets {
    index: rustc_hash::FxHashMap<Box<[(NameId, NameId)]>, LabelSetId>,
    names: Names,
    sets: Vec<Box<[(NameId, NameId)]>>,
}

impl LabelSets {
    /// Those the snapshot has, and its names.
    pub fn of(snapshot: &Snapshot) -> Self {
        let index = (0u32..).zip(&snapshot.label_sets).map(|(at, set)| (set.clone(), LabelSetId(at))).collect();
        LabelSets { index, names: snapshot.names.clone(), sets: snapshot.label_sets.clone() }
    }

    /// The set of another snapshot, new or known.
    pub fn copy(&mut self, from: &Snapshot, set: LabelSetId) -> LabelSetId {
        let pairs = from.label_sets.get(set.0 as usize).map(|pairs| &**pairs).unwrap_or_default();
        let mut name = |id: NameId| self.names.intern(from.names.text(id));
        let pairs: Box<[(NameId, NameId)]> = pairs.iter().map(|(key, value)| (name(*key), name(*value))).collect();
        let next = LabelSetId(self.sets.len() as u32);
        *self.index.entry(pairs).or_insert_with_key(|pairs| {
            self.sets.push(pairs.clone());
            next
        })
    }

    /// Gives them to the snapshot they were made of.
    pub fn finish(self, snapshot: &mut Snapshot) {
        snapshot.names = self.names;
        snapshot.label_sets = self.sets;
    }
}

/// How many goroutines of `clusters` wear the labels of each endpoint and task, most first. Cost: linear in their label sets.
pub fn worn(snapshot: &Snapshot, clusters: impl Iterator<Item = crate::ClusterId>) -> Vec<(AccountName, u64)> {
    let mut worn = std::collections::BTreeMap::<AccountName, u64>::new();
    for cluster in clusters.filter_map(|id| snapshot.clusters.get(id.0 as usize)) {
        let mut sets: Vec<_> = cluster.labels.iter().collect();
        sets.sort_unstable();
        for (set, count) in sets {
            let Some(pairs) = snapshot.label_sets.get(set.0 as usize) else { continue };
            let value = |key: &str| {
                let pair = pairs.iter().find(|(name, _)| snapshot.names.text(*name) == key);
                pair.map(|(_, value)| snapshot.names.text(*value))
            };
            for kind in [AccountKind::Endpoint, AccountKind::Task] {
                let [of, name] = kind.keys();
                if let (Some(of), Some(name)) = (value(of), value(name)) {
                    *worn.entry(AccountName { kind, of: of.into(), name: name.into() }).or_default() += count;
                }
            }
        }
    }
    let mut worn: Vec<_> = worn.into_iter().collect();
    worn.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    worn
}
