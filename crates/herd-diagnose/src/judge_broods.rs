//! Judges goroutines of one `go` statement that move between several places: poll loops that never end, found where none of their
//! places alone keeps rising.

use std::collections::BTreeMap;

use herd_analysis::Series;
use herd_analysis::census::hex;
use herd_analysis::facts::can_be_stuck;
use herd_analysis::series::Sustained;
use herd_analysis::series_broods::{Brood, rising_broods};
use herd_model::{Certainty, Evidence, EvidenceKind, StateClass};
use herd_patterns::benign::is_main;
use herd_patterns::{Pattern, Scene, Sighting};

use crate::judge::{Case, Judgement, PATTERNS_A_FAMILY, Suspect, growth_facts, push_finding, sightings};
use crate::load;

/// Share of a brood that must stand in reads for its peers to explain it: a goroutine that mostly reads may be a live connection.
const READS: f64 = 0.75;

/// Adds a finding for each brood that rises and that nothing else explains; its places are then no candidates of their own.
pub(crate) fn judge(case: &Case<'_>, judgement: &mut Judgement, suspects: &mut Vec<Suspect>) {
    let series = case.series;
    for brood in rising_broods(series) {
        let Some(stretch) = brood.growth.sustained else { continue };
        let place = |at: &usize| Scene { point: series.last(), family: *at, growth: Some(&brood.growth), memory: &case.memory };
        let scenes: Vec<Scene<'_>> = brood.families.iter().map(place).collect();
        if is_found(&scenes, judgement) || follows_load(&scenes, series, &brood, stretch) {
            continue;
        }
        let Some((scene, mut sightings)) = best_place(&scenes) else { continue };
        for (_, sighting) in sightings.iter_mut().take(PATTERNS_A_FAMILY) {
            sighting.evidence.push(places(&scenes));
            sighting.evidence.extend(growth_facts(scene, &brood.growth, stretch));
        }
        let count = scenes.iter().map(Scene::count).sum();
        push_finding(judgement, scene, case.target, &sightings, Certainty::Suspected, count);
        suspects.retain(|suspect| !brood.families.contains(&suspect.family));
    }
}

/// One of the places was judged already.
fn is_found(scenes: &[Scene<'_>], judgement: &Judgement) -> bool {
    let found = |scene: &Scene<'_>| {
        let family = hex(scene.family().id);
        judgement.findings.iter().any(|finding| finding.family.as_deref() == Some(family.as_str()))
    };
    scenes.iter().any(found)
}

/// What explains one place explains them all: they are the same goroutines.
fn follows_load(scenes: &[Scene<'_>], series: &Series, brood: &Brood, stretch: Sustained) -> bool {
    let all: u64 = scenes.iter().map(Scene::count).sum();
    let reading: u64 = scenes.iter().filter(|scene| scene.class() == StateClass::Io).map(Scene::count).sum();
    let mostly_reads = reading as f64 >= READS * all as f64;
    let by_partners = |scene: &Scene<'_>| load::explains_by_partners(scene, series, &brood.growth, stretch).is_some();
    let by_talk = |scene: &Scene<'_>| load::explains(scene, series, &brood.growth, stretch).is_some();
    scenes.iter().any(|scene| by_partners(scene) || mostly_reads && by_talk(scene))
}

/// The place whose pattern fits best.
fn best_place<'s, 'a>(scenes: &'s [Scene<'a>]) -> Option<(&'s Scene<'a>, Vec<(&'static Pattern, Sighting)>)> {
    let waits = |scene: &&Scene<'_>| can_be_stuck(scene.class()) && !is_main(scene.snapshot(), scene.group());
    let named = scenes.iter().filter(waits).map(|scene| (scene, sightings(scene)));
    let fit = |sightings: &[(&Pattern, Sighting)]| sightings.first().map(|(_, sighting)| sighting.fit);
    named.filter(|(_, sightings)| !sightings.is_empty()).max_by_key(|(scene, sightings)| (fit(sightings), scene.count()))
}

fn places(scenes: &[Scene<'_>]) -> Evidence {
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for scene in scenes {
        *states.entry(scene.group().state.as_str().to_owned()).or_default() += scene.count();
    }
    let list = states.iter().map(|(state, count)| format!("{count} in {state}")).collect::<Vec<_>>().join(", ");
    Evidence::new(
        EvidenceKind::Persistence,
        format!("the goroutines one go statement started move between {} places and none of them ends: {list}", scenes.len()),
    )
    .with("places", &scenes.len())
    .with("states", &list)
}
