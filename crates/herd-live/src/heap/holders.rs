//! Who holds the objects the runtime has sampled: each of them has a note of the record it was counted in (`specialprofile` in
//! `runtime/mheap.go`), and the search tells what reaches it.

use std::collections::hash_map::Entry;

use herd_model::{HeapHolders, HeldBy, HeldSite, HolderKind, HolderRoot, HolderStep, Place, Profile, RootShare, StackId};
use rustc_hash::FxHashMap;

use super::buckets::Buckets;
use super::names::{Names, Variables};
use super::tree::{From, Tree};
use crate::error::LiveError;
use crate::functions::Functions;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::reach::mark::Sink;
use crate::reach::spans::Spans;
use crate::reach::stacks::{Stacks, Standing};
use crate::reach::{self, roots};
use crate::states::{DEAD, DEAD_EXTRA, SCAN_BIT};
use crate::target::Opened;

/// Lines with more in use than this are told of.
const SITE_BYTES: u64 = 1 << 20;
/// Roots told of a line.
const ROOTS_SHOWN: usize = 5;
/// Steps of a way told at either end.
const STEPS_SHOWN: usize = 4;
/// Objects between two whose root is kept.
const ROOT_EVERY: usize = 64;
/// Records read together.
const GROUP: usize = 8 << 10;

/// Finds out. `top` lines and roots are told; `stacks` are those of the records, in their order.
///
/// # Errors
/// When anything in it moves, memory that matters cannot be read, or there are more objects than notes are taken of.
pub fn holders(
    target: &mut Opened,
    buckets: &Buckets,
    profile: &Profile,
    stacks: &[StackId],
    top: usize,
) -> Result<HeapHolders, LiveError> {
    if !target.frozen {
        return Err(LiveError::Inconsistent("a process that runs does not show who holds what".into()));
    }
    let Opened { space, layout, threads, writable, functions, goroutines, heap, file, bias, .. } = target;
    let heap = heap.ok_or(LiveError::Missing { what: "the heap (runtime.mheap_)" })?;
    let spans = Spans::read(space, layout, heap.mheap)?;
    let mut tree = Tree::new(&spans)?;
    let sampled = sampled(space, layout, &spans, buckets, &tree)?;
    let modules = functions.data();
    let beginnings = reach::beginnings(space, layout, &modules, &spans, heap, threads, writable)?;
    let variables = Variables::read(file, *bias, modules)?;
    let addresses = goroutines.addresses(space)?;
    for record in addresses.iter().chain(&beginnings.closed) {
        tree.close(*record);
    }
    let mut batch = Batch::default();
    let (own, of_runtime) = variables.apart(&beginnings.variables);
    tree.begin(HolderKind::Variable);
    let mut unread = tree.ranges(space, &mut batch, &own)?;
    tree.follow(space)?;
    tree.begin(HolderKind::Goroutine);
    let goroutines = of_goroutines(space, layout, functions, &addresses, &mut tree)?;
    tree.follow(space)?;
    tree.begin(HolderKind::Runtime);
    unread += tree.ranges(space, &mut batch, &of_runtime)?;
    tree.follow(space)?;
    tree.begin(HolderKind::Finalizer);
    roots::finalizers(space, layout, &spans, &mut tree)?;
    tree.follow(space)?;
    tree.begin(HolderKind::Other);
    unread += tree.ranges(space, &mut batch, &beginnings.others)?;
    tree.begin(HolderKind::Register);
    for word in threads.iter().flat_map(|thread| &thread.registers) {
        tree.word(0, *word);
    }
    tree.follow(space)?;
    if unread > 0 {
        return Err(LiveError::Inconsistent(format!("{unread} bytes that may hold pointers cannot be read")));
    }
    let names = Names::new(&variables, functions, layout, goroutines);
    let sites = sites(profile, stacks);
    let teller = Teller { tree: &tree, names, sampled: &sampled, sites: &sites, roots: FxHashMap::default() };
    teller.tell(space, top)
}

/// A sampled object.
#[derive(Clone, Copy, Debug)]
struct Sampled {
    /// Number of its record.
    bucket: u32,
    /// Bytes it stands for.
    bytes: f64,
}

/// All of them, by the numbers of the objects.
fn sampled(
    space: &mut Space,
    layout: &Layout,
    spans: &Spans,
    buckets: &Buckets,
    tree: &Tree<'_>,
) -> Result<FxHashMap<u32, Sampled>, LiveError> {
    let kind = profile_kind(layout.minor);
    let mut notes: Vec<(u64, u64)> = Vec::new();
    roots::specials(space, layout, spans, |special| {
        notes.extend((special.kind == kind).then_some((special.record, special.object)));
    })?;
    let known = buckets.by_address();
    let at = u64::from(layout.get(At::SpecialProfileBucket));
    let mut sampled = FxHashMap::default();
    let mut batch = Batch::default();
    for group in notes.chunks(GROUP) {
        batch.clear();
        for (record, _) in group {
            batch.ask(record + at, 8);
        }
        space.read(&mut batch)?;
        for (index, (_, object)) in group.iter().enumerate() {
            let record = batch.get(index).map(|bytes| u64_at(bytes, 0));
            let bucket = record.and_then(|record| known.get(&record)).copied();
            let (Some(bucket), Some(number)) = (bucket, tree.number(*object)) else {
                return Err(LiveError::Inconsistent("a sampled object names no record of the memory profile".into()));
            };
            let size = buckets.list[bucket as usize].size as f64;
            // As a sample of the profile, but for one object the fraction counts.
            let scale = if buckets.rate <= 1 { 1.0 } else { 1.0 / -(-size / buckets.rate as f64).exp_m1() };
            sampled.insert(number, Sampled { bucket, bytes: size * scale });
        }
    }
    Ok(sampled)
}

