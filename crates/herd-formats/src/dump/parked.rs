//! What a goroutine of a `debug=1` text waits in, from program counters the text prints without names.
//!
//! The text hides runtime frames but still lists their return addresses before the first named one (`runtime/pprof/pprof.go`,
//! `printStackRecord`). A goroutine parked in `select` hides two (`gopark`, `selectgo`), one in a channel operation three
//! (`gopark`, `chansend` or `chanrecv`, and the compiler's entry `chansend1`, `chanrecv1` or `chanrecv2`). Functions lie in memory
//! as they stand in `runtime/chan.go`: sending before receiving. Checked against full stacks of Go 1.21 to 1.27.

use herd_model::{ClusterId, WaitReason};
use rustc_hash::FxHashMap;

/// Hidden return addresses that are looked at.
const HIDDEN_MAX: usize = 4;

/// What is known of one cluster's hidden frames.
#[derive(Debug)]
struct Hidden {
    cluster: ClusterId,
    pcs: Vec<u64>,
    is_main: bool,
}

/// Hidden addresses of every cluster of a profile whose state the named frames do not tell.
#[derive(Debug, Default)]
pub(super) struct Parked {
    untold: Vec<Hidden>,
    /// First addresses of goroutines that are parked for certain: in a lock, a sleep, on the network.
    parks: FxHashMap<u64, u32>,
}

/// The entries found in a profile.
#[derive(Clone, Copy, Debug)]
enum Entries {
    /// One alone, which may be either.
    Untold,
    /// `chanrecv1` and `chanrecv2`.
    AllReceiving,
    /// This return address lies in `chansend1`; the others receive.
    Sending(u64),
}

impl Parked {
    /// Notes a record: its addresses, the first named one, and the state its named frames tell.
    pub(super) fn note(&mut self, cluster: ClusterId, pcs: &[u64], first_named: Option<u64>, state: &WaitReason, is_main: bool) {
        // The address of a line is that of the call, one below the return address.
        let named = first_named.and_then(|named| pcs.iter().position(|pc| pc.checked_sub(1) == Some(named)));
        let Some(hidden) = named.filter(|count| *count > 0 && *count <= HIDDEN_MAX) else { return };
        if *state == WaitReason::Unknown {
            self.untold.push(Hidden { cluster, pcs: pcs[..hidden].to_vec(), is_main });
        } else if !matches!(state, WaitReason::Syscall | WaitReason::Running | WaitReason::Coroutine) {
            *self.parks.entry(pcs[0]).or_default() += 1;
        }
    }

    /// The states that follow, all records seen; clusters it cannot tell are left out. Cost: linear in clusters.
    pub(super) fn tell(&self) -> Vec<(ClusterId, WaitReason)> {
        let Some(park) = self.park() else { return Vec::new() };
        let parked = || self.untold.iter().filter(move |hidden| hidden.pcs[0] == park);
        let entries = self.entries(park);
        let mut told: Vec<(ClusterId, WaitReason)> =
            parked().filter(|hidden| hidden.pcs.len() == 2).map(|hidden| (hidden.cluster, WaitReason::Select)).collect();
        told.extend(parked().filter(|hidden| hidden.pcs.len() == 3).map(|hidden| {
            let state = match entries {
                Entries::Untold => WaitReason::ChanOperation,
                Entries::Sending(entry) if entry == hidden.pcs[2] => WaitReason::ChanSend,
                Entries::Sending(_) | Entries::AllReceiving => WaitReason::ChanReceive,
            };
            (hidden.cluster, state)
        }));
        told
    }

    /// The return address in `gopark`: that of goroutines parked for certain, else the most frequent.
    fn park(&self) -> Option<u64> {
        let mut counts: Vec<(u32, u64)> = self.parks.iter().map(|(pc, count)| (*count, *pc)).collect();
        if counts.is_empty() {
            let mut seen: FxHashMap<u64, u32> = FxHashMap::default();
            for hidden in self.untold.iter().filter(|hidden| hidden.pcs.len() > 1) {
                *seen.entry(hidden.pcs[0]).or_default() += 1;
            }
            counts = seen.into_iter().map(|(pc, count)| (count, pc)).collect();
        }
        counts.into_iter().max().map(|(_, pc)| pc)
    }

    /// Which of the compiler's entries into channel operations sends.
    fn entries(&self, park: u64) -> Entries {
        let on_channel: Vec<&Hidden> =
            self.untold.iter().filter(|hidden| hidden.pcs[0] == park && hidden.pcs.len() == 3).collect();
        let mut entries: Vec<u64> = on_channel.iter().map(|hidden| hidden.pcs[2]).collect();
        entries.sort_unstable();
        entries.dedup();
        let operations = |entry: u64| {
            let mut pcs: Vec<u64> =
                on_channel.iter().filter(|hidden| hidden.pcs[2] == entry).map(|hidden| hidden.pcs[1]).collect();
            pcs.sort_unstable();
            pcs
        };
        // `main` waits for its servers; it does not block in a send for the life of a service.
        let received_by_main = |entry: u64| on_channel.iter().any(|hidden| hidden.is_main && hidden.pcs[2] == entry);
        match entries.as_slice() {
            [only] if received_by_main(*only) => Entries::AllReceiving,
            [] | [_] => Entries::Untold,
            [first, second] => {
                // Both receiving entries park at the same place in `chanrecv`; a sending one parks elsewhere.
                let shared = operations(*first).iter().any(|pc| operations(*second).contains(pc));
                if shared { Entries::AllReceiving } else { Entries::Sending(*first) }
            }
            [lowest, ..] => Entries::Sending(*lowest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARK: u64 = 0x100;

    #[track_caller]
    fn check(records: &[(&[u64], bool)], expect: &[WaitReason]) {
        let mut parked = Parked::default();
        for (at, (pcs, is_main)) in (0u32..).zip(records) {
            let named = pcs[pcs.len() - 1] - 1;
            parked.note(ClusterId(at), pcs, Some(named), &WaitReason::Unknown, *is_main);
        }
        let mut told = parked.tell();
        told.sort_by_key(|(cluster, _)| *cluster);
        assert_eq!(told.into_iter().map(|(_, state)| state).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn sends_lie_below_receives_and_selects_hide_one_frame_less() {
        let send: &[u64] = &[PARK, 0x250, 0x210, 0x900];
        let receive: &[u64] = &[PARK, 0x450, 0x410, 0x910];
        let range: &[u64] = &[PARK, 0x450, 0x420, 0x920];
        let select: &[u64] = &[PARK, 0x650, 0x930];
        check(
            &[(send, false), (receive, false), (range, false), (select, false)],
            &[WaitReason::ChanSend, WaitReason::ChanReceive, WaitReason::ChanReceive, WaitReason::Select],
        );
        check(&[(send, false), (range, false)], &[WaitReason::ChanSend, WaitReason::ChanReceive]);
        check(&[(receive, false), (range, false)], &[WaitReason::ChanReceive, WaitReason::ChanReceive]);
        // One entry alone may be either, unless main stands there.
        check(&[(send, false)], &[WaitReason::ChanOperation]);
        check(&[(receive, true)], &[WaitReason::ChanReceive]);
    }
}
