//! Samples and families as Parquet files, which every tool for tables reads: a row a value, the times as UTC milliseconds, labels as JSON.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::family::StackId;
use crate::growth::GrowthQuery;
use crate::history::SeriesQuery;
use crate::names::InstanceId;
use crate::{History, Instance, StoreError};

/// Rows of a group: what is held in memory, about 40 bytes each.
const GROUP_ROWS: usize = 1 << 20;
/// Instances whose unsealed samples are read together.
const INSTANCES_AT_ONCE: usize = 32;

const SAMPLES: &str = "message samples {
    required int64 at (TIMESTAMP(MILLIS,true));
    required binary labels (STRING);
    required binary series (STRING);
    required double value;
}";

const FAMILIES: &str = "message families {
    required int64 at (TIMESTAMP(MILLIS,true));
    required binary labels (STRING);
    required binary stack (STRING);
    required binary state (STRING);
    required binary at_func (STRING);
    required binary frames (STRING);
    required int64 count;
}";

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// Groups of rows.
    pub groups: u64,
}

/// A column of rows on their way.
#[derive(Debug)]
enum Column {
    Whole(Vec<i64>),
    Real(Vec<f64>),
    Text(Vec<ByteArray>),
}

/// A file that is written group by group.
struct Table<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column>,
    exported: Exported,
}

