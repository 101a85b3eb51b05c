//! What the eye of a pattern for profiles answers.

pub use herd_analysis::allocations::{AllocationSite, Allocations};
use herd_model::Place;

use crate::scene::Sighting;

/// A place in a profile that fits a pattern.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The line that allocates.
    pub at: Place,
    /// Objects allocated there.
    pub objects: u64,
    /// The same per second; absent in a profile of all since the process started, which cannot tell now from then.
    pub per_second: Option<f64>,
    /// How well it fits.
    pub sighting: Sighting,
}

impl Spot {
    /// A site that fits.
    pub fn new(allocations: &Allocations, site: &AllocationSite, sighting: Sighting) -> Self {
        Spot {
            at: site.at.clone(),
            objects: site.figures.alloc_objects.max(0).cast_unsigned(),
            per_second: allocations.per_second(site.figures.alloc_objects),
            sighting,
        }
    }
}
