//! The linter in editors: a language server over standard input and output, with buffers as they are, saved or not.
//!
//! The package of a buffer is linted a moment after the last change, in a thread of its own; what editors ask meanwhile is answered at
//! once, from the last result. Findings become diagnostics, their ways related places, their repairs code actions, pages hovers.

mod answers;
mod documents;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{after, never, select};
use herd_patterns::Lang;
use lsp_server::{Connection, ErrorCode, ExtractError, Message, Notification, ProtocolError, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument, LogMessage,
    Notification as _, PublishDiagnostics,
};
use lsp_types::request::{CodeActionRequest, HoverRequest, Request as _};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, HoverParams, HoverProviderCapability,
    InitializeParams, LogMessageParams, MessageType, PositionEncodingKind, PublishDiagnosticsParams, SaveOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use documents::{Documents, to_path, to_uri};
use worker::{Job, Linted, Worker};

/// How long a buffer rests before its package is linted.
const REST: Duration = Duration::from_millis(300);

/// Why the server ended other than it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LspError {
    /// The client does not keep to the protocol.
    #[error("talk to the editor: {0}")]
    Protocol(#[from] ProtocolError),
    /// What the client sends makes no sense.
    #[error("read what the editor sends: {0}")]
    Json(#[from] serde_json::Error),
    /// Standard input or output is gone.
    #[error("talk to the editor: {0}")]
    Io(#[from] std::io::Error),
    /// The client is gone without a word.
    #[error("the editor left without asking the server to shut down")]
    Left,
}

/// Serves the editor on standard input and output until it asks to end.
pub fn serve_stdio(version: &str, lang: Lang) -> Result<(), LspError> {
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection, version, lang);
    // The threads end once nobody holds the channels.
    drop(connection);
    match served {
        Ok(()) => Ok(threads.join()?),
        Err(error) => Err(error),
    }
}

/// Serves a connection until the other side asks to end.
pub fn serve(connection: &Connection, version: &str, lang: Lang) -> Result<(), LspError> {
    let (id, params) = connection.initialize_start()?;
    let params: InitializeParams = serde_json::from_value(params)?;
    let capabilities = serde_json::to_value(capabilities())?;
    let info = serde_json::json!({"capabilities": capabilities, "serverInfo": {"name": "goherd", "version": version}});
    connection.initialize_finish(id, info)?;
    let with_versions =
        params.capabilities.workspace.and_then(|workspace| workspace.workspace_edit?.document_changes).unwrap_or(false);
    let worker = Worker::start(version.to_owned())?;
    let mut server = Server {
        connection,
        worker,
        lang,
        with_versions,
        documents: Documents::default(),
        due: BTreeMap::new(),
        linted: BTreeMap::new(),
        told: BTreeMap::new(),
    };
    server.run()
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        ..ServerCapabilities::default()
    }
}

