//! The memory profile's records as a profile, with the calls, the scaling and the labels of `runtime/pprof`'s own
//! (`protomem.go`, `writeHeapProto`; `proto.go`, `appendLocsForStack`, Go 1.21 to 1.27).

use herd_model::{
    Function, FunctionId, LabelSetId, LabelValue, Line, LocationId, Mapping, MappingId, NameId, NewLocation, Profile,
    ProfileBuilder, ProfileKind, ProfileLabel, SampleType, StackId, heap_sample_scaled,
};
use rustc_hash::FxHashMap;

use super::buckets::{Bucket, Buckets};
use crate::error::LiveError;
use crate::functions::{Call, Functions};
use crate::layout::Layout;
use crate::memory::Space;
use crate::show;

/// Where every stack ends, and no profile shows it.
const END: &str = "runtime.goexit";

/// Makes the profile; answers the stack of each record, too, in their order.
pub fn profile(
    space: &mut Space,
    layout: &Layout,
    functions: &Functions,
    buckets: &Buckets,
) -> Result<(Profile, Vec<StackId>), LiveError> {
    let types = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];
    let sample_type = |(name, unit): (&str, &str)| SampleType { name: name.into(), unit: unit.into() };
    let mut builder = ProfileBuilder::new(ProfileKind::Heap, types.map(sample_type).to_vec());
    builder.profile_mut().period_type = Some(sample_type(("space", "bytes")));
    builder.profile_mut().period = buckets.rate;
    let mapping = builder.mapping(Mapping::unknown());
    let (calls, names, after) = Default::default();
    let mut writer = Writer { builder, mapping, layout, functions, calls, names, after };
    let key = writer.builder.name("bytes");
    let mut stacks = Vec::with_capacity(buckets.list.len());
    for bucket in &buckets.list {
        let addresses = &buckets.addresses[bucket.stack.clone()];
        let shown = writer.without_runtime(space, addresses)?;
        let mut locations = writer.locations(space, shown)?;
        if locations.is_empty() {
            locations = writer.locations(space, addresses)?;
        }
        let stack = writer.builder.stack(&locations);
        let labels = match bucket.alloc_bytes.checked_div(bucket.allocs).unwrap_or(0) {
            0 => LabelSetId(0),
            size => writer.builder.labels(&mut [ProfileLabel { key, value: LabelValue::Number(size, NameId(0)) }]),
        };
        writer.builder.sample(stack, labels, &values(bucket, buckets.rate));
        stacks.push(stack);
    }
    Ok((writer.builder.finish(), stacks))
}

/// What a record stands for, in the order of the sample types.
fn values(bucket: &Bucket, rate: i64) -> [i64; 4] {
    let Bucket { allocs, frees, alloc_bytes, free_bytes, .. } = *bucket;
    let (objects, bytes) = heap_sample_scaled(allocs, alloc_bytes, rate);
    let (in_use, in_use_bytes) = heap_sample_scaled(allocs.wrapping_sub(frees), alloc_bytes.wrapping_sub(free_bytes), rate);
    [objects, bytes, in_use, in_use_bytes]
}

/// One call of a stack.
#[derive(Clone, Debug)]
struct Frame {
    /// Of the call's instruction.
    pc: u64,
    /// Where the compiled function starts; nothing where no function is known there.
    entry: Option<u64>,
    call: Option<Call>,
}

struct Writer<'a> {
    builder: ProfileBuilder,
    mapping: MappingId,
    layout: &'a Layout,
    functions: &'a Functions,
    /// All calls at a call's instruction, innermost first, by its return address.
    calls: FxHashMap<u64, Option<(u64, Vec<Call>)>>,
    /// As the runtime's writer does, a function is known by its name alone.
    names: FxHashMap<String, FunctionId>,
    /// Whether what stands at a return address itself is the runtime's.
    after: FxHashMap<u64, bool>,
}

