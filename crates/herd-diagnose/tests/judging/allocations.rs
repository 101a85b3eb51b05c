//! The profile eyes against recordings: kernels named at their marked line, cured twins and other programs silent.

use std::path::{Path, PathBuf};

use herd_analysis::allocations::allocations;
use herd_model::Profile;
use herd_patterns::{CATALOGUE, Pattern, Spot};

use crate::marks::{Marks, folder, top};

/// Profiles of programs without such a fault that must be looked at, at least.
const OTHERS_MIN: usize = 14;

/// Functions of the programs in `fixtures/profiles` and `fixtures/diff` that allocate large objects in a loop so that there is something to profile.
const LARGE_BY_DESIGN: &[&str] = &["main.compute", "main.scratch"];

#[test]
fn a_kernel_is_named_at_the_line_that_allocates_and_its_twin_is_silent() {
    let mut looked = 0;
    for pattern in CATALOGUE.iter().filter(|pattern| pattern.profile.is_some()) {
        let marks = Marks::of(pattern);
        for path in profiles(&folder(pattern).join("fixtures")) {
            looked += 1;
            let found = seen(&read(&path), None);
            let name = path.display();
            if path.file_name().unwrap().to_string_lossy().starts_with("fixed.") {
                assert!(found.is_empty(), "{name}: cured, yet {found:?}");
                continue;
            }
            let [(seen, spot)] = &found[..] else { panic!("{name}: {found:?}") };
            assert_eq!(seen.id, pattern.id, "{name}");
            assert!(marks.is_wanted(&spot.at), "{name}: at {:?}", spot.at);
            assert_eq!(spot.per_second.is_some(), path.to_string_lossy().contains(".delta."), "{name}");
        }
    }
    assert!(looked >= 2 * 2 * 3 * 2, "only {looked} recordings");
}

/// The kernel's clients call 200 times a second (GC006), and 4,000 times with one in ten put back (GC005).
#[test]
fn the_rate_is_that_of_the_kernel() {
    for (slug, expected) in [("gc_large_objects", 200.0), ("gc_pool_misuse", 3_600.0)] {
        let pattern = CATALOGUE.iter().find(|pattern| pattern.slug == slug).unwrap();
        for path in profiles(&folder(pattern).join("fixtures")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("fixed.") || !name.contains(".delta.") {
                continue;
            }
            let rate = seen(&read(&path), None)[0].1.per_second.unwrap();
            // Ticks are dropped when the machine is busy; what is made between two collections is not counted yet.
            assert!(rate > expected * 0.3 && rate < expected * 3.0, "{slug} {name}: {rate}/s");
        }
    }
}

/// A profile since the start, less itself, is a profile in which nothing was allocated.
#[test]
fn what_two_profiles_have_in_common_is_taken_off() {
    let pattern = CATALOGUE.iter().find(|pattern| pattern.slug == "gc_large_objects").unwrap();
    let path = folder(pattern).join("fixtures/bad.go1.25.allocs.pb.gz");
    let (first, mut later) = (read(&path), read(&path));
    assert!(allocations(&later, Some(&first)).is_none(), "no time has passed");
    later.taken_at_ns = later.taken_at_ns.map(|ns| ns + 5_000_000_000);
    let between = allocations(&later, Some(&first)).unwrap();
    assert_eq!((between.over_s, between.sites.len(), between.total.alloc_objects), (Some(5.0), 0, 0));
}

#[test]
fn other_programs_are_silent() {
    let mut looked = 0;
    for part in ["profiles", "costs", "diff"] {
        for version in std::fs::read_dir(top().join("fixtures").join(part)).unwrap() {
            for path in profiles(&version.unwrap().path()) {
                let profile = read(&path);
                if allocations(&profile, None).is_none() {
                    continue;
                }
                looked += 1;
                let mut found = seen(&profile, None);
                found.retain(|(pattern, spot)| !(pattern.id == "GC006" && LARGE_BY_DESIGN.contains(&spot.at.func.as_str())));
                assert!(found.is_empty(), "{}: {found:?}", path.display());
            }
        }
    }
    assert!(looked >= OTHERS_MIN, "only {looked} profiles");
}

fn seen(profile: &Profile, earlier: Option<&Profile>) -> Vec<(&'static Pattern, Spot)> {
    let allocations = allocations(profile, earlier).expect("a profile of allocations");
    let eyes = CATALOGUE.iter().filter_map(|pattern| pattern.profile.map(|eye| (pattern, eye)));
    eyes.flat_map(|(pattern, eye)| eye(&allocations).into_iter().map(move |spot| (pattern, spot))).collect()
}

fn read(path: &Path) -> Profile {
    let mut text = Vec::new();
    let packed = std::fs::read(path).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut text).unwrap();
    herd_formats::pprof::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())).0
}

/// The profile.proto files of a folder, sorted; none where there is no folder.
fn profiles(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".pb.gz"));
    paths.sort();
    paths
}