/// What the server knows of the editor's buffers and of the packages they belong to.
struct Server<'c> {
    connection: &'c Connection,
    worker: Worker,
    lang: Lang,
    /// Whether the editor takes changes of a version of a buffer.
    with_versions: bool,
    documents: Documents,
    /// Packages to lint, by folder, and when.
    due: BTreeMap<PathBuf, Instant>,
    /// Packages as they were linted last.
    linted: BTreeMap<PathBuf, Linted>,
    /// Files with diagnostics, by package.
    told: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<(), LspError> {
        loop {
            self.start_due();
            let timer = match self.due.values().min().filter(|_| !self.worker.is_busy) {
                Some(at) => after(at.saturating_duration_since(Instant::now())),
                None => never(),
            };
            select! {
                recv(self.connection.receiver) -> message => match message {
                    Ok(Message::Request(request)) => {
                        if self.connection.handle_shutdown(&request)? {
                            return Ok(());
                        }
                        self.answer(request);
                    }
                    Ok(Message::Notification(note)) if note.method == "exit" => return Err(LspError::Left),
                    Ok(Message::Notification(note)) => self.take(note),
                    Ok(Message::Response(_)) => {}
                    Err(_) => return Err(LspError::Left),
                },
                recv(self.worker.done) -> done => {
                    self.worker.is_busy = false;
                    match done {
                        Ok(Ok(linted)) => self.publish(linted),
                        Ok(Err(why)) => self.log(&why),
                        Err(_) => {
                            self.log("the linter stopped; it is started again");
                            self.worker = Worker::start(self.worker.version.clone())?;
                        }
                    }
                },
                recv(timer) -> _ => {}
            }
        }
    }

    /// Hands the package that has waited longest to the worker, if one is due.
    fn start_due(&mut self) {
        if self.worker.is_busy {
            return;
        }
        let now = Instant::now();
        let first = self.due.iter().filter(|(_, at)| **at <= now).min_by_key(|(_, at)| **at).map(|(folder, _)| folder.clone());
        if let Some(folder) = first {
            self.due.remove(&folder);
            self.worker.lint(Job { folder, buffers: self.documents.clone() });
        }
    }

    /// Lints the package of a file after a while.
    fn lint_after(&mut self, file: &Path, rest: Duration) {
        if let Some(folder) = file.parent() {
            self.due.insert(folder.to_owned(), Instant::now() + rest);
        }
    }

    fn take(&mut self, note: Notification) {
        match note.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Some(params) = self.read::<lsp_types::DidOpenTextDocumentParams>(note) else { return };
                let document = params.text_document;
                let Some(file) = to_path(&document.uri) else { return };
                self.documents.set(file.clone(), document.version, document.text);
                self.lint_after(&file, Duration::ZERO);
            }
            DidChangeTextDocument::METHOD => {
                let Some(params) = self.read::<lsp_types::DidChangeTextDocumentParams>(note) else { return };
                let Some(file) = to_path(&params.text_document.uri) else { return };
                // Whole texts were asked for: the last one counts.
                if let Some(change) = params.content_changes.into_iter().rfind(|change| change.range.is_none()) {
                    self.documents.set(file.clone(), params.text_document.version, change.text);
                    self.lint_after(&file, REST);
                }
            }
            DidSaveTextDocument::METHOD => {
                let Some(params) = self.read::<lsp_types::DidSaveTextDocumentParams>(note) else { return };
                if let Some(file) = to_path(&params.text_document.uri) {
                    self.lint_after(&file, Duration::ZERO);
                }
            }
            DidCloseTextDocument::METHOD => {
                let Some(params) = self.read::<lsp_types::DidCloseTextDocumentParams>(note) else { return };
                if let Some(file) = to_path(&params.text_document.uri) {
                    self.close(&file);
                }
            }
            DidChangeWatchedFiles::METHOD => {
                let files: Vec<PathBuf> = self.documents.files().cloned().collect();
                for file in &files {
                    self.lint_after(file, REST);
                }
            }
            _ => {}
        }
    }

    /// A package is told of as long as one of its files is open.
    fn close(&mut self, file: &Path) {
        self.documents.remove(file);
        let Some(folder) = file.parent() else { return };
        if self.documents.files().any(|other| other.parent() == Some(folder)) {
            return self.lint_after(file, REST);
        }
        self.due.remove(folder);
        self.linted.remove(folder);
        for file in self.told.remove(folder).unwrap_or_default() {
            self.tell(&file, Vec::new());
        }
    }

    /// Shows what was found in a package, and takes away what is found no longer.
    fn publish(&mut self, linted: Linted) {
        let folder = linted.folder.clone();
        // What has changed meanwhile is about to be linted again; a package that was closed is told of no longer.
        if self.due.contains_key(&folder) || !self.documents.files().any(|file| file.parent() == Some(&folder)) {
            return;
        }
        let mut files = self.told.remove(&folder).unwrap_or_default();
        // Of open files it is told, too, that nothing was found.
        files.extend(self.documents.files().filter(|file| file.parent() == Some(&folder)).cloned());
        files.extend(linted.findings.iter().map(|finding| folder.join(&finding.at.file)));
        let mut told = BTreeSet::new();
        for file in files {
            let diagnostics = answers::diagnostics(&linted, &file, self.lang);
            if !diagnostics.is_empty() || self.documents.version(&file).is_some() {
                told.insert(file.clone());
            }
            self.tell(&file, diagnostics);
        }
        self.told.insert(folder.clone(), told);
        self.linted.insert(folder, linted);
    }

    fn tell(&self, file: &Path, diagnostics: Vec<lsp_types::Diagnostic>) {
        if let Some(uri) = to_uri(file) {
            let version = self.documents.version(file);
            self.notify::<PublishDiagnostics>(PublishDiagnosticsParams { uri, diagnostics, version });
        }
    }

    fn answer(&mut self, request: Request) {
        let id = request.id.clone();
        match request.method.as_str() {
            HoverRequest::METHOD => {
                let Some(params) = self.params::<HoverParams>(request) else { return };
                let at = params.text_document_position_params;
                let linted = to_path(&at.text_document.uri).and_then(|file| Some((self.linted.get(file.parent()?)?, file)));
                self.reply(id, &linted.and_then(|(linted, file)| answers::hover(linted, &file, at.position, self.lang)));
            }
            CodeActionRequest::METHOD => {
                let Some(params) = self.params::<CodeActionParams>(request) else { return };
                let linted = to_path(&params.text_document.uri).and_then(|file| Some((self.linted.get(file.parent()?)?, file)));
                let actions = linted.map(|(linted, file)| {
                    // What was found in another version of a buffer cannot be changed there.
                    let is_current = self.documents.version(&file) == linted.buffers.version(&file);
                    if is_current { answers::actions(linted, &file, params.range, self.with_versions) } else { Vec::new() }
                });
                self.reply(id, &actions.unwrap_or_default());
            }
            method => {
                let text = format!("goherd does not answer {method}");
                self.send(Message::Response(Response::new_err(id, ErrorCode::MethodNotFound as i32, text)));
            }
        }
    }

    fn params<P: DeserializeOwned>(&self, request: Request) -> Option<P> {
        let (id, method) = (request.id.clone(), request.method.clone());
        match request.extract(&method) {
            Ok((_, params)) => Some(params),
            Err(error) => {
                self.send(Message::Response(Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string())));
                None
            }
        }
    }

    fn read<P: DeserializeOwned>(&self, note: Notification) -> Option<P> {
        let method = note.method.clone();
        match note.extract(&method) {
            Ok(params) => Some(params),
            Err(ExtractError::MethodMismatch(_)) => None,
            Err(ExtractError::JsonError { error, .. }) => {
                self.log(&format!("{method}: {error}"));
                None
            }
        }
    }

    fn reply(&self, id: RequestId, result: &impl Serialize) {
        self.send(Message::Response(Response::new_ok(id, result)));
    }

    fn log(&self, text: &str) {
        self.notify::<LogMessage>(LogMessageParams { typ: MessageType::WARNING, message: format!("goherd: {text}") });
    }

    fn notify<N: lsp_types::notification::Notification>(&self, params: N::Params) {
        self.send(Message::Notification(Notification::new(N::METHOD.to_owned(), params)));
    }

    /// A client that is gone is noticed where its messages are read.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }
}
