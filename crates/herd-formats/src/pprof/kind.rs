//! What a profile is of, told by what it counts and, where block and mutex profiles count alike, by its innermost functions.

use herd_model::{Profile, ProfileKind};

/// The kind of a profile in profile.proto. The names are those of `runtime/pprof` (Go 1.21 to 1.27: `proto.go`, `protomem.go`,
/// `printCountProfile`, `printCountCycleProfile`).
pub fn of(profile: &Profile) -> ProfileKind {
    let names: Vec<&str> = profile.sample_types.iter().map(|kind| &*kind.name).collect();
    match names[..] {
        [.., "cpu"] => ProfileKind::Cpu,
        ["goroutine"] => ProfileKind::Goroutine,
        ["goroutineleak"] => ProfileKind::GoroutineLeak,
        ["threadcreate"] => ProfileKind::ThreadCreate,
        ["contentions", "delay"] => contention(profile),
        ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
        | ["inuse_objects", "inuse_space"]
        | ["objects", "space"] => match profile.default_sample_type.as_deref() {
            Some("alloc_space" | "alloc_objects") => ProfileKind::Allocs,
            _ => ProfileKind::Heap,
        },
        ["alloc_objects", "alloc_space"] => ProfileKind::Allocs,
        _ => ProfileKind::Other,
    }
}

/// Block and mutex profiles have the same form. A mutex profile is charged to the call that lets go, a block profile to the one that
/// waits, so every stack of one kind ends in such a call.
fn contention(profile: &Profile) -> ProfileKind {
    let (mut lets_go, mut waits) = (0usize, 0usize);
    for stack in &profile.samples.stacks {
        let Some(line) = profile.frames(*stack).find_map(|frame| frame.line) else { continue };
        let name = profile.function_name(line.function);
        // The second stands for runtime locks whose stacks were not kept (`runtime/proc.go`, Go 1.22).
        if name.contains("nlock") || name == "runtime._LostContendedRuntimeLock" {
            lets_go += 1;
        } else if name.ends_with("ock") || WAITS.contains(&name) {
            waits += 1;
        }
    }
    match (lets_go, waits) {
        (0, 0) => ProfileKind::Contention,
        (lets_go, waits) if lets_go > 10 * waits => ProfileKind::Mutex,
        (lets_go, waits) if waits > 10 * lets_go => ProfileKind::Block,
        _ => ProfileKind::Contention,
    }
}

/// Innermost calls of a block profile that are not `Lock` (`runtime.blockevent` and its callers, Go 1.21 to 1.27).
const WAITS: &[&str] = &[
    "runtime.chanrecv1",
    "runtime.chanrecv2",
    "runtime.chansend1",
    "runtime.selectgo",
    "runtime.block",
    "sync.(*WaitGroup).Wait",
    "sync.(*Cond).Wait",
    "reflect.chanrecv",
    "reflect.chansend0",
    "reflect.rselect",
];
