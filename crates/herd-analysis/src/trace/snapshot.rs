//! The goroutines that had not ended with the trace, as a dump taken at its end would list them.

use herd_model::{FrameId, Goroutine, Origin, Snapshot, SnapshotBuilder, Stack, StackId, TraceTables, WaitReason, is_runtime};

use super::lives::{Alive, AliveState};
use super::waits::UNSEEN;

/// Nanoseconds of a minute, the unit of ages in a dump.
const MINUTE_NS: u64 = 60_000_000_000;

/// Goroutines of the program that were there when the trace ended. Where the trace does not tell where one stands (Go 1.22, of those
/// that were there before), it is left out and counted.
pub fn snapshot(alive: &[Alive], tables: &TraceTables) -> (Snapshot, u64) {
    let mut builder = SnapshotBuilder::new(Origin::Trace);
    let mut left_out = 0;
    for goroutine in alive.iter().filter(|alive| !alive.system) {
        let frames = frames(goroutine.stack, tables);
        let waits = goroutine.state == AliveState::Waiting;
        if frames.is_empty() && waits {
            left_out += 1;
            continue;
        }
        let copied = |builder: &mut SnapshotBuilder, frame: &FrameId| {
            let frame = tables.frames[frame.0 as usize];
            builder.frame(tables.names.text(frame.func), tables.names.text(frame.file), frame.line)
        };
        let state = state(goroutine, tables);
        // Where it ran last is not where it runs now.
        let shown = if waits || goroutine.state == AliveState::Syscall { frames } else { Vec::new() };
        let stack = Stack {
            frames: shown.iter().map(|frame| copied(&mut builder, frame)).collect(),
            created_by: goroutine.created_by.map(|frame| copied(&mut builder, &frame)),
            ..Stack::default()
        };
        let stack = builder.stack(stack);
        let cluster = builder.cluster(stack, state);
        let minutes = u32::try_from(goroutine.for_ns / MINUTE_NS).unwrap_or(u32::MAX);
        let aged = waits.then_some(minutes).filter(|minutes| *minutes > 0);
        builder.log(cluster, &Goroutine { id: goroutine.id, wait_minutes: aged, ..Goroutine::default() });
    }
    (builder.finish(), left_out)
}

/// Frames as a dump lists them: without the runtime's own inside the wait, and without the one every goroutine begins in.
fn frames(stack: StackId, tables: &TraceTables) -> Vec<FrameId> {
    let all = tables.frames_of(stack);
    let own = |frame: &&FrameId| is_runtime(tables.func(**frame));
    let inner = all.iter().take_while(own).count();
    let outer = all[inner..].iter().rev().take_while(own).count();
    all[inner..all.len() - outer].to_vec()
}

/// The state a dump would show (`runtime/traceruntime.go`, `traceBlockReasonStrings`). Nil channels are told by the reason alone: Go gives both them and an empty select the reason `forever`
/// (`runtime/traceruntime.go`, `traceBlockForever`).
fn state(goroutine: &Alive, tables: &TraceTables) -> WaitReason {
    match goroutine.state {
        AliveState::Running => return WaitReason::Running,
        AliveState::Runnable => return WaitReason::Runnable,
        AliveState::Syscall => return WaitReason::Syscall,
        AliveState::Waiting => {}
    }
    let calls = |func: &str| tables.frames_of(goroutine.stack).iter().any(|frame| tables.func(*frame).starts_with(func));
    match goroutine.reason.as_deref().unwrap_or_default() {
        "forever" if calls("runtime.chanrecv") => WaitReason::ChanReceiveNil,
        "forever" if calls("runtime.chansend") => WaitReason::ChanSendNil,
        "forever" if calls("runtime.block") => WaitReason::SelectNoCases,
        "network" => WaitReason::IoWait,
        "select" => WaitReason::Select,
        "chan send" => WaitReason::ChanSend,
        "chan receive" => WaitReason::ChanReceive,
        "sleep" => WaitReason::Sleep,
        "sync.(*Cond).Wait" => WaitReason::CondWait,
        "sync.(*Mutex).Lock" => WaitReason::MutexLock,
        "sync.(*RWMutex).RLock" => WaitReason::RwMutexRLock,
        "sync.(*RWMutex).Lock" => WaitReason::RwMutexLock,
        "sync.(*WaitGroup).Wait" => WaitReason::WaitGroupWait,
        "coroutine switch" => WaitReason::Coroutine,
        "GC mark assist wait for work" => WaitReason::GcAssistWait,
        "GC background sweeper wait" => WaitReason::GcSweepWait,
        "GC weak to strong wait" => WaitReason::GcWeakToStrongWait,
        "wait until GC ends" => WaitReason::WaitForGcCycle,
        "wait for debug call" => WaitReason::DebugCall,
        "preempted" => WaitReason::Preempted,
        "synctest" => WaitReason::SynctestWait,
        // The one of these that is no goroutine of the runtime's own.
        "system goroutine wait" => WaitReason::TraceReaderBlocked,
        // What of package sync locks inside: `sync.(*Once).Do`.
        called if called.starts_with("sync.") => WaitReason::MutexLock,
        "runtime semaphore" | "unspecified" => WaitReason::Semacquire,
        "" | UNSEEN => WaitReason::Unknown,
        other => WaitReason::Other(other.into()),
    }
}
