//! What a user names: a file, standard input, a directory, or an address that serves `net/http/pprof`.

use std::path::{Path, PathBuf};

use herd_model::TargetKind;
use url::Url;

use crate::{Auth, SourceError};

/// Path under which Go's `net/http/pprof` mounts itself.
pub(crate) const PPROF_PATH: &str = "/debug/pprof";

/// Path at which the Go module's account is served.
pub(crate) const ACCOUNT_PATH: &str = "/debug/goherd";

impl Target {
    /// Reads what the user typed. Only the file system is looked at, to tell a file named `host:80` from an address.
    pub fn parse(text: &str) -> Result<Target, SourceError> {
        if text.is_empty() {
            return Err(bad(text, "it is empty"));
        }
        if text == "-" {
            return Ok(Target { name: "-".to_owned(), place: Place::Stdin, guess: "standard input".to_owned() });
        }
        if let Some(pid) = text.strip_prefix("pid:") {
            return process_target(text, pid, "a process id");
        }
        if let Some(rest) = text.strip_prefix("core:") {
            return core_target(text, rest);
        }
        if let Some(rest) = text.strip_prefix("unix:") {
            return unix_target(text, rest);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => url_target(text, text, "a URL"),
                other => Err(bad(text, &format!("{other}:// is not a scheme goherd speaks"))),
            };
        }
        if Path::new(text).exists() {
            return Ok(path_target(text));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return process_target(text, text, "a process id (no file has this name)");
        }
        if let Some(rest) = text.strip_prefix(':').filter(|rest| starts_with_port(rest)) {
            return url_target(text, &format!("http://localhost:{rest}"), "a port of this machine");
        }
        if is_address(text) {
            return url_target(text, &format!("http://{text}"), "an address, asked over http");
        }
        Ok(path_target(text))
    }

    /// What kind of witness it is.
    pub fn kind(&self) -> TargetKind {
        match self.place {
            Place::Stdin => TargetKind::Stdin,
            Place::Path(_) => TargetKind::File,
            Place::Endpoint(_) => TargetKind::Url,
            Place::Process(_) => TargetKind::Process,
            Place::Core { .. } => TargetKind::Core,
        }
    }
}

/// What testifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the user gave it, credentials removed.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What it was taken for, such as `an address, asked over http`.
    pub guess: String,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard input.
    Stdin,
    /// A file or a directory.
    Path(PathBuf),
    /// An address that serves `net/http/pprof`.
    Endpoint(Box<Endpoint>),
    /// A live process of this machine.
    Process(i32),
    /// A core file.
    Core {
        /// The file.
        path: PathBuf,
        /// The executable it was made from, where it is not at the path the core names.
        executable: Option<PathBuf>,
    },
}

/// An address that serves `net/http/pprof`, perhaps under a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host and port; neither path nor credentials.
    pub origin: Url,
    /// The socket to connect to instead of host and port.
    pub unix: Option<PathBuf>,
    /// The path given, without its last slash; the places to try are worked out from it.
    pub path: String,
    /// The one profile asked for, such as `goroutine?debug=2`.
    pub profile: Option<ProfileAsked>,
    /// Parameters that go with every request, such as a gateway's token.
    pub query: Vec<(String, String)>,
    /// Credentials that stood in the address.
    pub auth: Option<Auth>,
}

/// A profile named in the address itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileAsked {
    /// As `net/http/pprof` serves it: `goroutine`, `goroutineleak`, `heap`, `profile`…
    pub name: String,
    /// The `debug` parameter; 0 when absent, as in `net/http/pprof`.
    pub debug: u8,
}

fn path_target(text: &str) -> Target {
    let path = PathBuf::from(text);
    let guess = if path.is_dir() { "a directory" } else { "a file" };
    Target { name: text.to_owned(), place: Place::Path(path), guess: guess.to_owned() }
}

fn unix_target(text: &str, rest: &str) -> Result<Target, SourceError> {
    let (socket, path) = match rest.split_once(":/") {
        Some((socket, path)) => (socket, format!("/{path}")),
        None => (rest, String::new()),
    };
    if socket.is_empty() {
        return Err(bad(text, "the path of the socket is missing"));
    }
    let mut target = url_target(text, &format!("http://localhost{path}"), "a unix socket")?;
    if let Place::Endpoint(endpoint) = &mut target.place {
        endpoint.unix = Some(PathBuf::from(socket));
    }
    target.name = format!("unix:{socket}");
    if !path.is_empty() {
        target.name = format!("{}:{path}", target.name);
    }
    Ok(target)
}

fn url_target(given: &str, address: &str, guess: &str) -> Result<Target, SourceError> {
    let url = Url::parse(address).map_err(|error| bad(given, &error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad(given, "the host is missing"));
    }
    let auth = credentials(&url).map_err(|why| bad(given, why))?;
    let name = if given == address || auth.is_some() { shown(&url) } else { without_query(given) };
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    // Both fail only for addresses that cannot have an authority, and a host was found above.
    if origin.set_username("").is_err() || origin.set_password(None).is_err() {
        return Err(bad(given, "its user name cannot be taken off"));
    }
    let (path, profile, query) = asked(given, &url)?;
    let endpoint = Endpoint { origin, unix: None, path, profile, query, auth };
    Ok(Target { name, place: Place::Endpoint(Box::new(endpoint)), guess: guess.to_owned() })
}

