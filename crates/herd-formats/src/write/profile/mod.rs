//! Writes a weighted profile in forms other tools read.

mod folded;
mod perfetto;
mod proto;
mod speedscope;

use herd_model::{FunctionId, Profile, StackId};
use rustc_hash::FxHashMap;

pub use folded::folded;
pub use perfetto::perfetto;
pub use proto::proto;
pub use speedscope::speedscope;

/// What frames are called, by number, for forms that know nothing but names.
struct FrameNames {
    names: Vec<String>,
    /// The numbers of each location's frames, innermost first.
    of_locations: Vec<Box<[u32]>>,
}

impl FrameNames {
    fn new(profile: &Profile) -> Self {
        let mut names = Vec::new();
        let mut index: FxHashMap<String, u32> = FxHashMap::default();
        let mut of_functions: FxHashMap<FunctionId, u32> = FxHashMap::default();
        let mut number = |name: &str| {
            *index.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() as u32 - 1
            })
        };
        let of_locations = profile
            .locations
            .iter()
            .map(|location| {
                let lines = profile.lines_of(location);
                if lines.is_empty() {
                    return [number(&format!("{:#x}", location.address))].into();
                }
                lines
                    .iter()
                    .map(|line| {
                        let id = line.function;
                        *of_functions.entry(id).or_insert_with(|| number(profile.function_name(id)))
                    })
                    .collect()
            })
            .collect();
        FrameNames { names, of_locations }
    }

    /// The frames of a stack, outermost first.
    fn outermost_first<'a>(&'a self, profile: &'a Profile, stack: StackId) -> impl Iterator<Item = u32> + 'a {
        let locations: Vec<_> = profile.stacks.get(stack).collect();
        locations.into_iter().rev().flat_map(|id| self.of_locations[id.0 as usize].iter().rev().copied())
    }
}
