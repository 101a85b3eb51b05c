//! goherd.
fn main() {}
