//! The transcripts of the front pages are what goherd prints.

use std::path::Path;

#[test]
fn transcripts_of_the_front_pages() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // The pages name files as seen from the top folder.
    std::env::set_current_dir(top).expect("the checkout's top folder");
    trycmd::TestCases::new().case("README.md").case("README.zh-CN.md").env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").run();
}
