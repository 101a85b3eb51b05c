//! Goroutines of a snapshot as a weighted profile, so that dumps, processes and profiles are compared and drawn alike.

use herd_model::{
    FrameId, Function, FunctionId, LabelValue, Line, LocationId, Mapping, NewLocation, Profile, ProfileBuilder, ProfileKind,
    ProfileLabel, SampleType, Snapshot, WaitReason,
};

/// A goroutine profile of the snapshot: a row a cluster, its state and creator as labels where they are known. Calls whose frames the
/// text left out are missing here, too. Cost: linear in the frames of all distinct stacks.
pub fn weigh(snapshot: &Snapshot) -> Profile {
    let counted = SampleType { name: "goroutine".into(), unit: "count".into() };
    let mut builder = ProfileBuilder::new(ProfileKind::Goroutine, vec![counted.clone()]);
    let profile = builder.profile_mut();
    profile.taken_at_ns = snapshot.taken_at_ns;
    profile.period_type = Some(counted);
    profile.period = 1;
    let mapping = builder.mapping(Mapping::unknown());
    let locations: Vec<LocationId> = (0u32..)
        .zip(&snapshot.frames)
        .map(|(index, frame)| {
            let function = function(snapshot, FrameId(index), &mut builder);
            let lines = [Line { function, line: frame.line, column: 0 }];
            builder.location(NewLocation { address: 0, mapping: Some(mapping), lines: &lines, folded: false })
        })
        .collect();
    let mut stack = Vec::new();
    for cluster in &snapshot.clusters {
        let known = snapshot.stack(cluster);
        stack.clear();
        stack.extend(known.frames.iter().map(|id| locations[id.0 as usize]));
        let stack = builder.stack(&stack);
        let state = (cluster.state != WaitReason::Unknown).then(|| ("state", cluster.state.as_str()));
        let creator = known.created_by.map(|creator| ("created_by", snapshot.func(creator)));
        let mut labels: Vec<ProfileLabel> = state
            .into_iter()
            .chain(creator)
            .map(|(key, value)| ProfileLabel { key: builder.name(key), value: LabelValue::Text(builder.name(value)) })
            .collect();
        let labels = builder.labels(&mut labels);
        builder.sample(stack, labels, &[i64::try_from(cluster.count).unwrap_or(i64::MAX)]);
    }
    builder.finish()
}

fn function(snapshot: &Snapshot, frame: FrameId, builder: &mut ProfileBuilder) -> FunctionId {
    let name = builder.name(snapshot.func(frame));
    let file = builder.name(snapshot.file(frame));
    builder.function(Function { name, system_name: name, file, start_line: 0 })
}
