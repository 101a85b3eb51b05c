//! The numbered messages of a profile.proto: mappings, locations, functions.

use rustc_hash::FxHashMap;

use super::{Error, MAX_TABLE_ENTRIES};
use crate::pb::{self, Field};

/// A message, and where it starts in the inflated input.
pub type Message<'a> = (&'a [u8], usize);

/// Messages by the number each gives itself.
pub struct Table<'a> {
    what: &'static str,
    messages: Vec<Message<'a>>,
    /// One more than the place of number *n*, for numbers that lie close together, as they do in nearly all profiles.
    dense: Vec<u32>,
    /// Number *n* is at place *n* − 1, as Go writes them.
    in_order: bool,
    sparse: FxHashMap<u64, u32>,
}

impl<'a> Table<'a> {
    pub fn new(what: &'static str) -> Self {
        Table { what, messages: Vec::new(), dense: Vec::new(), in_order: true, sparse: FxHashMap::default() }
    }

    /// Adds a message that starts at `offset`, whose number is not yet looked at.
    pub fn push(&mut self, message: &'a [u8], limit: usize, offset: usize) -> Result<(), Error> {
        if self.messages.len() >= limit.min(MAX_TABLE_ENTRIES) {
            return Err(Error::Limit { what: self.what, limit: limit.min(MAX_TABLE_ENTRIES), offset });
        }
        self.messages.push((message, offset));
        Ok(())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// The messages, in the order of the input.
    pub fn messages(&self) -> &[Message<'a>] {
        &self.messages
    }

    /// Reads the numbers; each may be there once, and none may be 0 (google/pprof `profile/profile.go`, `CheckValid`).
    pub fn number(&mut self) -> Result<(), Error> {
        self.dense = vec![0; self.messages.len() + 1];
        for (place, (message, at)) in (1u32..).zip(&self.messages) {
            let id = number(message, 1, *at)?;
            let known = match usize::try_from(id).ok().and_then(|at| self.dense.get_mut(at)) {
                Some(slot) => std::mem::replace(slot, place) != 0,
                None => self.sparse.insert(id, place).is_some(),
            };
            self.in_order &= id == u64::from(place);
            if known || id == 0 {
                return Err(Error::Duplicate { what: self.what, id, offset: *at });
            }
        }
        if self.in_order {
            self.dense = Vec::new();
        }
        Ok(())
    }

    /// The place of a number.
    pub fn place(&self, id: u64, asked_at: usize) -> Result<usize, Error> {
        if self.in_order && id <= self.messages.len() as u64 && id > 0 {
            return Ok(id as usize - 1);
        }
        let dense = usize::try_from(id).ok().and_then(|at| self.dense.get(at));
        let place = dense.or_else(|| self.sparse.get(&id)).copied().unwrap_or(0) as usize;
        place.checked_sub(1).ok_or(Error::Dangling { what: self.what, id, offset: asked_at })
    }
}

/// Where `part`, a piece of `base`, starts in it.
pub fn offset(base: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(base.as_ptr().addr())
}

/// The fields of a message that starts at `start`.
pub fn fields(message: &[u8], start: usize) -> impl Iterator<Item = Result<(u64, Field<'_>), Error>> {
    pb::fields(message).map(move |field| field.map_err(|at| Error::Malformed(start + at)))
}

/// The last value of a number field of a message that starts at `start`; zero when it is not there.
pub fn number(message: &[u8], wanted: u64, start: usize) -> Result<u64, Error> {
    let mut found = 0;
    for field in fields(message, start) {
        if let (field, Field::Number(value)) = field?
            && field == wanted
        {
            found = value;
        }
    }
    Ok(found)
}
