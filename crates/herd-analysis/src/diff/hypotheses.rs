//! What is compared: functions of the application with all they call, those that always stand in the same stacks as one, and each
//! function by what it costs itself, standard library and runtime below it included.

use rustc_hash::FxHashMap;

use super::paths::{Both, Func, Functions, Paths};
use crate::statistics::random::mixed;

/// Functions that stand in the same stacks.
#[derive(Clone, Debug)]
pub(super) struct Together {
    /// Innermost first.
    pub functions: Vec<Func>,
    /// What they have with all they call.
    pub whole: Both,
    /// Calls of the application down to the innermost of them, by weight: Σ calls · amount.
    pub depth: (f64, f64),
}

/// What all stacks say of each function of the application.
#[derive(Debug)]
pub(super) struct Measured {
    pub together: Vec<Together>,
    /// Index into `together` a function; nothing for those of the standard library, and those without weight.
    pub of_function: Vec<Option<usize>>,
    /// What each function has itself, by function: stacks in which it is the innermost of the application.
    pub own: Vec<Own>,
    /// Σ over all stacks.
    pub whole: Both,
    /// The part of it that waits for events.
    pub awaited: Both,
    /// Σ calls of the application · amount, over all stacks.
    pub depth: (f64, f64),
    /// Goroutines that serve connections: load that a profile shows by itself.
    pub connections: Both,
}

/// What a function has itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    pub weights: Both,
    /// The part of it that waits for something to happen, rather than for something others hold.
    pub awaited: Both,
}

/// Functions below which a goroutine waits for an event: a value, a signal, the end of others. How long that takes is the doing of
/// whoever brings it, and idle workers wait longest (`runtime/chan.go`, `select.go`, `sync`, Go 1.21 to 1.27).
const AWAITS: &[&str] = &[
    "runtime.chanrecv",
    "runtime.selectgo",
    "runtime.block",
    "sync.(*Cond).Wait",
    "sync.(*WaitGroup).Wait",
    "reflect.chanrecv",
    "reflect.rselect",
];

/// Functions that serve one connection each (`net/http/server.go`, `h2_bundle.go`, from Go 1.27 on `net/http/internal/http2`;
/// `golang.org/x/net/http2`, `google.golang.org/grpc/internal/transport`).
const SERVES: &[&str] = &[
    "net/http.(*conn).serve",
    "net/http.(*http2serverConn).serve",
    "net/http/internal/http2.(*serverConn).serve",
    "golang.org/x/net/http2.(*serverConn).serve",
    "google.golang.org/grpc/internal/transport.(*http2Server).HandleStreams",
];

/// Cost: two passes over the frames of all distinct stacks.
pub(super) fn measure(functions: &Functions, paths: &Paths) -> Measured {
    let len = functions.list.len();
    let awaits: Vec<bool> = functions.list.iter().map(|known| AWAITS.iter().any(|name| known.name.starts_with(name))).collect();
    let serves: Vec<bool> = functions.list.iter().map(|known| SERVES.contains(&&*known.name)).collect();
    let mut connections = Both::default();
    let mut sums = vec![Sum::default(); len];
    let mut own = vec![Own::default(); len];
    let mut seen = vec![usize::MAX; len];
    let (mut whole, mut depth) = (Both::default(), (0.0, 0.0));
    for (number, (stack, both)) in paths.iter().enumerate() {
        whole.add(&both);
        let calls = stack.iter().filter(|id| functions.get(**id).application).count();
        depth.0 += calls as f64 * both.before.amount;
        depth.1 += calls as f64 * both.after.amount;
        if stack.iter().any(|id| serves[*id as usize]) {
            connections.add(&both);
        }
        let mut inner = 0usize;
        for id in stack {
            if !functions.get(*id).application {
                continue;
            }
            let at = *id as usize;
            if inner == 0 {
                let own = &mut own[at];
                own.weights.add(&both);
                if stack.iter().take_while(|other| *other != id).any(|other| awaits[*other as usize]) {
                    own.awaited.add(&both);
                }
            }
            if seen[at] != number {
                seen[at] = number;
                sums[at].add(number, &both, calls - inner, inner);
            }
            inner += 1;
        }
    }
    let (together, of_function) = together(&sums);
    let mut awaited = Both::default();
    for part in &own {
        awaited.add(&part.awaited);
    }
    Measured { together, of_function, own, whole, awaited, depth, connections }
}

/// What the stacks of one function add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// Equal for functions of the same stacks: a sum of numbers that stand for them, which meets another by chance once in 2⁶⁴.
    stacks: (u64, u32),
    whole: Both,
    depth: (f64, f64),
    /// Calls of the application between the innermost and it, over all stacks.
    inner: u64,
}

impl Sum {
    fn add(&mut self, stack: usize, both: &Both, depth: usize, inner: usize) {
        self.stacks.0 = self.stacks.0.wrapping_add(mixed(stack as u64));
        self.stacks.1 += 1;
        self.whole.add(both);
        self.depth.0 += depth as f64 * both.before.amount;
        self.depth.1 += depth as f64 * both.after.amount;
        self.inner += inner as u64;
    }
}

fn together(sums: &[Sum]) -> (Vec<Together>, Vec<Option<usize>>) {
    let mut index: FxHashMap<(u64, u32), usize> = FxHashMap::default();
    let mut groups: Vec<Together> = Vec::new();
    let mut of_function = vec![None; sums.len()];
    for (id, sum) in (0..).zip(sums) {
        if sum.stacks.1 == 0 {
            continue;
        }
        let group = *index.entry(sum.stacks).or_insert(groups.len());
        of_function[id as usize] = Some(group);
        if group == groups.len() {
            groups.push(Together { functions: Vec::new(), whole: sum.whole, depth: sum.depth });
        }
        groups[group].functions.push(id);
    }
    for group in &mut groups {
        group.functions.sort_by_key(|id| sums[*id as usize].inner);
        if let Some(innermost) = group.functions.first() {
            group.depth = sums[*innermost as usize].depth;
        }
    }
    (groups, of_function)
}
