//! What a heap profile says: what allocates, what of it stays, what more than 1 MiB holds, what grew, which escape costs what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use herd_model::{
    EscapeLog, FunctionId, HeapFigures, HeapReport, HeapRow, LabelValue, NameId, Place, Profile, ProfileFrame, Resident, StackId,
};
use rustc_hash::FxHashMap;

use crate::statistics::counts::heap_sampling_variance;
use crate::statistics::distributions::normal_quantile;
use crate::{heap_escapes, heap_growth, names};

/// Lines with more in use than this are residents.
const RESIDENT_BYTES: i64 = 1 << 20;
/// Calls of a resident's stack that are kept.
const STACK_SHOWN: usize = 32;
/// Of every interval.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Measures a heap: `earlier` is one of the same process to compare with, `escapes` what the compiler says of its source. `top` rows of
/// each table are kept, what is beyond is counted in `hidden`. Nothing for a profile of another kind. Cost: linear in the frames of all
/// samples.
pub fn heap(
    profile: &Profile,
    earlier: Option<&Profile>,
    escapes: Option<&EscapeLog>,
    top: usize,
    hidden: &mut BTreeMap<String, u64>,
) -> Option<HeapReport> {
    let heap = Heap::of(profile)?;
    let earlier = match earlier {
        Some(earlier) => Some(Heap::of(earlier)?),
        None => None,
    };
    let (functions, lines) = (heap.functions(), heap.lines());
    let mut residents: Vec<&Site> = lines.iter().filter(|site| site.weight.figures.inuse_bytes > RESIDENT_BYTES).collect();
    residents.sort_by_key(|site| (Reverse(site.weight.figures.inuse_bytes), heap.place(site)));
    hide(hidden, "residents_not_listed", residents.len(), top);
    let growth = earlier.as_ref().map(|earlier| heap_growth::growth(earlier, &heap, top, hidden));
    let over_s = profile.duration_ns.filter(|ns| *ns > 0).map(|ns| ns as f64 / 1e9);
    let escapes = escapes.map(|log| {
        let between = growth.as_ref().filter(|growth| growth.one_process).and_then(|growth| growth.seconds);
        let before = earlier.as_ref().filter(|_| between.is_some_and(|seconds| seconds > 0.0));
        heap_escapes::escapes(&heap, before, between.or(over_s), log, top, hidden)
    });
    Some(HeapReport {
        sampled_every_bytes: heap.rate as u64,
        over_s,
        shown: top as u64,
        total: heap.total,
        profiler: heap.profiler,
        functions: heap.rows(&functions, top, "functions_not_listed", hidden),
        lines: heap.rows(&lines, top, "lines_not_listed", hidden),
        residents: residents.into_iter().take(top).map(|site| heap.resident(site)).collect(),
        holders: None,
        growth,
        escapes,
    })
}

/// Counts what a table leaves out.
pub(crate) fn hide(hidden: &mut BTreeMap<String, u64>, what: &str, rows: usize, top: usize) {
    if rows > top {
        hidden.insert(what.to_owned(), (rows - top) as u64);
    }
}

/// A heap profile, its values added up by stack.
pub(crate) struct Heap<'a> {
    pub(crate) profile: &'a Profile,
    /// Mean distance of samples in bytes; 0 when unknown.
    pub(crate) rate: f64,
    pub(crate) total: HeapFigures,
    profiler: HeapFigures,
    /// Of each stack of the profile; those of the profiler are zero.
    pub(crate) stacks: Vec<Weight>,
    /// Samples of all other stacks: stack, size of an object, figures.
    pub(crate) samples: Vec<(StackId, f64, HeapFigures)>,
}

/// Sums, and the variance that sampling leaves of the bytes in use.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weight {
    pub(crate) figures: HeapFigures,
    pub(crate) variance: f64,
}

/// A function or a line, its sums and its stacks.
pub(crate) struct Site {
    func: NameId,
    file: NameId,
    line: u32,
    pub(crate) weight: Weight,
    stacks: Vec<StackId>,
}

