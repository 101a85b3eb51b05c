//! The runtime's own leak profile of a process whose memory is read as well.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use herd_model::{Note, NoteKind};

use crate::options::Options;
use crate::target::{PPROF_PATH, ProfileAsked};
use crate::{CancelFlag, Endpoint, Place, SourceError, Target, Testimony, collect};

/// Asks for the leak profile with all ids where `goroutines` may be stopped for that, else for the stacks of the leaked ones. Anything
/// but an address is read as it is.
///
/// # Errors
/// When it cannot be had.
pub fn collect_leaks(target: &Target, goroutines: u64, options: &Options, cancel: &CancelFlag) -> Result<Testimony, SourceError> {
    let Place::Endpoint(endpoint) = &target.place else { return last(collect(target, options, cancel)?) };
    let limit = options.max_goroutines_for_stw;
    let with_ids = goroutines <= limit || options.allow_stw;
    let asked = ProfileAsked { name: "goroutineleak".to_owned(), debug: if with_ids { 2 } else { 1 } };
    let named = endpoint.profile.is_some();
    let profile = endpoint.profile.clone().or(Some(asked));
    let path = if named { endpoint.path.clone() } else { root(&endpoint.path, options) };
    let place = Place::Endpoint(Box::new(Endpoint { path, profile, ..endpoint.as_ref().clone() }));
    let mut testimony = last(collect(&Target { place, ..target.clone() }, options, cancel)?)?;
    if !with_ids && !named {
        let text = format!(
            "the leak profile was asked for stacks alone: {goroutines} goroutines are above the limit of {limit}; with ids, which \
             --allow-stw accepts the pause for, it is held against the memory one by one"
        );
        testimony.notes.push(Note { kind: NoteKind::NotAsked, offset: None, text });
    }
    Ok(testimony)
}

/// Whether `process` is what answers at the address of `leaks`; nothing where that cannot be seen from here: another machine, a proxy, a
/// file, a process that may not be looked at.
pub fn is_served_by(leaks: &Target, process: &Target) -> Option<bool> {
    let (Place::Endpoint(endpoint), Place::Process(pid)) = (&leaks.place, &process.place) else { return None };
    let inodes = if let Some(path) = &endpoint.unix {
        unix_listeners(*pid, path)?
    } else {
        let host = endpoint.origin.host_str()?.trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
        here.then(|| listeners(*pid, endpoint.origin.port_or_known_default()?)).flatten()?
    };
    let owned = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let sockets = owned.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let names: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    Some(sockets.into_iter().any(|socket| names.iter().any(|name| socket.as_os_str() == name.as_str())))
}

/// Inodes of the TCP sockets that listen at a port, in the network the process lives in; nothing where none does, as behind a forwarded
/// port.
fn listeners(pid: i32, port: u16) -> Option<Vec<String>> {
    const LISTENS: &str = "0A";
    const LOCAL: usize = 1;
    const STATE: usize = 3;
    const INODE: usize = 9;
    let port = format!(":{port:04X}");
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines()).map(|row| row.split_ascii_whitespace().collect::<Vec<_>>());
    let listens = |row: &Vec<&str>| row.len() > INODE && row[STATE] == LISTENS && row[LOCAL].ends_with(&port);
    let inodes: Vec<String> = rows.filter(listens).map(|row| row[INODE].to_owned()).collect();
    (!inodes.is_empty()).then_some(inodes)
}

/// Inodes of the unix sockets bound to a path.
fn unix_listeners(pid: i32, path: &Path) -> Option<Vec<String>> {
    const INODE: usize = 6;
    let table = fs::read_to_string(format!("/proc/{pid}/net/unix")).ok()?;
    let path = path.to_str()?;
    let rows = table.lines().filter(|row| row.split_ascii_whitespace().nth(INODE + 1) == Some(path));
    let inodes: Vec<String> = rows.filter_map(|row| Some(row.split_ascii_whitespace().nth(INODE)?.to_owned())).collect();
    (!inodes.is_empty()).then_some(inodes)
}

fn last(mut testimonies: Vec<Testimony>) -> Result<Testimony, SourceError> {
    testimonies.pop().ok_or(SourceError::Interrupted)
}

/// Where the profiles are below a path that names none.
fn root(path: &str, options: &Options) -> String {
    match (path, options.prefix.as_deref().unwrap_or_default().trim_matches('/')) {
        ("", "") => PPROF_PATH.to_owned(),
        ("", prefix) => format!("/{prefix}{PPROF_PATH}"),
        (path, _) if path.ends_with("/pprof") => path.to_owned(),
        (path, _) => format!("{path}{PPROF_PATH}"),
    }
}
