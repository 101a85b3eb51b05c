//! `goherd lsp` as an editor drives it, over standard input and output.

use std::collections::VecDeque;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const HEALTHY: &str = "package shop\n\nimport \"sync\"\n\ntype Stock struct {\n\tmu sync.Mutex\n\tn  int\n}\n\nfunc (s *Stock) Add() {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\ts.n++\n}\n";

struct Editor {
    child: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    /// Messages that were read while waiting for another.
    passed: VecDeque<Value>,
    last_id: i64,
}

impl Editor {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_goherd"))
            .args(["--lang", "en", "lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let to = child.stdin.take();
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let (send, from) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut out) {
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        Editor { child, to, from, passed: VecDeque::new(), last_id: 0 }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let to = self.to.as_mut().expect("its input");
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| to.flush()).expect("it listens");
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    #[track_caller]
    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.passed.iter().position(&is_it) {
            return self.passed.remove(at).expect("it is there");
        }
        loop {
            let message = self.from.recv_timeout(PATIENCE).expect("an answer");
            if is_it(&message) {
                return message;
            }
            self.passed.push_back(message);
        }
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.wait(|message| message["id"] == id)
    }

    #[track_caller]
    fn diagnostics(&mut self, uri: &str, version: Option<i64>) -> Vec<Value> {
        let of = |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && version.is_none_or(|version| message["params"]["version"] == version)
        };
        let message = self.wait(of);
        message["params"]["diagnostics"].as_array().cloned().expect("a list")
    }

    #[track_caller]
    fn end(mut self) {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.notify("exit", &Value::Null);
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

fn read(out: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if out.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", bytes)) => length = bytes.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut text = vec![0; length];
    out.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn module(folder: &Path) -> String {
    std::fs::write(folder.join("go.mod"), "module example.com/shop\n\ngo 1.26\n").expect("written");
    std::fs::write(folder.join("stock.go"), HEALTHY).expect("written");
    let folder = folder.canonicalize().expect("a folder");
    format!("file://{}/stock.go", folder.display())
}

#[track_caller]
fn started(editor: &mut Editor) {
    let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let answer = editor.ask("initialize", &json!({"processId": null, "rootUri": null, "capabilities": capabilities}));
    assert_eq!(answer["result"]["serverInfo"]["name"], "goherd");
    assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
    editor.notify("initialized", &json!({}));
}

#[test]
fn a_buffer_is_linted_as_it_is_typed() {
    let folder = tempfile::tempdir().expect("a folder");
    let uri = module(folder.path());
    let mut editor = Editor::start();
    started(&mut editor);
    let document = |version: i64, text: &str| json!({"uri": &uri, "languageId": "go", "version": version, "text": text});
    editor.notify("textDocument/didOpen", &json!({"textDocument": document(1, HEALTHY)}));
    assert_eq!(editor.diagnostics(&uri, Some(1)), Vec::<Value>::new(), "nothing is wrong");

    // Not saved; a name and a comment of more than one byte a letter stand before the fault.
    let twice = HEALTHY.replace("\tdefer s.mu.Unlock()\n", "\tdefer s.mu.Unlock()\n\t/* 锁🔒 */ s.mu.Lock()\n");
    let change = json!({"textDocument": {"uri": &uri, "version": 2}, "contentChanges": [{"text": twice}]});
    editor.notify("textDocument/didChange", &change);
    let found = editor.diagnostics(&uri, Some(2));
    let fault = found.iter().find(|one| one["code"] == "DL001").expect("the same lock twice");
    assert_eq!(fault["range"]["start"], json!({"line": 12, "character": 11}));
    assert_eq!(fault["range"]["end"], json!({"line": 12, "character": 20}), "s.mu.Lock");
    assert_eq!((&fault["source"], &fault["severity"]), (&json!("goherd"), &json!(1)));
    let related = fault["relatedInformation"].as_array().expect("the way");
    assert!(related.iter().any(|stop| stop["location"]["range"]["start"]["line"] == 10 && stop["location"]["uri"] == uri));

    let at = json!({"line": 12, "character": 12});
    let hover = editor.ask("textDocument/hover", &json!({"textDocument": {"uri": &uri}, "position": at}));
    let page = hover["result"]["contents"]["value"].as_str().expect("a page");
    assert!(page.contains("# DL001"), "{page}");
    let asked = json!({"textDocument": {"uri": &uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}});
    let actions = editor.ask("textDocument/codeAction", &asked);
    let kept = &actions["result"].as_array().expect("actions").last().expect("one at least")["edit"]["documentChanges"][0];
    assert_eq!(kept["textDocument"], json!({"uri": &uri, "version": 2}));
    assert_eq!(kept["edits"][0]["newText"], "\t//goherd:ignore DL001 REASON\n");

    // The comment does what it says, and the cure does, too.
    let kept_back = twice.replace("\t/* ", "\t//goherd:ignore DL001 REASON\n\t/* ");
    for (version, text) in [(3, kept_back.as_str()), (4, HEALTHY)] {
        let change = json!({"textDocument": {"uri": &uri, "version": version}, "contentChanges": [{"text": text}]});
        editor.notify("textDocument/didChange", &change);
        let left = editor.diagnostics(&uri, Some(version));
        assert!(left.iter().all(|one| one["code"] != "DL001"), "{left:?}");
    }
    editor.end();
}

#[test]
fn what_makes_no_sense_is_answered_and_the_server_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let uri = module(folder.path());
    let mut editor = Editor::start();
    started(&mut editor);
    assert_eq!(editor.ask("textDocument/rename", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", &json!({"textDocument": 7}))["error"]["code"], -32602);
    editor.notify("textDocument/didOpen", &json!(["no", "document"]));
    editor.wait(|message| message["method"] == "window/logMessage");
    let text = json!({"uri": "untitled:1", "languageId": "go", "version": 1, "text": "package p\n"});
    editor.notify("textDocument/didOpen", &json!({"textDocument": text}));
    // A file that is on no disk yet, cut off in the middle of a word.
    let new = uri.replace("stock.go", "new.go");
    let text = "package shop\n\nimport \"sync\"\n\nvar a sync.Mutex\n\nfunc twice() {\n\ta.Lock()\n\ta.Lock()\n}\n\nfunc brok";
    let document = json!({"uri": &new, "languageId": "go", "version": 1, "text": text});
    editor.notify("textDocument/didOpen", &json!({"textDocument": document}));
    let found = editor.diagnostics(&new, Some(1));
    assert!(found.iter().any(|one| one["code"] == "DL001"), "{found:?}");
    editor.notify("textDocument/didClose", &json!({"textDocument": {"uri": &new}}));
    assert_eq!(editor.diagnostics(&new, None), Vec::<Value>::new(), "nothing is told of a package that is closed");
    editor.end();
}

#[test]
fn an_editor_that_leaves_without_a_word_is_noticed() {
    let mut editor = Editor::start();
    started(&mut editor);
    editor.to = None;
    let code = editor.child.wait().expect("it ends").code();
    assert_eq!(code, Some(2));
}
