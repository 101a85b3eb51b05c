//! Reads a timeline as Perfetto does, by the field numbers of its protobuf messages: packets in order of time, slices nested by track.

use std::collections::{BTreeMap, HashMap};

/// A slice, or what else was drawn.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    pub name: String,
    pub facts: BTreeMap<String, u64>,
}

impl Slice {
    pub fn has(&self, fact: &str) -> bool {
        self.facts.contains_key(fact)
    }
}

/// Everything drawn.
#[derive(Debug, Default)]
pub struct Drawn {
    pub slices: Vec<Slice>,
    pub instants: usize,
    pub values: usize,
    pub first_ns: u64,
    pub last_ns: u64,
}

impl Drawn {
    pub fn count(&self, is: impl Fn(&Slice) -> bool) -> usize {
        self.slices.iter().filter(|slice| is(slice)).count()
    }
}

/// A field: a number, or bytes.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for at in 0.. {
        let byte = bytes[at];
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let len = varint(&mut bytes) as usize;
                let (field, rest) = bytes.split_at(len);
                bytes = rest;
                Field::Bytes(field)
            }
            kind => panic!("no field has the wire type {kind}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

fn number(fields: &[(u64, Field<'_>)], wanted: u64) -> u64 {
    let found = fields.iter().find_map(|(field, value)| match value {
        Field::Number(value) if *field == wanted => Some(*value),
        Field::Number(_) | Field::Bytes(_) => None,
    });
    found.unwrap_or(0)
}

fn messages<'a>(fields: &[(u64, Field<'a>)], wanted: u64) -> Vec<&'a [u8]> {
    let of = |(field, value): &(u64, Field<'a>)| match value {
        Field::Bytes(bytes) if *field == wanted => Some(*bytes),
        Field::Number(_) | Field::Bytes(_) => None,
    };
    fields.iter().filter_map(of).collect()
}

fn intern(into: &mut HashMap<u64, String>, entries: &[&[u8]]) {
    for entry in entries {
        let entry = fields(entry);
        let text = String::from_utf8(messages(&entry, 2)[0].to_vec()).expect("UTF-8");
        into.insert(number(&entry, 1), text);
    }
}

/// Panics where a slice ends that did not begin, or stays open, or stands on a track nobody told of.
#[track_caller]
pub fn decoded(trace: &[u8]) -> Drawn {
    let (mut names, mut keys) = (HashMap::new(), HashMap::new());
    let mut tracks: Vec<u64> = Vec::new();
    let mut events = Vec::new();
    let packets = fields(trace);
    for (at, packet) in messages(&packets, 1).into_iter().enumerate() {
        let packet = fields(packet);
        assert_eq!(number(&packet, 13), if at == 0 { 1 } else { 2 }, "the first packet clears what was interned, others need it");
        for interned in messages(&packet, 12) {
            let interned = fields(interned);
            intern(&mut names, &messages(&interned, 2));
            intern(&mut keys, &messages(&interned, 3));
        }
        tracks.extend(messages(&packet, 60).into_iter().map(|track| number(&fields(track), 1)));
        for event in messages(&packet, 11) {
            let event = fields(event);
            let on = number(&event, 11);
            assert!(tracks.contains(&on), "track {on} was told of");
            let mut slice = Slice { name: names.get(&number(&event, 10)).cloned().unwrap_or_default(), facts: BTreeMap::new() };
            for annotation in messages(&event, 4) {
                let annotation = fields(annotation);
                slice.facts.insert(keys[&number(&annotation, 1)].clone(), number(&annotation, 3));
            }
            events.push((number(&packet, 8), on, number(&event, 9), slice));
        }
    }
    events.sort_by_key(|(at_ns, ..)| *at_ns);
    let mut open: HashMap<u64, u32> = HashMap::new();
    let mut drawn = Drawn {
        first_ns: events.first().map_or(0, |event| event.0),
        last_ns: events.last().map_or(0, |event| event.0),
        ..Drawn::default()
    };
    for (_, on, kind, slice) in events {
        match kind {
            1 => {
                *open.entry(on).or_default() += 1;
                drawn.slices.push(slice);
            }
            2 => {
                let open = open.get_mut(&on).filter(|open| **open > 0);
                *open.expect("a slice that ends has begun") -= 1;
            }
            3 => drawn.instants += 1,
            4 => drawn.values += 1,
            _ => panic!("{kind} is no event"),
        }
    }
    assert!(open.values().all(|open| *open == 0), "every slice ends");
    drawn
}