impl Writer<'_> {
    /// A stack without the runtime's functions at its inner end; whole where there are no others. What the runtime's writer looks up
    /// there is the function at the return address, not that of the call before it (`runtime.FuncForPC`).
    fn without_runtime<'s>(&mut self, space: &mut Space, stack: &'s [u64]) -> Result<&'s [u64], LiveError> {
        for (at, address) in stack.iter().enumerate() {
            let is_runtime = if let Some(known) = self.after.get(address) {
                *known
            } else {
                let name = self.calls_at(space, *address)?.and_then(|(_, calls)| Some(calls.into_iter().next()?.name));
                let is_runtime = name.is_some_and(|name| self.is_runtime(&name));
                self.after.insert(*address, is_runtime);
                is_runtime
            };
            if !is_runtime {
                return Ok(&stack[at..]);
            }
        }
        Ok(stack)
    }

    fn is_runtime(&self, name: &str) -> bool {
        name.starts_with("runtime.") || (self.layout.minor >= 24 && name.starts_with("internal/runtime/"))
    }

    fn calls_at(&self, space: &mut Space, pc: u64) -> Result<Option<(u64, Vec<Call>)>, LiveError> {
        let Some(function) = self.functions.find(space, self.layout, pc)? else { return Ok(None) };
        let calls = self.functions.calls(space, self.layout, &function, pc, self.layout.arch.step())?;
        Ok(Some((function.entry, calls)))
    }

    /// The calls at the instruction before a return address.
    fn calls_before(&mut self, space: &mut Space, address: u64) -> Result<Option<(u64, Vec<Call>)>, LiveError> {
        if let Some(known) = self.calls.get(&address) {
            return Ok(known.clone());
        }
        // One at a function's very beginning returns nowhere else.
        let starts = self.functions.find(space, self.layout, address)?.is_some_and(|function| function.entry == address);
        let found = self.calls_at(space, if starts { address } else { address.wrapping_sub(1) })?;
        self.calls.insert(address, found.clone());
        Ok(found)
    }

    /// The locations of a stack: calls inlined into one another are one.
    fn locations(&mut self, space: &mut Space, stack: &[u64]) -> Result<Vec<LocationId>, LiveError> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut locations = Vec::new();
        for (at, address) in stack.iter().enumerate() {
            let pc = address.wrapping_sub(1);
            let Some((entry, mut calls)) = self.calls_before(space, *address)? else {
                locations.extend(self.location(&mut frames));
                frames.push(Frame { pc, entry: None, call: None });
                continue;
            };
            // Each call has an address of its own but for those the depth of the last stack cut off.
            if at + 1 < stack.len() {
                calls.truncate(1);
            } else {
                let wrapper = show::wrapper_id(self.layout.minor);
                let mut first = true;
                calls.retain(|call| std::mem::take(&mut first) || call.id != wrapper);
            }
            for call in calls {
                if call.name == END {
                    locations.extend(self.location(&mut frames));
                    continue;
                }
                let belongs = frames.last().is_some_and(|last| {
                    let inner = last.call.as_ref();
                    last.entry == Some(entry) && inner.is_some_and(|inner| inner.inlined && inner.name != call.name)
                });
                if !belongs {
                    locations.extend(self.location(&mut frames));
                }
                frames.push(Frame { pc, entry: Some(entry), call: Some(call) });
            }
        }
        locations.extend(self.location(&mut frames));
        Ok(locations)
    }

    /// The location of some frames, innermost first, which are taken.
    fn location(&mut self, frames: &mut Vec<Frame>) -> Option<LocationId> {
        let address = frames.first()?.pc;
        let lines: Vec<Line> = frames.drain(..).map(|frame| self.line(frame.call)).collect();
        Some(self.builder.location(NewLocation { address, mapping: Some(self.mapping), lines: &lines, folded: false }))
    }

    fn line(&mut self, call: Option<Call>) -> Line {
        let call =
            call.unwrap_or(Call { name: String::new(), id: 0, file: String::new(), line: 0, start_line: 0, inlined: false });
        if let Some(known) = self.names.get(&call.name) {
            return Line { function: *known, line: call.line, column: 0 };
        }
        let system_name = self.builder.name(&call.name);
        let name = self.builder.name(&herd_model::unescaped(call.name.as_bytes()));
        let file = self.builder.name(&call.file);
        let function = self.builder.function(Function { name, system_name, file, start_line: call.start_line });
        self.names.insert(call.name, function);
        Line { function, line: call.line, column: 0 }
    }
}