type Asked = (String, Option<ProfileAsked>, Vec<(String, String)>);

/// Splits `/prefix/debug/pprof/goroutine?debug=2&token=…` into the root, the profile, and the parameters that belong to neither.
fn asked(given: &str, url: &Url) -> Result<Asked, SourceError> {
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let path = url.path().trim_end_matches('/').to_owned();
    // The account names no goroutine; it is read beside the profiles.
    let path = path.strip_suffix(ACCOUNT_PATH).map_or(path.clone(), str::to_owned);
    let (root, last) = path.rsplit_once('/').unwrap_or(("", ""));
    match last {
        "goroutine" | "goroutineleak" => {}
        "allocs" | "block" | "heap" | "mutex" | "profile" | "threadcreate" if root.ends_with("/pprof") => {}
        "trace" | "cmdline" | "symbol" if root.ends_with("/pprof") => {
            return Err(bad(given, &format!("`{last}` is no profile; name the service, or one of its profiles")));
        }
        _ => return Ok((path, None, query)),
    }
    let debug = query.iter().find(|(key, _)| key == "debug").map_or(Ok(0), |(_, value)| value.parse::<u8>());
    let debug = debug.ok().filter(|debug| *debug <= 2).ok_or_else(|| bad(given, "`debug` is 0, 1 or 2"))?;
    query.retain(|(key, _)| key != "debug");
    Ok((root.to_owned(), Some(ProfileAsked { name: last.to_owned(), debug }), query))
}

fn credentials(url: &Url) -> Result<Option<Auth>, &'static str> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let user = percent_decoded(url.username()).ok_or("its user name is not UTF-8")?;
    let password = url.password().map(percent_decoded).map(|text| text.ok_or("its password is not UTF-8")).transpose()?;
    Ok(Some(Auth::Basic { user, password: password.unwrap_or_default() }))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let escaped = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// The address without credentials: neither user nor password, and no parameter but those of pprof.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = if url.path() == "/" { "" } else { url.path() };
    let harmless: Vec<String> =
        url.query_pairs().filter(|(key, _)| key == "debug").map(|(key, value)| format!("{key}={value}")).collect();
    let query = if harmless.is_empty() { String::new() } else { format!("?{}", harmless.join("&")) };
    format!("{}://{host}{port}{path}{query}", url.scheme())
}

fn without_query(given: &str) -> String {
    let (address, query) = given.split_once('?').unwrap_or((given, ""));
    let harmless: Vec<&str> = query.split('&').filter(|pair| pair.starts_with("debug=")).collect();
    if harmless.is_empty() { address.to_owned() } else { format!("{address}?{}", harmless.join("&")) }
}