/// `_KindSpecialProfile`, which moves as kinds are added before it.
fn profile_kind(minor: u32) -> u8 {
    match minor {
        ..=22 => 2,
        23..=24 => 3,
        _ => 4,
    }
}

/// Takes what goroutines reach from their records and stacks; answers where the record of each is, by its id.
fn of_goroutines(
    space: &mut Space,
    layout: &Layout,
    functions: &Functions,
    addresses: &[u64],
    tree: &mut Tree<'_>,
) -> Result<FxHashMap<u64, u64>, LiveError> {
    let mut ids = FxHashMap::default();
    let mut stacks = Stacks::new(functions, layout);
    let mut batch = Batch::default();
    for group in addresses.chunks(GROUP) {
        batch.clear();
        for address in group {
            batch.ask(*address, layout.get(At::GSize) as usize);
        }
        space.read(&mut batch)?;
        let mut standing = Vec::new();
        for (index, address) in group.iter().enumerate() {
            let bytes = batch.get(index).ok_or(LiveError::Missing { what: "a goroutine's record" })?;
            let status = u32_at(bytes, layout.get(At::GStatus) as usize) & !SCAN_BIT;
            if matches!(status, 0 | DEAD | DEAD_EXTRA) {
                continue;
            }
            let id = u64_at(bytes, layout.get(At::GGoid) as usize);
            ids.insert(id, *address);
            tree.goroutine(id);
            reach::record(layout, tree, *address, bytes);
            standing.push(Standing::of(layout, bytes));
        }
        stacks.mark(space, tree, &standing)?;
    }
    Ok(ids)
}

/// The line of each record.
fn sites(profile: &Profile, stacks: &[StackId]) -> Vec<Place> {
    let mut known: FxHashMap<StackId, Place> = FxHashMap::default();
    let mut place = |stack: &StackId| {
        let at = known
            .entry(*stack)
            .or_insert_with(|| profile.allocator(*stack).map(|frame| profile.place(frame)).unwrap_or_default());
        at.clone()
    };
    stacks.iter().map(&mut place).collect()
}

/// What a root holds.
#[derive(Clone, Debug)]
struct Holding {
    root: HolderRoot,
    goroutines: Vec<u64>,
    objects: u64,
    bytes: f64,
    /// The first of the objects that stand for most.
    example: u32,
    example_bytes: f64,
}

/// What a line has in the heap.
#[derive(Clone, Debug, Default)]
struct OfSite {
    objects: u64,
    bytes: f64,
    unreached_objects: u64,
    unreached_bytes: f64,
    held: Holdings,
}

/// By kind, name and place of the root.
type Holdings = FxHashMap<(HolderKind, String, Option<Place>), Holding>;

struct Teller<'a> {
    tree: &'a Tree<'a>,
    names: Names<'a>,
    sampled: &'a FxHashMap<u32, Sampled>,
    /// Of each record.
    sites: &'a [Place],
    /// Roots of objects on the ways walked.
    roots: FxHashMap<u32, u32>,
}