impl<'a> Heap<'a> {
    pub(crate) fn of(profile: &'a Profile) -> Option<Heap<'a>> {
        let columns = ["alloc_space", "alloc_objects", "inuse_space", "inuse_objects"].map(|name| profile.sample_index(name));
        if columns.iter().all(Option::is_none)
            || !matches!(profile.kind, herd_model::ProfileKind::Heap | herd_model::ProfileKind::Allocs)
        {
            return None;
        }
        let writes_profiles: Vec<bool> =
            (0..profile.functions.len()).map(|at| is_profilers(profile.function_name(FunctionId(at as u32)))).collect();
        let is_profiler: Vec<bool> = (0..profile.stacks.len())
            .map(|at| {
                let mut frames = profile.frames(StackId(at as u32));
                frames.any(|frame| frame.line.is_some_and(|line| writes_profiles[line.function.0 as usize]))
            })
            .collect();
        let mut heap = Heap {
            profile,
            rate: profile.period.max(0) as f64,
            total: HeapFigures::default(),
            profiler: HeapFigures::default(),
            stacks: vec![Weight::default(); profile.stacks.len()],
            samples: Vec::with_capacity(profile.samples.len()),
        };
        for row in 0..profile.samples.len() {
            let value = |column: Option<usize>| column.map_or(0, |column| profile.samples.values[column][row]);
            let [alloc_bytes, alloc_objects, inuse_bytes, inuse_objects] = columns.map(value);
            let figures = HeapFigures { alloc_bytes, alloc_objects, inuse_bytes, inuse_objects };
            heap.total.add(&figures);
            let stack = profile.samples.stacks[row];
            if is_profiler[stack.0 as usize] {
                heap.profiler.add(&figures);
                continue;
            }
            let size = object_size(profile, row, &figures);
            let weight = &mut heap.stacks[stack.0 as usize];
            weight.figures.add(&figures);
            weight.variance += heap_sampling_variance(inuse_objects.max(0) as f64, size, heap.rate);
            heap.samples.push((stack, size, figures));
        }
        Some(heap)
    }

    fn functions(&self) -> Vec<Site> {
        self.sites(|frame| {
            let function = frame.line.map(|line| self.profile.functions[line.function.0 as usize]);
            function.map_or((NameId(0), NameId(0), 0), |function| (function.name, function.file, 0))
        })
    }

    pub(crate) fn lines(&self) -> Vec<Site> {
        self.sites(|frame| {
            let Some(line) = frame.line else { return (NameId(0), NameId(0), 0) };
            let function = self.profile.functions[line.function.0 as usize];
            (function.name, function.file, line.line)
        })
    }

    fn sites(&self, key_of: impl Fn(ProfileFrame) -> (NameId, NameId, u32)) -> Vec<Site> {
        let mut sites: Vec<Site> = Vec::new();
        let mut index: FxHashMap<(NameId, NameId, u32), usize> = FxHashMap::default();
        for (at, weight) in self.stacks.iter().enumerate() {
            let stack = StackId(at as u32);
            if weight.figures == HeapFigures::default() {
                continue;
            }
            let Some(frame) = self.profile.allocator(stack) else { continue };
            let key = key_of(frame);
            let (func, file, line) = key;
            let site = *index.entry(key).or_insert_with(|| {
                sites.push(Site { func, file, line, weight: Weight::default(), stacks: Vec::new() });
                sites.len() - 1
            });
            let site = &mut sites[site];
            site.weight.figures.add(&weight.figures);
            site.weight.variance += weight.variance;
            site.stacks.push(stack);
        }
        sites
    }

    /// Function, file and line of a site; addresses without a function are one site.
    pub(crate) fn place(&self, site: &Site) -> Place {
        let text = |id| self.profile.names.text(id).to_owned();
        let func = if site.func == NameId(0) { "<unknown>".to_owned() } else { text(site.func) };
        Place { func, file: text(site.file), line: site.line }
    }

    /// The nearest caller outside the standard library on the heaviest stack of a place inside it.
    pub(crate) fn called_from(&self, site: &Site, weight: impl Fn(&HeapFigures) -> i64) -> Option<Place> {
        let is_std = |place: &Place| names::is_std(&place.func, &place.file);
        if !is_std(&self.place(site)) {
            return None;
        }
        let stack = self.heaviest(site, weight)?;
        self.profile.frames(stack).map(|frame| self.profile.place(frame)).find(|place| !is_std(place))
    }

    fn heaviest(&self, site: &Site, weight: impl Fn(&HeapFigures) -> i64) -> Option<StackId> {
        let of = |stack: &StackId| weight(&self.stacks[stack.0 as usize].figures);
        site.stacks.iter().copied().max_by_key(|stack| (of(stack), Reverse(*stack)))
    }

    /// The first by bytes allocated, by objects allocated and by bytes in use, together, by bytes allocated.
    fn rows(&self, sites: &[Site], top: usize, what: &str, hidden: &mut BTreeMap<String, u64>) -> Vec<HeapRow> {
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        let weights: [fn(&HeapFigures) -> i64; 3] = [|of| of.alloc_bytes, |of| of.alloc_objects, |of| of.inuse_bytes];
        for weight in weights {
            let mut order: Vec<usize> = (0..sites.len()).collect();
            order.sort_by_cached_key(|at| (Reverse(weight(&sites[*at].weight.figures)), self.place(&sites[*at])));
            chosen.extend(order.into_iter().take(top));
        }
        hide(hidden, what, sites.len(), chosen.len());
        let mut rows: Vec<HeapRow> = chosen.into_iter().map(|at| self.row(&sites[at])).collect();
        rows.sort_by(|a, b| b.figures.alloc_bytes.cmp(&a.figures.alloc_bytes).then_with(|| a.at.cmp(&b.at)));
        rows
    }

    fn row(&self, site: &Site) -> HeapRow {
        let figures = site.weight.figures;
        let ratio = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
        HeapRow {
            at: self.place(site),
            figures,
            mean_bytes: ratio(figures.alloc_bytes, figures.alloc_objects),
            survival: ratio(figures.inuse_bytes, figures.alloc_bytes).map(|share| share.clamp(0.0, 1.0)),
            inuse_error_bytes: half_width(site.weight.variance),
            called_from: self.called_from(site, |figures| figures.alloc_bytes),
        }
    }

    fn resident(&self, site: &Site) -> Resident {
        let row = self.row(site);
        let inuse = |stack: StackId| self.stacks[stack.0 as usize].figures.inuse_bytes;
        let heaviest = self.heaviest(site, |figures| figures.inuse_bytes);
        let stack =
            heaviest.map(|stack| self.profile.frames(stack).take(STACK_SHOWN).map(|frame| self.profile.place(frame)).collect());
        Resident {
            uncertain: row.figures.inuse_bytes as f64 - row.inuse_error_bytes <= RESIDENT_BYTES as f64,
            row,
            stack: stack.unwrap_or_default(),
            stack_bytes: heaviest.map_or(0, inuse),
            stacks: site.stacks.iter().filter(|stack| inuse(**stack) > 0).count() as u64,
        }
    }
}

/// Whether a function writes profiles. Under `Do` stands whatever runs with labels, and the others that set them are called by the program.
fn is_profilers(func: &str) -> bool {
    let own = func.strip_prefix("runtime/pprof.");
    own.is_some_and(|own| !own.starts_with("Do") && !own.contains("Label"))
}

/// The label `bytes` of a sample (`runtime/pprof/protomem.go`, Go 1.21 to 1.27), else its mean.
fn object_size(profile: &Profile, row: usize, figures: &HeapFigures) -> f64 {
    let labels = &profile.label_sets[profile.samples.labels[row].0 as usize];
    let told = labels.iter().find(|label| profile.names.text(label.key) == "bytes");
    if let Some(LabelValue::Number(size, _)) =
        told.map(|label| label.value).filter(|value| *value != LabelValue::Number(0, NameId(0)))
    {
        return size.max(0) as f64;
    }
    let pairs = [(figures.alloc_bytes, figures.alloc_objects), (figures.inuse_bytes, figures.inuse_objects)];
    pairs.iter().find(|(_, objects)| *objects > 0).map_or(0.0, |(bytes, objects)| *bytes as f64 / *objects as f64)
}

/// Half the width of the interval of a normal estimate.
pub(crate) fn half_width(variance: f64) -> f64 {
    normal_quantile(0.5 + CONFIDENCE / 2.0) * variance.sqrt()
}
