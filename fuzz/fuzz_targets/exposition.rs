//! Any bytes are read as a page of metrics without panic; values alone are read of a page exactly where nothing of it was lost, and are
//! the same; series are taken apart into what they were made of.
#![no_main]

use herd_formats::exposition::{Keep, Limits, parts, read, same, unescaped};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let page = read(bytes, &Keep::All, Limits { series: usize::MAX, key_bytes: usize::MAX });
    assert_eq!(page.layout.len(), page.values.len());
    let mut values = Vec::new();
    if same(bytes, &page.layout, &Keep::All, &mut values) {
        assert!(page.lost.is_nothing());
        assert!(values.iter().map(|value| value.to_bits()).eq(page.values.iter().map(|value| value.to_bits())));
    }
    for (key, _) in page.layout.series() {
        let (name, labels) = parts(key);
        assert!(name.len() <= key.len());
        assert!(labels.iter().all(|(label, value)| label.len() + unescaped(value).len() <= key.len()));
    }
});
