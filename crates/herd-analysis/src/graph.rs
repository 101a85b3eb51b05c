//! Who waits on what, clustered until it fits a picture: families of goroutines on one side, objects on the other.

use std::collections::{BTreeMap, BTreeSet};

use herd_model::{
    Address, Awaited, ClusterId, GoroutineId, GraphGroup, GraphObject, GraphRest, GraphWait, Inside, Place, Side, Snapshot,
    StateClass, WaitGraph, Waiter, Waits, What,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::census::{self, Census, census, place};
use crate::graph_cycles::{Ring, cycle, rings};
use crate::graph_holders::{Candidate, candidates, holder};

/// Nodes of a graph at most; what does not fit is counted.
pub const NODES_MAX: usize = 60;
/// Objects listed beyond the picture.
pub const REST_MAX: usize = 2000;
/// Ids named of a group.
const IDS_MAX: usize = 8;

/// Builds the graph of a snapshot; what is not in its picture is added to `hidden`. Rings come first, then who has the most waiters.
/// Cost: linear in waits and stacks.
pub fn graph(snapshot: &Snapshot, hidden: &mut BTreeMap<String, u64>) -> WaitGraph {
    graph_of_found(snapshot, &BTreeSet::new(), hidden)
}

/// The same; the families of these ids come after the rings and before all others.
pub fn graph_of_found(snapshot: &Snapshot, found: &BTreeSet<String>, hidden: &mut BTreeMap<String, u64>) -> WaitGraph {
    let derived;
    let waits = if let Some(waits) = snapshot.waits.as_deref() {
        waits
    } else {
        derived = told(snapshot);
        &derived
    };
    let census = census(snapshot);
    let scene = Scene { snapshot, waits, census: &census, of: homes(snapshot, &census), leaked: leaked(snapshot) };
    let edges = edges(&scene);
    let rings = rings(&scene);
    let pressing = Pressing::of(&scene, &rings, found);
    let (nodes, mut left) = nodes(&scene, &edges, &pressing);
    if !left.is_empty() {
        let not_listed: u64 = left.iter().map(|node| node.objects.len() as u64).sum();
        *hidden.entry("objects_not_listed".to_owned()).or_default() += not_listed;
        *hidden.entry("waits_not_listed".to_owned()).or_default() += left.iter().map(Node::waits).sum::<u64>();
    }
    left.truncate(REST_MAX);
    let held: Vec<(Vec<Candidate>, u64)> = nodes.iter().map(|node| candidates(&scene, &node.objects)).collect();
    let drawn = drawn_families(&scene, &nodes, &held);
    let beyond = ordered(&scene, families_of(&left).filter(|family| !drawn.contains(family)));
    let numbered = drawn.iter().chain(&beyond).enumerate();
    let names: Names = numbered.map(|(at, family)| (*family, format!("g{}", at + 1))).collect();
    let placed = Placed { names: &names, drawn: drawn.len(), nodes: &nodes };
    let waiting = waits.waiters.len() as u64;
    let objects = nodes.iter().zip(held).enumerate().map(|(at, (node, (held, not_listed)))| {
        let holders = held.into_iter().map(|one| holder(&scene, &placed, one)).collect();
        GraphObject { holders, holders_not_listed: not_listed, ..object(&scene, at, node) }
    });
    let below = left.iter().enumerate().map(|(at, node)| object(&scene, nodes.len() + at, node));
    WaitGraph {
        waiting,
        unnamed: parked(snapshot).saturating_sub(waiting),
        awaited: waits.objects.len() as u64,
        groups: groups(&scene, &drawn, &names),
        objects: objects.collect(),
        waits: lines(&nodes, 0, &names),
        cycles: rings.iter().map(|ring| cycle(&scene, &placed, ring)).collect(),
        one_instant: waits.frozen,
        searched: waits.searched || waits.recorded,
        followed: waits.followed,
        rest: GraphRest {
            groups: groups(&scene, &beyond, &names),
            objects: below.collect(),
            waits: lines(&left, nodes.len(), &names),
        },
    }
}

/// What the graph is made from.
pub struct Scene<'a> {
    /// All goroutines.
    pub snapshot: &'a Snapshot,
    /// Their waits.
    pub waits: &'a Waits,
    /// Their families.
    pub census: &'a Census,
    /// Group and family of each cluster.
    pub of: Vec<(usize, usize)>,
    /// Goroutines nothing can wake.
    pub leaked: FxHashSet<u64>,
}