/// `host:port` with perhaps a path: what no file is called by accident.
fn is_address(text: &str) -> bool {
    let authority = text.split(['/', '?']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    let Some((host, port)) = host_and_port.rsplit_once(':') else { return false };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (bracketed || plain) && is_port(port)
}

fn starts_with_port(rest: &str) -> bool {
    is_port(rest.split(['/', '?']).next().unwrap_or_default())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn process_target(text: &str, pid: &str, guess: &str) -> Result<Target, SourceError> {
    let pid: i32 = pid.parse().ok().filter(|pid| *pid > 0).ok_or_else(|| bad(text, "a process id is a number from 1 on"))?;
    Ok(Target { name: format!("pid:{pid}"), place: Place::Process(pid), guess: guess.to_owned() })
}

/// `core:FILE[,EXECUTABLE]`; a file whose own name holds a comma is taken as a whole.
fn core_target(text: &str, rest: &str) -> Result<Target, SourceError> {
    let (path, executable) = match rest.split_once(',') {
        Some((path, executable)) if !Path::new(rest).exists() => (path, Some(PathBuf::from(executable))),
        _ => (rest, None),
    };
    if path.is_empty() || executable.as_ref().is_some_and(|executable| executable.as_os_str().is_empty()) {
        return Err(bad(text, "it lacks the path: core:FILE or core:FILE,EXECUTABLE"));
    }
    let place = Place::Core { path: PathBuf::from(path), executable };
    Ok(Target { name: text.to_owned(), place, guess: "a core file".to_owned() })
}

fn bad(text: &str, why: &str) -> SourceError {
    SourceError::BadTarget { target: redacted(text), why: why.to_owned() }
}

/// Whatever stands before the last `@` of the authority may be a password.
fn redacted(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?']).map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => without_query(&format!("{}{}", &text[..start], &text[start + at + 1..])),
        None => without_query(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn endpoint(text: &str) -> (Target, Endpoint) {
        let target = Target::parse(text).unwrap();
        match target.place.clone() {
            Place::Endpoint(endpoint) => (target, *endpoint),
            Place::Stdin | Place::Path(_) | Place::Process(_) | Place::Core { .. } => panic!("{text} is no address"),
        }
    }

    #[track_caller]
    fn check(text: &str, origin: &str, path: &str, name: &str) {
        let (target, endpoint) = endpoint(text);
        assert_eq!((endpoint.origin.as_str(), endpoint.path.as_str(), target.name.as_str()), (origin, path, name), "{text}");
        assert_eq!(target.kind(), TargetKind::Url);
    }

    #[test]
    fn processes_and_core_files() {
        let parsed = |text: &str| Target::parse(text).map(|target| (target.kind(), target.name, target.place));
        for text in ["4711", "pid:4711"] {
            assert_eq!(parsed(text).unwrap(), (TargetKind::Process, "pid:4711".to_owned(), Place::Process(4711)));
        }
        let core =
            |path: &str, executable: Option<&str>| Place::Core { path: path.into(), executable: executable.map(PathBuf::from) };
        assert_eq!(parsed("core:a/core.7").unwrap().2, core("a/core.7", None));
        assert_eq!(parsed("core:a/core.7,bin/api").unwrap().2, core("a/core.7", Some("bin/api")));
        for text in ["pid:", "pid:0", "pid:-1", "pid:x", "pid:99999999999", "0", "core:", "core:,bin", "core:a,"] {
            assert!(matches!(Target::parse(text), Err(SourceError::BadTarget { .. })), "{text}");
        }
    }

    #[test]
    fn addresses_in_every_spelling() {
        check(":6060", "http://localhost:6060/", "", ":6060");
        check(":6060/ops", "http://localhost:6060/", "/ops", ":6060/ops");
        check("orders:6060", "http://orders:6060/", "", "orders:6060");
        check("10.0.0.7:6060/debug/pprof/", "http://10.0.0.7:6060/", "/debug/pprof", "10.0.0.7:6060/debug/pprof/");
        check("[::1]:6060", "http://[::1]:6060/", "", "[::1]:6060");
        check("http://orders:6060", "http://orders:6060/", "", "http://orders:6060");
        check(":6060/debug/goherd", "http://localhost:6060/", "", ":6060/debug/goherd");
        check("https://orders/ops/", "https://orders/", "/ops", "https://orders/ops/");
        check("unix:/run/orders.sock", "http://localhost/", "", "unix:/run/orders.sock");
        check("unix:/run/orders.sock:/ops", "http://localhost/", "/ops", "unix:/run/orders.sock:/ops");
    }

    #[test]
    fn a_profile_named_in_the_address_is_the_one_asked_for() {
        let (target, endpoint) = endpoint("http://h/prefix/debug/pprof/goroutine?debug=2&token=s3cret");
        assert_eq!(endpoint.path, "/prefix/debug/pprof");
        assert_eq!(endpoint.profile, Some(ProfileAsked { name: "goroutine".into(), debug: 2 }));
        assert_eq!(endpoint.query, [("token".to_owned(), "s3cret".to_owned())]);
        assert_eq!(target.name, "http://h/prefix/debug/pprof/goroutine?debug=2");
    }

    #[test]
    fn credentials_leave_the_name_and_arrive_decoded() {
        for text in ["http://ann:p%40ss@h:6060/x?token=a", "ann:p%40ss@h:6060/x?token=a"] {
            let (target, endpoint) = endpoint(text);
            assert_eq!(target.name, "http://h:6060/x");
            assert_eq!(endpoint.auth, Some(Auth::Basic { user: "ann".into(), password: "p@ss".into() }));
            assert_eq!(endpoint.origin.as_str(), "http://h:6060/");
        }
        let (target, _) = endpoint(":6060?token=a");
        assert_eq!(target.name, ":6060");
        let error = Target::parse("ftp://ann:secret@h/x?token=a").unwrap_err().to_string();
        assert!(!error.contains("secret") && !error.contains("token") && error.contains("ftp://h/x"), "{error}");
    }

    #[test]
    fn files_stay_files() {
        for text in ["dump.txt", "a/b:c", "C:\\dumps\\one.txt", "host:99999", "host:port", "2026-11-21T11:02:03Z.txt"] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.place, Place::Path(PathBuf::from(text)), "{text}");
            assert_eq!(target.kind(), TargetKind::File);
        }
        assert_eq!(Target::parse("-").unwrap().place, Place::Stdin);
        assert_eq!(Target::parse(env!("CARGO_MANIFEST_DIR")).unwrap().guess, "a directory");
    }

    #[test]
    fn what_cannot_be_a_target_is_a_usage_error() {
        for text in
            ["", "pid:x", "core:", "ftp://h", "unix:", "http://", ":6060/debug/pprof/goroutine?debug=7", ":1/debug/pprof/trace"]
        {
            let error = Target::parse(text).unwrap_err();
            assert_eq!(error.class(), crate::ErrorClass::Usage, "{text}");
            assert!(!error.next_step().is_empty(), "{text}");
        }
    }
}
