//! `testbed/build-oracle`: what Go's own packages answer, asked in one go.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::go::{goroot, repository};

/// Answers to questions, in their order.
pub fn ask(questions: &[Value], arguments: &[&str]) -> Vec<Value> {
    let mut child =
        Command::new(oracle()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start the oracle");
    let mut input = child.stdin.take().expect("its input");
    let text = questions.iter().fold(String::new(), |text, question| text + &question.to_string() + "\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).expect("write questions"));
    let output = child.wait_with_output().expect("answers");
    writer.join().expect("the writer");
    assert!(output.status.success());
    let answers: Vec<Value> =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(|value| value.expect("JSON")).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

fn oracle() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-oracle");
        let mut go = Command::new(goroot().join("bin/go"));
        go.args(["build", "-o"]).arg(&out).arg("./build-oracle").current_dir(repository("testbed"));
        go.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOROOT", goroot());
        assert!(go.status().expect("start go").success());
        out
    })
}

/// A fixed sequence of numbers that look random (xorshift64*).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}