/// Names of families within the graph.
type Names = FxHashMap<usize, String>;

/// Where everything stands in the picture.
pub struct Placed<'a> {
    names: &'a Names,
    /// Families in the picture; those named later are not.
    drawn: usize,
    nodes: &'a [Node],
}

impl Placed<'_> {
    /// The name of a cluster's group, where it is in the picture.
    pub fn group(&self, scene: &Scene, cluster: ClusterId) -> Option<String> {
        let name = self.names.get(&scene.family(cluster))?;
        let number: usize = name.trim_start_matches('g').parse().ok()?;
        (number <= self.drawn).then(|| name.clone())
    }

    /// The name of the node an object is in.
    pub fn object(&self, object: usize) -> Option<String> {
        let at = self.nodes.iter().position(|node| node.objects.binary_search(&object).is_ok())?;
        Some(format!("o{}", at + 1))
    }
}

/// What comes first.
struct Pressing {
    /// Objects of rings.
    ringed: FxHashSet<usize>,
    /// Families of findings.
    found: FxHashSet<usize>,
}

impl Pressing {
    fn of(scene: &Scene, rings: &[Ring], found: &BTreeSet<String>) -> Pressing {
        let waiters =
            rings.iter().flat_map(|ring| ring.members.iter().chain(&ring.like)).map(|waiter| &scene.waits.waiters[*waiter]);
        let families = scene.census.families.iter().enumerate();
        Pressing {
            ringed: waiters.flat_map(|waiter| &*waiter.on).map(|(object, _)| *object as usize).collect(),
            found: families.filter(|(_, family)| found.contains(&census::hex(family.id))).map(|(at, _)| at).collect(),
        }
    }

    /// Its rank: lower comes first.
    fn rank(&self, node: &Node) -> u8 {
        if node.ringed {
            0
        } else if node.edges.keys().any(|edge| self.found.contains(&edge.family)) {
            1
        } else {
            2
        }
    }
}

impl Scene<'_> {
    /// The family of a cluster.
    pub fn family(&self, cluster: ClusterId) -> usize {
        self.of[cluster.0 as usize].1
    }

    /// Where the goroutines of a cluster block.
    pub fn place(&self, cluster: ClusterId) -> Place {
        let at = self.census.groups[self.of[cluster.0 as usize].0].at;
        at.map_or_else(Place::default, |frame| place(self.snapshot, frame))
    }
}

/// An address as it is printed.
pub fn hex(address: Address) -> String {
    format!("{:#x}", address.0)
}

fn leaked(snapshot: &Snapshot) -> FxHashSet<u64> {
    if snapshot.clusters.iter().all(|cluster| cluster.leaked == 0) {
        return FxHashSet::default();
    }
    snapshot.goroutines().filter(|(_, goroutine)| goroutine.leaked).map(|(_, goroutine)| goroutine.id).collect()
}

/// The waits a text tells: one object a goroutine at most.
fn told(snapshot: &Snapshot) -> Waits {
    let mut waits = Waits { frozen: true, ..Waits::default() };
    let mut index: FxHashMap<(What, Option<Address>), u32> = FxHashMap::default();
    for (id, goroutine) in snapshot.goroutines() {
        let cluster = &snapshot.clusters[id.0 as usize];
        let class = cluster.state.class();
        let for_ever = [(StateClass::ChanNil, What::NilChannel), (StateClass::SelectNone, What::Nothing)];
        let for_ever = for_ever.into_iter().find(|(of, _)| *of == class).map(|(_, what)| what);
        let named = || cluster.object_kind.filter(|_| goroutine.object.is_some()).map(What::from);
        let Some(what) = for_ever.or_else(named) else { continue };
        let address = goroutine.object.filter(|_| !what.is_for_ever());
        let next = waits.objects.len() as u32;
        let object = *index.entry((what, address)).or_insert(next);
        if object == next {
            waits.objects.push(Awaited { what, address, inside: Inside::default() });
        }
        let on = [(object, side(what, cluster.state.as_str(), class))].into();
        waits.waiters.push(Waiter { goroutine: GoroutineId(goroutine.id), cluster: id, on, select: false });
    }
    waits
}

