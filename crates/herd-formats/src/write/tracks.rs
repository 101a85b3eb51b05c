//! A timeline Perfetto's viewer opens: tracks with nested slices, moments and counters, written as they come, in its protobuf form.
//!
//! Field numbers are those of `perfetto/trace/trace_packet.proto` and `track_event/*.proto` (v43 and later). Names and texts are interned:
//! written once and then called by number. Times are nanoseconds from zero on; the viewer sorts by them, and keeps the order of writing
//! where two are equal.

use std::io::{self, Write};

use herd_model::{TrackFact, TrackFacts, TrackId, TrackKind, TrackSink, put_varint};
use rustc_hash::FxHashMap;

use crate::pb::{put_bytes, put_number};

/// `Trace.packet`, a message.
const PACKET: u64 = 1 << 3 | 2;
/// Fields of `TracePacket`.
mod packet {
    pub const TIMESTAMP: u64 = 8;
    pub const SEQUENCE: u64 = 10;
    pub const TRACK_EVENT: u64 = 11;
    pub const INTERNED: u64 = 12;
    pub const SEQUENCE_FLAGS: u64 = 13;
    pub const TRACK_DESCRIPTOR: u64 = 60;
}
/// `SEQ_INCREMENTAL_STATE_CLEARED` and `SEQ_NEEDS_INCREMENTAL_STATE`.
const CLEARED: u64 = 1;
const NEEDS_STATE: u64 = 2;
/// All is written by one writer.
const SEQUENCE: u64 = 1;
/// Fields of `TrackEvent` and its types.
mod event {
    pub const ANNOTATIONS: u64 = 4;
    pub const TYPE: u64 = 9;
    pub const NAME: u64 = 10;
    pub const TRACK: u64 = 11;
    pub const COUNTER_VALUE: u64 = 30;
    pub const BEGIN: u64 = 1;
    pub const END: u64 = 2;
    pub const INSTANT: u64 = 3;
    pub const COUNTER: u64 = 4;
}
/// Fields of `TrackDescriptor`, and of those of processes and threads in it.
mod track {
    pub const UUID: u64 = 1;
    pub const NAME: u64 = 2;
    pub const PROCESS: u64 = 3;
    pub const THREAD: u64 = 4;
    pub const PARENT: u64 = 5;
    pub const COUNTER: u64 = 8;
    pub const PROCESS_PID: u64 = 1;
    pub const PROCESS_NAME: u64 = 6;
    pub const THREAD_PID: u64 = 1;
    pub const THREAD_TID: u64 = 2;
    pub const THREAD_NAME: u64 = 5;
    pub const COUNTER_UNIT: u64 = 3;
    pub const UNIT_BYTES: u64 = 3;
}
/// Fields of `DebugAnnotation`.
mod annotation {
    pub const NAME: u64 = 1;
    pub const NUMBER: u64 = 3;
    pub const TEXT: u64 = 17;
}
/// Fields of `InternedData`.
mod interned {
    pub const EVENT_NAMES: u64 = 2;
    pub const ANNOTATION_NAMES: u64 = 3;
    pub const ANNOTATION_TEXTS: u64 = 29;
}

/// Writes a timeline.
#[derive(Debug)]
pub struct Tracks<W> {
    out: W,
    failed: Option<io::Error>,
    names: Texts,
    keys: Texts,
    texts: Texts,
    /// What the next packet interns.
    new: Vec<u8>,
    event: Vec<u8>,
    packet: Vec<u8>,
    begun: bool,
}

/// Texts with their numbers, from 1 on.
#[derive(Debug, Default)]
struct Texts(FxHashMap<Box<str>, u64>);

impl<W: Write> Tracks<W> {
    /// Begins.
    pub fn new(out: W) -> Self {
        let (names, keys, texts) = (Texts::default(), Texts::default(), Texts::default());
        let (new, event, packet) = (Vec::new(), Vec::new(), Vec::new());
        Tracks { out, failed: None, names, keys, texts, new, event, packet, begun: false }
    }

    /// Nothing more follows.
    ///
    /// # Errors
    /// The first failure of the output, behind which nothing was written.
    pub fn finish(mut self) -> io::Result<()> {
        self.failed.map_or_else(|| self.out.flush(), Err)
    }

    fn named(&mut self, kind: u64, on: TrackId, at_ns: u64, name: &str, facts: &TrackFacts<'_>) {
        self.start(kind, on);
        let name = self.names.number(name, interned::EVENT_NAMES, &mut self.new);
        put_number(&mut self.event, event::NAME, name);
        for (key, fact) in facts {
            let key = self.keys.number(key, interned::ANNOTATION_NAMES, &mut self.new);
            let mut annotation = Vec::with_capacity(8);
            put_number(&mut annotation, annotation::NAME, key);
            match fact {
                TrackFact::Text(text) => {
                    let text = self.texts.number(text, interned::ANNOTATION_TEXTS, &mut self.new);
                    put_number(&mut annotation, annotation::TEXT, text);
                }
                TrackFact::Number(number) => {
                    put_varint(&mut annotation, annotation::NUMBER << 3);
                    put_varint(&mut annotation, *number);
                }
            }
            put_bytes(&mut self.event, event::ANNOTATIONS, &annotation);
        }
        self.packed(at_ns);
    }

