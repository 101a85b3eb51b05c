//! Who holds a heap, in tables and ways.

use herd_model::{HeapHolders, HeldBy, HeldSite, HolderKind, HolderRoot, HolderStep};

use crate::{
    diff::amount,
    figure::{percent, thousands},
    gate::Sheet,
    heap::line,
    layout::Align,
    messages::Messages,
    name::func_tail,
};

/// Steps at either end of a way whose middle is left out.
const STEPS_SHOWN: usize = 4;

/// The roots, and line by line who holds what it has allocated.
pub fn sheets(holders: &HeapHolders, say: &Messages) -> Vec<Sheet> {
    [roots(holders, say)].into_iter().chain((!holders.sites.is_empty()).then(|| sites(holders, say))).collect()
}

fn roots(holders: &HeapHolders, say: &Messages) -> Sheet {
    let cells = |share: &herd_model::RootShare| {
        let part = percent(share.bytes, holders.bytes);
        vec![bytes(share.bytes), part, thousands(share.objects), root(&share.root, say)]
    };
    let mut remarks = Vec::new();
    if holders.roots_left_out > 0 {
        remarks.push(say.count("heap-roots-left-out", holders.roots_left_out));
    }
    if holders.unreached_objects > 0 {
        let (objects, held) = (thousands(holders.unreached_objects), bytes(holders.unreached_bytes));
        remarks.push(say.say_with("heap-unreached", &[("objects", &objects), ("bytes", &held)]));
    }
    let (objects, looked) = (thousands(holders.objects), bytes(holders.looked_bytes));
    remarks.push(say.say_with("heap-held-legend", &[("objects", &objects), ("looked", &looked)]));
    Sheet {
        title: say.say("heap-holders"),
        head: heads(&["held", "share", "samples", "holder"], say),
        rows: holders.roots.iter().map(cells).collect(),
        remarks,
        heat: Vec::new(),
    }
}

fn sites(holders: &HeapHolders, say: &Messages) -> Sheet {
    let cells = |site: &HeldSite, held: &HeldBy| {
        let root = root_at(&held.root, func_tail(&held.root.name), say);
        vec![bytes(held.bytes), percent(held.bytes, site.bytes), thousands(held.objects), line(&site.at), root]
    };
    let rows = holders.sites.iter().flat_map(|site| site.held.iter().map(move |held| cells(site, held)));
    let ways = holders.sites.iter().flat_map(|site| {
        let at = line(&site.at);
        let left_out = (site.roots_left_out > 0).then(|| {
            let others = thousands(site.roots_left_out);
            say.say_with("heap-site-left-out", &[("line", &at), ("n", &others)])
        });
        let unreached = (site.unreached_objects > 0).then(|| {
            let objects = thousands(site.unreached_objects);
            say.say_with("heap-site-unreached", &[("line", &at), ("objects", &objects), ("bytes", &bytes(site.unreached_bytes))])
        });
        let ways = site.held.iter().map(|held| {
            let way = way(held, say);
            say.say_with("heap-way", &[("line", &line(&site.at)), ("way", &way)])
        });
        ways.chain(left_out).chain(unreached).collect::<Vec<_>>()
    });
    let mut head = heads(&["held", "share", "samples", "line", "holder"], say);
    head[3].1 = Align::Left;
    Sheet { title: say.say("heap-held-lines"), head, rows: rows.collect(), remarks: ways.collect(), heat: Vec::new() }
}

/// `main.cache+8 → 272 B → 20,000 × 1,024 B (main.fill main.go:66)`.
fn way(held: &HeldBy, say: &Messages) -> String {
    // One of several goroutines.
    let from = root(&HolderRoot { goroutines: 1, ..held.root.clone() }, say);
    let mut parts = vec![match held.root.offset {
        0 => from,
        offset => format!("{from}+{offset}"),
    }];
    for (at, step) in held.steps.iter().enumerate() {
        if at == STEPS_SHOWN && held.steps_left_out > 0 {
            parts.push(say.count("heap-steps-left-out", held.steps_left_out));
        }
        parts.push(object(step));
    }
    parts.join(" → ")
}

fn object(step: &HolderStep) -> String {
    let size = bytes(step.bytes);
    let many = if step.objects > 1 { format!("{} × {size}", thousands(step.objects)) } else { size };
    match &step.allocated_at {
        Some(at) => format!("{many} ({})", line(at)),
        None => many,
    }
}

/// What a root is called, with the place of a goroutine's frame.
fn root(root: &HolderRoot, say: &Messages) -> String {
    let at = root.at.as_ref().map_or_else(|| func_tail(&root.name).to_owned(), line);
    root_at(root, &at, say)
}

/// The same where a goroutine's frame is called as told.
fn root_at(root: &HolderRoot, at: &str, say: &Messages) -> String {
    let key = match root.kind {
        HolderKind::Variable => return root.name.clone(),
        HolderKind::Runtime => "heap-root-runtime",
        HolderKind::Finalizer => "heap-root-finalizer",
        HolderKind::Other => "heap-root-other",
        HolderKind::Register => "heap-root-register",
        HolderKind::Goroutine if root.goroutines > 1 => "heap-root-goroutines",
        HolderKind::Goroutine => "heap-root-goroutine",
    };
    let (id, count) = (root.goroutine.unwrap_or(0).to_string(), thousands(root.goroutines));
    say.say_with(key, &[("name", &root.name), ("at", at), ("id", &id), ("count", &count)])
}

fn heads(keys: &[&str], say: &Messages) -> Vec<(String, Align)> {
    let last = keys.len().saturating_sub(1);
    let align = |at: usize| if at == last { Align::Tail } else { Align::Right };
    keys.iter().enumerate().map(|(at, key)| (say.say(&format!("heap-head-{key}")), align(at))).collect()
}

fn bytes(value: u64) -> String {
    amount(value as f64, "bytes")
}