fn side(what: What, state: &str, class: StateClass) -> Side {
    let channel = matches!(what, What::Channel | What::NilChannel);
    if channel && state.starts_with("chan send") {
        Side::Send
    } else if channel && class != StateClass::Channel {
        Side::Receive
    } else if channel {
        Side::Either
    } else if what == What::RwMutex && state == "sync.RWMutex.RLock" {
        Side::ReadLock
    } else if what.is_lock() {
        Side::Lock
    } else {
        Side::Wake
    }
}

/// Goroutines that wait, whatever on.
fn parked(snapshot: &Snapshot) -> u64 {
    let waits = |class: StateClass| {
        !matches!(
            class,
            StateClass::Running
                | StateClass::Syscall
                | StateClass::Idle
                | StateClass::Gc
                | StateClass::Runtime
                | StateClass::Unknown
        )
    };
    snapshot.clusters.iter().filter(|cluster| waits(cluster.state.class())).map(|cluster| cluster.count).sum()
}

fn homes(snapshot: &Snapshot, census: &Census) -> Vec<(usize, usize)> {
    let mut homes = vec![(0, 0); snapshot.clusters.len()];
    for (family, of) in census.families.iter().enumerate() {
        for group in &of.groups {
            for cluster in &census.groups[*group].clusters {
                homes[cluster.0 as usize] = (*group, family);
            }
        }
    }
    homes
}

/// How goroutines of a family wait on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Edge {
    family: usize,
    side: Side,
    select: bool,
}

type Edges = BTreeMap<Edge, u64>;

/// The edges of each object.
fn edges(scene: &Scene) -> Vec<Edges> {
    let mut edges = vec![Edges::new(); scene.waits.objects.len()];
    for waiter in &scene.waits.waiters {
        let family = scene.family(waiter.cluster);
        for (object, side) in &waiter.on {
            *edges[*object as usize].entry(Edge { family, side: *side, select: waiter.select }).or_default() += 1;
        }
    }
    edges
}

/// Objects that are alike.
pub struct Node {
    /// Indices, ascending.
    objects: Vec<usize>,
    edges: Edges,
    ringed: bool,
}

impl Node {
    fn waits(&self) -> u64 {
        self.edges.values().sum()
    }
}

/// How much alike objects of one node are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// The same inside, waited on by as many of the same.
    Close,
    /// Of one kind, waited on by the same families.
    Loose,
}

/// The nodes that fit, those that press first, and those that do not.
fn nodes(scene: &Scene, edges: &[Edges], pressing: &Pressing) -> (Vec<Node>, Vec<Node>) {
    let mut nodes = gather(scene, edges, pressing, Likeness::Close);
    if fitting(&nodes) < nodes.len() {
        nodes = gather(scene, edges, pressing, Likeness::Loose);
    }
    let left = nodes.split_off(fitting(&nodes));
    (nodes, left)
}

fn families_of(nodes: &[Node]) -> impl Iterator<Item = usize> {
    nodes.iter().flat_map(|node| node.edges.keys().map(|edge| edge.family))
}

/// How many of the first nodes fit, with the families that wait on them.
fn fitting(nodes: &[Node]) -> usize {
    let mut families = BTreeSet::new();
    let fits = |(at, node): (usize, &Node)| {
        families.extend(node.edges.keys().map(|edge| edge.family));
        at + 1 + families.len() <= NODES_MAX
    };
    nodes.iter().enumerate().map(fits).take_while(|fits| *fits).count()
}

/// The families of the picture: those that wait, and as many as there is room for of those who may hold what they wait on.
fn drawn_families(scene: &Scene, nodes: &[Node], held: &[(Vec<Candidate>, u64)]) -> Vec<usize> {
    let mut drawn: BTreeSet<usize> = families_of(nodes).collect();
    for candidate in held.iter().flat_map(|(candidates, _)| candidates) {
        if nodes.len() + drawn.len() < NODES_MAX {
            drawn.extend(candidate.cluster.map(|cluster| scene.family(cluster)));
        }
    }
    ordered(scene, drawn.into_iter())
}

/// Families by size.
fn ordered(scene: &Scene, families: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut families: Vec<usize> = families.collect::<BTreeSet<usize>>().into_iter().collect();
    families.sort_by_key(|family| (std::cmp::Reverse(scene.census.families[*family].count), *family));
    families
}

