//! Sizes of types as gc has them, for lengths of arrays that depend on them.

use super::Types;
use super::resolve::Progress;
use super::table::{Basic, Type, TypeId};

impl Types<'_> {
    fn word(&self) -> u64 {
        if matches!(&*self.program.tags.goarch, "386" | "arm" | "mips" | "mipsle") { 4 } else { 8 }
    }

    /// Bytes of a value, where they could be told (go/types, gcsizes.go, Go 1.27).
    pub(super) fn size_of(&self, id: TypeId, progress: &Progress) -> Option<u64> {
        self.layout(id, progress, 0).map(|(size, _)| size)
    }

    /// Bytes that addresses of a type are multiples of.
    pub(super) fn align_of(&self, id: TypeId, progress: &Progress) -> Option<u64> {
        self.layout(id, progress, 0).map(|(_, align)| align)
    }

    /// Bytes before a field of a struct.
    pub(super) fn offset_of(&self, id: TypeId, index: usize, progress: &Progress) -> Option<u64> {
        let Type::Struct(fields) = self.get(self.underlying_of(id, progress)) else { return None };
        let mut offset = 0_u64;
        for (at, field) in fields.iter().enumerate() {
            let (size, align) = self.layout(field.ty, progress, 0)?;
            offset = offset.checked_next_multiple_of(align)?;
            if at == index {
                return Some(offset);
            }
            offset = offset.checked_add(size)?;
        }
        None
    }

    fn layout(&self, id: TypeId, progress: &Progress, depth: u32) -> Option<(u64, u64)> {
        if depth > 100 {
            return None;
        }
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
                let (size, align) = self.layout(*element, progress, depth + 1)?;
                Some((size.checked_mul((*len)?)?, align))
            }
            Type::Struct(fields) => {
                let (mut offset, mut largest, mut last) = (0_u64, 1_u64, 1_u64);
                for field in fields {
                    let (size, align) = self.layout(field.ty, progress, depth + 1)?;
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
}