impl Teller<'_> {
    fn tell(mut self, space: &mut Space, top: usize) -> Result<HeapHolders, LiveError> {
        let mut order: Vec<u32> = self.sampled.keys().copied().collect();
        order.sort_unstable();
        let mut whole = OfSite::default();
        let mut each: FxHashMap<&Place, OfSite> = FxHashMap::default();
        let mut named: FxHashMap<u32, HolderRoot> = FxHashMap::default();
        for number in order {
            let Sampled { bucket, bytes } = self.sampled[&number];
            let root = match self.root(number) {
                None => None,
                Some(root) => {
                    if let Entry::Vacant(unnamed) = named.entry(root) {
                        unnamed.insert(self.names.of(space, self.tree.roots[root as usize])?);
                    }
                    named.get(&root)
                }
            };
            for of in [&mut whole, each.entry(&self.sites[bucket as usize]).or_default()] {
                of.add(number, bytes, root);
            }
        }
        let mut sites: Vec<(&Place, OfSite)> = each.into_iter().filter(|(_, of)| of.bytes > SITE_BYTES as f64).collect();
        sites.sort_by(|one, other| other.1.bytes.total_cmp(&one.1.bytes).then_with(|| one.0.cmp(other.0)));
        sites.truncate(top);
        let (roots, roots_left_out) = heaviest(whole.held, top);
        Ok(HeapHolders {
            objects: whole.objects,
            bytes: whole.bytes as u64,
            unreached_objects: whole.unreached_objects,
            unreached_bytes: whole.unreached_bytes as u64,
            roots: roots.into_iter().map(share).collect(),
            roots_left_out,
            sites: sites.into_iter().map(|(at, of)| self.site(at, of)).collect(),
            looked_bytes: self.tree.bytes,
        })
    }

    fn site(&self, at: &Place, of: OfSite) -> HeldSite {
        let (held, roots_left_out) = heaviest(of.held, ROOTS_SHOWN);
        let held = held.into_iter().map(|holding| {
            let (steps, steps_left_out) = self.way(holding.example);
            let RootShare { root, objects, bytes } = share(holding);
            HeldBy { root, objects, bytes, steps, steps_left_out }
        });
        HeldSite {
            at: at.clone(),
            objects: of.objects,
            bytes: of.bytes as u64,
            unreached_objects: of.unreached_objects,
            unreached_bytes: of.unreached_bytes as u64,
            held: held.collect(),
            roots_left_out,
        }
    }

    /// The root an object is reached from. Ways are walked once, but for a few objects of each.
    fn root(&mut self, number: u32) -> Option<u32> {
        let mut passed = vec![number];
        let mut at = number;
        let mut steps = 0;
        let root = loop {
            if let Some(root) = self.roots.get(&at) {
                break *root;
            }
            match self.tree.from(at)? {
                From::Root(root) => break root,
                From::Object(object) => at = object,
            }
            steps += 1;
            if steps % ROOT_EVERY == 0 {
                passed.push(at);
            }
        };
        self.roots.extend(passed.into_iter().map(|object| (object, root)));
        Some(root)
    }

    /// The way from the root to an object, runs of objects of one size told as one step; and how many steps are left out of its middle.
    fn way(&self, number: u32) -> (Vec<HolderStep>, u64) {
        let mut steps: Vec<(usize, HolderStep)> = Vec::new();
        let mut at = Some(number);
        while let Some(object) = at {
            let span = self.tree.span(object);
            let kind = &self.tree.spans.list[span];
            let allocated_at = || self.sampled.get(&object).map(|sampled| self.sites[sampled.bucket as usize].clone());
            match steps.last_mut() {
                Some((last, step)) if self.is_like(*last, span) => {
                    step.objects += 1;
                    step.allocated_at = step.allocated_at.take().or_else(allocated_at);
                }
                _ => steps.push((span, HolderStep { objects: 1, bytes: kind.elem, allocated_at: allocated_at() })),
            }
            at = match self.tree.from(object) {
                Some(From::Object(from)) => Some(from),
                Some(From::Root(_)) | None => None,
            };
        }
        let mut steps: Vec<HolderStep> = steps.into_iter().rev().map(|(_, step)| step).collect();
        let left_out = steps.len().saturating_sub(2 * STEPS_SHOWN);
        steps.drain(STEPS_SHOWN.min(steps.len())..STEPS_SHOWN.min(steps.len()) + left_out);
        (steps, left_out as u64)
    }

    fn is_like(&self, one: usize, other: usize) -> bool {
        let [one, other] = [one, other].map(|span| &self.tree.spans.list[span]);
        one.elem == other.elem && one.noscan == other.noscan
    }
}

impl OfSite {
    fn add(&mut self, number: u32, bytes: f64, root: Option<&HolderRoot>) {
        self.objects += 1;
        self.bytes += bytes;
        let Some(root) = root else {
            self.unreached_objects += 1;
            self.unreached_bytes += bytes;
            return;
        };
        let key = (root.kind, root.name.clone(), root.at.clone());
        let new = || Holding {
            root: root.clone(),
            goroutines: Vec::new(),
            objects: 0,
            bytes: 0.0,
            example: number,
            example_bytes: bytes,
        };
        let holding = self.held.entry(key).or_insert_with(new);
        if bytes > holding.example_bytes {
            (holding.example, holding.example_bytes) = (number, bytes);
            (holding.root.offset, holding.root.goroutine) = (root.offset, root.goroutine);
        }
        holding.objects += 1;
        holding.bytes += bytes;
        holding.goroutines.extend(root.goroutine.filter(|id| holding.goroutines.last() != Some(id)));
    }
}

/// The first so many by bytes, and how many others there are.
fn heaviest(holdings: Holdings, top: usize) -> (Vec<Holding>, u64) {
    let mut all: Vec<Holding> = holdings.into_values().collect();
    let order = |one: &Holding, other: &Holding| {
        let name = |of: &Holding| (of.root.kind, of.root.name.clone(), of.root.at.clone());
        other.bytes.total_cmp(&one.bytes).then_with(|| name(one).cmp(&name(other)))
    };
    all.sort_by(order);
    let left_out = all.len().saturating_sub(top) as u64;
    all.truncate(top);
    (all, left_out)
}

fn share(mut holding: Holding) -> RootShare {
    holding.goroutines.sort_unstable();
    holding.goroutines.dedup();
    let root = HolderRoot { goroutines: holding.goroutines.len() as u64, ..holding.root };
    RootShare { root, objects: holding.objects, bytes: holding.bytes as u64 }
}