fn gather(scene: &Scene, edges: &[Edges], pressing: &Pressing, likeness: Likeness) -> Vec<Node> {
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    for (index, own) in edges.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
        let object = &scene.waits.objects[index];
        let inside = &object.inside;
        let close = (likeness == Likeness::Close).then_some((
            (inside.closed, inside.capacity, inside.buffered),
            (inside.locked, inside.counter, inside.readers_left),
            own.values().copied().collect::<Vec<u64>>(),
        ));
        let ringed = pressing.ringed.contains(&index);
        let key = (object.what, own.keys().copied().collect::<Vec<Edge>>(), close, ringed);
        let at = *alike.entry(key).or_insert(nodes.len());
        if at == nodes.len() {
            nodes.push(Node { objects: Vec::new(), edges: Edges::new(), ringed });
        }
        nodes[at].objects.push(index);
        for (edge, count) in own {
            *nodes[at].edges.entry(*edge).or_default() += count;
        }
    }
    nodes.sort_by_key(|node| {
        let first = &scene.waits.objects[node.objects[0]];
        (pressing.rank(node), std::cmp::Reverse(node.waits()), first.what, first.address)
    });
    nodes
}

fn groups(scene: &Scene, families: &[usize], names: &Names) -> Vec<GraphGroup> {
    let of = |family: &usize| {
        let home = &scene.census.families[*family];
        let first = &scene.census.groups[home.groups[0]];
        let clusters = home.groups.iter().flat_map(|group| &scene.census.groups[*group].clusters);
        let logs = clusters.map(|cluster| &scene.snapshot.clusters[cluster.0 as usize].log);
        let mut goroutines: Vec<u64> = logs.flat_map(|log| log.iter().take(IDS_MAX)).map(|one| one.id).collect();
        goroutines.sort_unstable();
        goroutines.truncate(IDS_MAX);
        GraphGroup {
            id: names[family].clone(),
            family: census::hex(home.id),
            count: home.count,
            leaked: home.leaked,
            state: first.state.as_str().to_owned(),
            at: first.at.map_or_else(Place::default, |frame| place(scene.snapshot, frame)),
            created_by: first.created_by.map(|frame| place(scene.snapshot, frame)),
            goroutines,
        }
    };
    families.iter().map(of).collect()
}

/// The waits on nodes that are numbered from `first` on.
fn lines(nodes: &[Node], first: usize, names: &Names) -> Vec<GraphWait> {
    let of = |(at, node): (usize, &Node)| -> Vec<GraphWait> {
        let line = |(edge, count): (&Edge, &u64)| GraphWait {
            group: names[&edge.family].clone(),
            object: format!("o{}", first + at + 1),
            side: edge.side,
            select: edge.select,
            count: *count,
        };
        node.edges.iter().map(line).collect()
    };
    nodes.iter().enumerate().flat_map(of).collect()
}

fn object(scene: &Scene, at: usize, node: &Node) -> GraphObject {
    let first = &scene.waits.objects[node.objects[0]];
    let insides = node.objects.iter().map(|index| &scene.waits.objects[*index].inside);
    GraphObject {
        id: format!("o{}", at + 1),
        kind: first.what,
        count: node.objects.len() as u64,
        waiters: node.waits(),
        address: first.address.filter(|_| node.objects.len() == 1).map(hex),
        inside: insides
            .fold(None, |sum: Option<Inside>, one| Some(sum.map_or_else(|| one.clone(), |sum| common(sum, one))))
            .unwrap_or_default(),
        for_ever: first.what.is_for_ever(),
        holders: Vec::new(),
        holders_not_listed: 0,
    }
}

/// What two objects have in common.
fn common(mut one: Inside, other: &Inside) -> Inside {
    fn same<T: PartialEq>(one: &mut Option<T>, other: Option<&T>) {
        if one.as_ref() != other {
            *one = None;
        }
    }
    same(&mut one.buffered, other.buffered.as_ref());
    same(&mut one.capacity, other.capacity.as_ref());
    same(&mut one.closed, other.closed.as_ref());
    same(&mut one.senders, other.senders.as_ref());
    same(&mut one.receivers, other.receivers.as_ref());
    same(&mut one.locked, other.locked.as_ref());
    same(&mut one.starving, other.starving.as_ref());
    same(&mut one.own_waiters, other.own_waiters.as_ref());
    same(&mut one.readers, other.readers.as_ref());
    same(&mut one.readers_left, other.readers_left.as_ref());
    same(&mut one.counter, other.counter.as_ref());
    same(&mut one.fires_in_ms, other.fires_in_ms.as_ref());
    same(&mut one.fd, other.fd.as_ref());
    same(&mut one.endpoint, other.endpoint.as_ref());
    one
}
