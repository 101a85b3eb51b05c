//! One goroutine, and the compact log that keeps millions of them.

/// A goroutine's id within its process; never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GoroutineId(pub u64);

/// An address in the target's memory that the witness gave exactly (never a `?` value).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub u64);

/// Index into [`crate::Snapshot::label_sets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelSetId(pub u32);

/// What a dump says of one goroutine beyond its cluster (stack and wait reason).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four independent tags of the header, as the runtime prints them")]
pub struct Goroutine {
    /// Id; zero where the text gave none.
    pub id: u64,
    /// The goroutine that started it (`created by F in goroutine N`, Go 1.21+).
    pub parent: Option<GoroutineId>,
    /// Whole minutes since a collection first saw it blocked; absent below one minute.
    pub wait_minutes: Option<u32>,
    /// The channel, mutex or WaitGroup it waits on.
    pub object: Option<Address>,
    /// Its pprof labels.
    pub labels: Option<LabelSetId>,
    /// The synctest bubble or group it lives in.
    pub bubble: Option<u64>,
    /// Locked to its thread.
    pub locked: bool,
    /// Tagged `(leaked)` by the runtime.
    pub leaked: bool,
    /// Tagged `(scan)`.
    pub scan: bool,
    /// Tagged `(durable)`.
    pub durable: bool,
}

/// Goroutines of one cluster in about six bytes each: flags, then differences to the one before as LEB128 varints.
///
/// Push and iterate only; order is kept. Two million goroutines take about 12 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoroutineLog {
    bytes: Vec<u8>,
    len: u64,
    last: Goroutine,
}

const HAS_PARENT: u16 = 1;
const HAS_MINUTES: u16 = 1 << 1;
const HAS_OBJECT: u16 = 1 << 2;
const HAS_LABELS: u16 = 1 << 3;
const HAS_BUBBLE: u16 = 1 << 4;
const LOCKED: u16 = 1 << 5;
const LEAKED: u16 = 1 << 7;
const SCAN: u16 = 1 << 8;
const DURABLE: u16 = 1 << 9;

impl GoroutineLog {
    /// Number of goroutines kept.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory the records take.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends one goroutine.
    pub fn push(&mut self, goroutine: Goroutine) {
        let mut flags = 0;
        let mut set = |on: bool, bit: u16| {
            if on {
                flags |= bit;
            }
        };
        set(goroutine.parent.is_some(), HAS_PARENT);
        set(goroutine.wait_minutes.is_some(), HAS_MINUTES);
        set(goroutine.object.is_some(), HAS_OBJECT);
        set(goroutine.labels.is_some(), HAS_LABELS);
        set(goroutine.bubble.is_some(), HAS_BUBBLE);
        set(goroutine.locked, LOCKED);
        set(goroutine.leaked, LEAKED);
        set(goroutine.scan, SCAN);
        set(goroutine.durable, DURABLE);
        // LEB128 too: the common flags fit its first seven bits.
        write_varint(&mut self.bytes, u64::from(flags));
        write_delta(&mut self.bytes, self.last.id, goroutine.id);
        if let Some(parent) = goroutine.parent {
            write_delta(&mut self.bytes, self.last.parent.map_or(0, |id| id.0), parent.0);
        }
        if let Some(minutes) = goroutine.wait_minutes {
            write_varint(&mut self.bytes, u64::from(minutes));
        }
        if let Some(object) = goroutine.object {
            write_delta(&mut self.bytes, self.last.object.map_or(0, |at| at.0), object.0);
        }
        if let Some(labels) = goroutine.labels {
            write_varint(&mut self.bytes, u64::from(labels.0));
        }
        if let Some(bubble) = goroutine.bubble {
            write_varint(&mut self.bytes, bubble);
        }
        self.last = carry(self.last, goroutine);
        self.len += 1;
    }

    /// The goroutines in the order they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = Goroutine> + '_ {
        let mut rest = self.bytes.as_slice();
        let mut last = Goroutine::default();
        (0..self.len).map(move |_| {
            let goroutine = read_record(&mut rest, last);
            last = carry(last, goroutine);
            goroutine
        })
    }
}

/// What the next record's differences are taken from: an absent parent or object leaves the one before in place.
fn carry(last: Goroutine, new: Goroutine) -> Goroutine {
    Goroutine { parent: new.parent.or(last.parent), object: new.object.or(last.object), ..new }
}

fn read_record(rest: &mut &[u8], last: Goroutine) -> Goroutine {
    let flags = read_varint(rest) as u16;
    let has = |bit: u16| flags & bit != 0;
    let id = read_delta(rest, last.id);
    let parent = has(HAS_PARENT).then(|| GoroutineId(read_delta(rest, last.parent.map_or(0, |id| id.0))));
    let wait_minutes = has(HAS_MINUTES).then(|| read_varint(rest) as u32);
    let object = has(HAS_OBJECT).then(|| Address(read_delta(rest, last.object.map_or(0, |at| at.0))));
    let labels = has(HAS_LABELS).then(|| LabelSetId(read_varint(rest) as u32));
    let bubble = has(HAS_BUBBLE).then(|| read_varint(rest));
    Goroutine {
        id,
        parent,
        wait_minutes,
        object,
        labels,
        bubble,
        locked: has(LOCKED),
        leaked: has(LEAKED),
        scan: has(SCAN),
        durable: has(DURABLE),
    }
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_delta(out: &mut Vec<u8>, from: u64, to: u64) {
    let delta = to.wrapping_sub(from).cast_signed();
    write_varint(out, ((delta << 1) ^ (delta >> 63)).cast_unsigned());
}

fn read_varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    while let Some((&byte, tail)) = rest.split_first() {
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    value
}

fn read_delta(rest: &mut &[u8], from: u64) -> u64 {
    let zigzag = read_varint(rest);
    from.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_read_back_in_order() {
        let first = Goroutine { id: 4711, parent: Some(GoroutineId(1)), wait_minutes: Some(41), ..Goroutine::default() };
        let second =
            Goroutine { id: 12, object: Some(Address(0x00c0_004a_8120)), locked: true, leaked: true, ..Goroutine::default() };
        let third = Goroutine {
            id: u64::MAX,
            parent: Some(GoroutineId(u64::MAX)),
            object: Some(Address(0)),
            labels: Some(LabelSetId(3)),
            bubble: Some(9),
            scan: true,
            durable: true,
            ..Goroutine::default()
        };
        let mut log = GoroutineLog::default();
        for goroutine in [first, second, third] {
            log.push(goroutine);
        }
        assert_eq!(log.iter().collect::<Vec<_>>(), [first, second, third]);
        assert_eq!(log.len(), 3);
    }

    #[test]
    fn neighbours_take_few_bytes() {
        let mut log = GoroutineLog::default();
        for id in 0..1000 {
            log.push(Goroutine { id: 100 + id, parent: Some(GoroutineId(7)), wait_minutes: Some(3), ..Goroutine::default() });
        }
        assert!(log.bytes() <= 4 * 1000 + 16, "{}", log.bytes());
    }
}
