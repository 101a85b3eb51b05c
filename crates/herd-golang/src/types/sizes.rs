//! Sizes of types as gc has them, for lengths of arrays that depend on them.

use std::cell::Cell;

use super::Types;
use super::resolve::Progress;
use super::table::{Basic, Type, TypeId};

/// Types within a type that its size is summed over.
const STEPS_MAX: u32 = 20_000;

impl Types<'_> {
    fn word(&self) -> u64 {
        if matches!(&*self.program.tags.goarch, "386" | "arm" | "mips" | "mipsle") { 4 } else { 8 }
    }

    /// Bytes of a value, where they could be told (go/types, gcsizes.go, Go 1.27).
    pub(super) fn size_of(&self, id: TypeId, progress: &Progress) -> Option<u64> {
        self.layout(id, progress, &Cell::new(STEPS_MAX)).map(|(size, _)| size)
    }

    /// Bytes that addresses of a type are multiples of.
    pub(super) fn align_of(&self, id: TypeId, progress: &Progress) -> Option<u64> {
        self.layout(id, progress, &Cell::new(STEPS_MAX)).map(|(_, align)| align)
    }

    /// Bytes before a field of a struct.
    pub(super) fn offset_of(&self, id: TypeId, index: usize, progress: &Progress) -> Option<u64> {
        let Type::Struct(fields) = self.get(self.underlying_of(id, progress)) else { return None };
        let mut offset = 0_u64;
        for (at, field) in fields.iter().enumerate() {
            let (size, align) = self.layout(field.ty, progress, &Cell::new(STEPS_MAX))?;
            offset = offset.checked_next_multiple_of(align)?;
            if at == index {
                return Some(offset);
            }
            offset = offset.checked_add(size)?;
        }
        None
    }

    /// Size and alignment. Structs of structs may name each other so often that only so many are looked at.
    fn layout(&self, id: TypeId, progress: &Progress, steps: &Cell<u32>) -> Option<(u64, u64)> {
        if steps.get() == 0 || !progress.enter() {
            return None;
        }
        steps.set(steps.get() - 1);
        let layout = self.layout_of(id, progress, steps);
        progress.leave();
        layout
    }

    fn layout_of(&self, id: TypeId, progress: &Progress, steps: &Cell<u32>) -> Option<(u64, u64)> {
        let word = self.word();
        if let Type::TypeParam { .. } = self.get(id) {
            return None;
        }
        match self.get(self.underlying_of(id, progress)) {
            Type::Basic(basic) => {
                let size = match basic {
                    Basic::Bool | Basic::Int8 | Basic::Uint8 => 1,
                    Basic::Int16 | Basic::Uint16 => 2,
                    Basic::Int32 | Basic::Uint32 | Basic::Float32 => 4,
                    Basic::Int64 | Basic::Uint64 | Basic::Float64 => 8,
                    Basic::Complex64 => return Some((8, 4)),
                    Basic::Complex128 => return Some((16, word.min(8))),
                    Basic::Int | Basic::Uint | Basic::Uintptr | Basic::UnsafePointer => word,
                    Basic::String => return Some((2 * word, word)),
                    Basic::UntypedBool
                    | Basic::UntypedInt
                    | Basic::UntypedRune
                    | Basic::UntypedFloat
                    | Basic::UntypedComplex
                    | Basic::UntypedString
                    | Basic::UntypedNil => return None,
                };
                Some((size, size.min(word)))
            }
            Type::Pointer(_) | Type::Map { .. } | Type::Chan { .. } | Type::Signature(_) => Some((word, word)),
            Type::Slice(_) => Some((3 * word, word)),
            Type::Interface(_) => Some((2 * word, word)),
            Type::Array { element, len } => {
                let (size, align) = self.layout(*element, progress, steps)?;
                Some((size.checked_mul((*len)?)?, align))
            }
            Type::Struct(fields) if fields.is_empty() && self.aligns_to_64_bits(id) => Some((0, 8)),
            Type::Struct(fields) => {
                let (mut offset, mut largest, mut last) = (0_u64, 1_u64, 1_u64);
                for field in fields {
                    let (size, align) = self.layout(field.ty, progress, steps)?;
                    offset = offset.checked_next_multiple_of(align)?.checked_add(size)?;
                    largest = largest.max(align);
                    last = size;
                }
                // A field without a size at the end takes a byte, so that its address is within.
                if offset > 0 && last == 0 {
                    offset = offset.checked_add(1)?;
                }
                Some((offset.checked_next_multiple_of(largest)?, largest))
            }
            Type::Unknown | Type::Named { .. } | Type::Tuple(_) | Type::TypeParam { .. } | Type::Union(_) => None,
        }
    }

    /// The mark by which atomic numbers of 64 bits are aligned on every system (go/types, sizes.go, `_IsSyncAtomicAlign64`).
    fn aligns_to_64_bits(&self, id: TypeId) -> bool {
        let Type::Named { object, .. } = self.get(id) else { return false };
        let package = self.scope_of(*object).and_then(|scope| self.program.package(scope.package()));
        self.names.text(self.name(*object)) == "align64"
            && package.is_some_and(|package| {
                matches!(&*package.path, "sync/atomic" | "internal/runtime/atomic" | "runtime/internal/atomic")
            })
    }
}
