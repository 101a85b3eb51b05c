//! What is exported is read back by a Parquet reader.

#![allow(clippy::unwrap_used, clippy::cast_possible_wrap)] // Helpers of tests are tests.

use std::fs::File;

use herd_model::Place;
use herd_store::{FamilyCount, Fold, GrowthBy, GrowthQuery, LabelMatch, Limits, Row, SeriesQuery, Store, Tick};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

/// The rows of a file, each as its fields.
fn read(file: File) -> Vec<Vec<Field>> {
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect()).collect()
}

#[test]
fn samples_and_families_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &Limits { seal_ticks: 6, ..Limits::default() }).unwrap();
    let layout = store.layout(&["go_goroutines", "up"]).unwrap();
    let instances: Vec<_> =
        ["a", "b"].iter().map(|name| store.instance(&[("service", "orders"), ("instance", name)]).unwrap()).collect();
    let stack = store.stack(&[
        Place { func: "runtime.gopark".into(), file: "proc.go".into(), line: 402 },
        Place { func: "pay.(*Client).watch".into(), file: "stream.go".into(), line: 88 },
    ]);
    let stack = stack.unwrap();
    for tick in 0..40u32 {
        let values: Vec<_> = [1.5, 1000.0].map(|base| [base + f64::from(tick), f64::NAN]).into();
        let rows: Vec<_> = instances
            .iter()
            .zip(&values)
            .map(|(instance, values)| Row { instance: *instance, layout, offset_ms: 2, values })
            .collect();
        store.append(&Tick { at_ms: i64::from(tick) * 5000, rows: &rows }).unwrap();
        let count = FamilyCount { stack, state: "select", count: u64::from(tick) + 1 };
        store.append_families(i64::from(tick) * 5000, instances[1], &[count]).unwrap();
        store.tend(0, std::time::Duration::from_millis(5)).unwrap();
    }
    let query = SeriesQuery {
        labels: vec![LabelMatch::Equal("service".into(), "orders".into())],
        keys: Vec::new(),
        from_ms: 10_000,
        to_ms: 150_000,
        step_ms: 0,
        fold: Fold::Last,
    };
    let path = folder.path().join("samples.parquet");
    let exported = store.reader().export_samples(&query, File::create(&path).unwrap()).unwrap();
    let rows = read(File::open(&path).unwrap());
    assert_eq!((exported.rows, rows.len()), (28 * 4, 28 * 4));
    let number = |field: &Field| {
        let Field::Double(value) = field else { panic!("{field:?} is no number") };
        *value
    };
    let goroutines: Vec<_> = rows.iter().filter(|row| row[2] == Field::Str("go_goroutines".into())).collect();
    assert_eq!(goroutines.len(), 56);
    for (at, row) in goroutines.iter().enumerate() {
        let (base, name, tick) = if at < 28 { (1.5, "a", at + 2) } else { (1000.0, "b", at - 28 + 2) };
        assert_eq!(row[0], Field::TimestampMillis(tick as i64 * 5000 + 2));
        assert_eq!(row[1], Field::Str(format!(r#"{{"instance":"{name}","service":"orders"}}"#)));
        assert_eq!(number(&row[3]).to_bits(), (base + tick as f64).to_bits());
    }
    assert!(rows.iter().filter(|row| row[2] == Field::Str("up".into())).all(|row| number(&row[3]).is_nan()));

    let query = GrowthQuery { labels: Vec::new(), stack: None, from_ms: 0, to_ms: 50_000, by: GrowthBy::Stack, limit: 0 };
    let path = folder.path().join("families.parquet");
    let exported = store.reader().export_families(&query, File::create(&path).unwrap()).unwrap();
    let rows = read(File::open(&path).unwrap());
    assert_eq!((exported.rows, rows.len()), (11, 11));
    for (tick, row) in rows.iter().enumerate() {
        assert_eq!(row[0], Field::TimestampMillis(tick as i64 * 5000));
        assert_eq!(row[2], Field::Str(format!("{:032x}", stack.0)));
        assert_eq!((&row[3], &row[4]), (&Field::Str("select".into()), &Field::Str("pay.(*Client).watch".into())));
        assert_eq!(row[6], Field::Long(tick as i64 + 1));
    }
}