impl History {
    /// Writes the samples that a query finds to a Parquet file: time, labels of the instance, series, value. Stored values are written as
    /// they are where the step is 0.
    pub fn export_samples(&self, query: &SeriesQuery, out: impl Write + Send) -> Result<Exported, StoreError> {
        let columns =
            vec![Column::Whole(Vec::new()), Column::Text(Vec::new()), Column::Text(Vec::new()), Column::Real(Vec::new())];
        let mut table = Table::begin(SAMPLES, columns, out)?;
        self.at_once(|| {
            let instances = self.instances(&query.labels)?;
            for some in instances.chunks(INSTANCES_AT_ONCE) {
                let ids: Vec<_> = some.iter().map(|instance| instance.id).collect();
                let labels: Result<BTreeMap<InstanceId, ByteArray>, StoreError> =
                    some.iter().map(|instance| Ok((instance.id, text(&labels_json(instance)?)))).collect();
                let labels = labels?;
                self.each_series(query, &ids, |series| {
                    let Some(labels) = labels.get(&series.instance) else { return Ok(()) };
                    let key = text(&series.key);
                    for (at_ms, value) in series.at_ms.iter().zip(&series.values) {
                        let row = [Cell::Whole(*at_ms), Cell::Text(labels), Cell::Text(&key), Cell::Real(*value)];
                        table.put(row)?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        table.end()
    }

    /// Writes the profiles of the instances and the time of a query to a Parquet file: time, labels, id of the stack, state, its innermost
    /// function outside the runtime, all frames as JSON, count. Its `by` and `limit` do not matter.
    pub fn export_families(&self, query: &GrowthQuery, out: impl Write + Send) -> Result<Exported, StoreError> {
        let texts = || Column::Text(Vec::new());
        let whole = || Column::Whole(Vec::new());
        let columns = vec![whole(), texts(), texts(), texts(), texts(), texts(), whole()];
        let mut table = Table::begin(FAMILIES, columns, out)?;
        let mut stacks: BTreeMap<StackId, (ByteArray, ByteArray, ByteArray)> = BTreeMap::new();
        self.at_once(|| {
            for instance in self.instances(&query.labels)? {
                let labels = text(&labels_json(&instance)?);
                for profile in self.profiles(instance.id, query.from_ms, query.to_ms)? {
                    for (stack, state, count) in profile.counts {
                        if query.stack.is_some_and(|only| only != stack) {
                            continue;
                        }
                        let (id, at, frames) = match stacks.entry(stack) {
                            Entry::Occupied(known) => known.into_mut(),
                            Entry::Vacant(new) => new.insert(self.stack_texts(stack)?),
                        };
                        let count = i64::try_from(count).unwrap_or(i64::MAX);
                        let state = text(&state);
                        table.put([
                            Cell::Whole(profile.at_ms),
                            Cell::Text(&labels),
                            Cell::Text(id),
                            Cell::Text(&state),
                            Cell::Text(at),
                            Cell::Text(frames),
                            Cell::Whole(count),
                        ])?;
                    }
                }
            }
            Ok(())
        })?;
        table.end()
    }
}

impl History {
    /// A stack's id, its innermost function outside the runtime, and its frames.
    fn stack_texts(&self, stack: StackId) -> Result<(ByteArray, ByteArray, ByteArray), StoreError> {
        let frames = self.stack_frames(stack)?.unwrap_or_default();
        let at = frames.iter().find(|frame| !frame.func.starts_with("runtime.")).or(frames.first());
        let at = text(at.map_or("", |frame| &frame.func));
        Ok((text(&format!("{:032x}", stack.0)), at, text(&serde_json::to_string(&frames)?)))
    }
}

/// One value of a row.
enum Cell<'a> {
    Whole(i64),
    Real(f64),
    Text(&'a ByteArray),
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

/// Labels as an object.
fn labels_json(instance: &Instance) -> Result<String, StoreError> {
    let labels: serde_json::Map<String, serde_json::Value> =
        instance.labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    Ok(serde_json::to_string(&labels)?)
}

impl<W: Write + Send> Table<W> {
    fn begin(schema: &str, columns: Vec<Column>, out: W) -> Result<Self, StoreError> {
        let plain = |name: &str| ColumnPath::from(name);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_column_dictionary_enabled(plain("at"), false)
            .set_column_encoding(plain("at"), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled(plain("value"), false)
            .set_column_encoding(plain("value"), Encoding::BYTE_STREAM_SPLIT)
            .build();
        let schema = Arc::new(parse_message_type(schema)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Table { file, columns, exported: Exported::default() })
    }

    fn put<const N: usize>(&mut self, row: [Cell<'_>; N]) -> Result<(), StoreError> {
        debug_assert_eq!(self.columns.len(), N);
        let mut rows = 0;
        for (column, cell) in self.columns.iter_mut().zip(row) {
            match (column, cell) {
                (Column::Whole(values), Cell::Whole(value)) => {
                    values.push(value);
                    rows = values.len();
                }
                (Column::Real(values), Cell::Real(value)) => values.push(value),
                (Column::Text(values), Cell::Text(value)) => values.push(value.clone()),
                (Column::Whole(_) | Column::Real(_) | Column::Text(_), _) => {
                    return Err(StoreError::damaged("a row that does not fit its table"));
                }
            }
        }
        self.exported.rows += 1;
        if rows >= GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), StoreError> {
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            write_column(&mut writer, column)?;
            writer.close()?;
        }
        group.close()?;
        self.exported.groups += 1;
        Ok(())
    }

    fn end(mut self) -> Result<Exported, StoreError> {
        let rest = self.columns.iter().any(|column| match column {
            Column::Whole(values) => !values.is_empty(),
            Column::Real(values) => !values.is_empty(),
            Column::Text(values) => !values.is_empty(),
        });
        if rest {
            self.write_group()?;
        }
        self.file.close()?;
        Ok(self.exported)
    }
}

fn write_column(writer: &mut SerializedColumnWriter<'_>, column: &mut Column) -> Result<(), StoreError> {
    match column {
        Column::Whole(values) => {
            writer.typed::<Int64Type>().write_batch(values, None, None)?;
            values.clear();
        }
        Column::Real(values) => {
            writer.typed::<DoubleType>().write_batch(values, None, None)?;
            values.clear();
        }
        Column::Text(values) => {
            writer.typed::<ByteArrayType>().write_batch(values, None, None)?;
            values.clear();
        }
    }
    Ok(())
}
