//! Transcripts: what the commands print, word for word.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").run();
}