    fn start(&mut self, kind: u64, on: TrackId) {
        self.event.clear();
        put_number(&mut self.event, event::TYPE, kind);
        put_number(&mut self.event, event::TRACK, u64::from(on.0));
    }

    fn packed(&mut self, at_ns: u64) {
        self.packet.clear();
        // Zero is a time like any other, and must be written.
        put_varint(&mut self.packet, packet::TIMESTAMP << 3);
        put_varint(&mut self.packet, at_ns);
        if !self.new.is_empty() {
            put_bytes(&mut self.packet, packet::INTERNED, &self.new);
            self.new.clear();
        }
        put_bytes(&mut self.packet, packet::TRACK_EVENT, &self.event);
        self.write();
    }

    fn write(&mut self) {
        if self.failed.is_some() {
            return;
        }
        put_number(&mut self.packet, packet::SEQUENCE, SEQUENCE);
        put_number(&mut self.packet, packet::SEQUENCE_FLAGS, if self.begun { NEEDS_STATE } else { CLEARED });
        self.begun = true;
        let mut head = Vec::with_capacity(8);
        put_varint(&mut head, PACKET);
        put_varint(&mut head, self.packet.len() as u64);
        let written = self.out.write_all(&head).and_then(|()| self.out.write_all(&self.packet));
        self.failed = written.err();
    }
}

impl<W: Write> TrackSink for Tracks<W> {
    fn track(&mut self, id: TrackId, kind: TrackKind, name: &str) {
        let mut descriptor = Vec::new();
        let number = |id: TrackId| u64::from(id.0);
        put_number(&mut descriptor, track::UUID, number(id));
        match kind {
            TrackKind::Group => {
                let mut process = Vec::new();
                put_number(&mut process, track::PROCESS_PID, number(id));
                put_bytes(&mut process, track::PROCESS_NAME, name.as_bytes());
                put_bytes(&mut descriptor, track::PROCESS, &process);
            }
            TrackKind::Slices { of } => {
                let mut thread = Vec::new();
                put_number(&mut thread, track::THREAD_PID, number(of));
                put_number(&mut thread, track::THREAD_TID, number(id));
                put_bytes(&mut thread, track::THREAD_NAME, name.as_bytes());
                put_bytes(&mut descriptor, track::THREAD, &thread);
            }
            TrackKind::Under { of } => {
                put_bytes(&mut descriptor, track::NAME, name.as_bytes());
                put_number(&mut descriptor, track::PARENT, number(of));
            }
            TrackKind::Bytes { of } => {
                put_bytes(&mut descriptor, track::NAME, name.as_bytes());
                put_number(&mut descriptor, track::PARENT, number(of));
                let mut counter = Vec::new();
                put_number(&mut counter, track::COUNTER_UNIT, track::UNIT_BYTES);
                put_bytes(&mut descriptor, track::COUNTER, &counter);
            }
        }
        self.packet.clear();
        put_bytes(&mut self.packet, packet::TRACK_DESCRIPTOR, &descriptor);
        self.write();
    }

    fn begin(&mut self, on: TrackId, at_ns: u64, name: &str, facts: &TrackFacts<'_>) {
        self.named(event::BEGIN, on, at_ns, name, facts);
    }

    fn end(&mut self, on: TrackId, at_ns: u64) {
        self.start(event::END, on);
        self.packed(at_ns);
    }

    fn instant(&mut self, on: TrackId, at_ns: u64, name: &str, facts: &TrackFacts<'_>) {
        self.named(event::INSTANT, on, at_ns, name, facts);
    }

    fn value(&mut self, on: TrackId, at_ns: u64, value: u64) {
        self.start(event::COUNTER, on);
        put_varint(&mut self.event, event::COUNTER_VALUE << 3);
        put_varint(&mut self.event, value);
        self.packed(at_ns);
    }
}

impl Texts {
    /// The number of a text; a new one goes into `new`, an `InternedData`.
    fn number(&mut self, text: &str, field: u64, new: &mut Vec<u8>) -> u64 {
        if let Some(known) = self.0.get(text) {
            return *known;
        }
        let number = self.0.len() as u64 + 1;
        self.0.insert(text.into(), number);
        let mut entry = Vec::with_capacity(text.len() + 8);
        put_number(&mut entry, 1, number);
        put_bytes(&mut entry, 2, text.as_bytes());
        put_bytes(new, field, &entry);
        number
    }
}
