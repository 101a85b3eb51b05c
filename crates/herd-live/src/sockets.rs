//! What a descriptor's number stands for: the socket's two ends, the unix socket's path, the file.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use herd_model::{Waits, What};
use rustc_hash::FxHashMap;

/// The kernel's tables of a process's network namespace.
const TABLES: [&str; 4] = ["tcp", "tcp6", "udp", "udp6"];
/// A socket that listens (`TCP_LISTEN`, `include/net/tcp_states.h`).
const LISTEN: &str = "0A";

/// Names the descriptors of `waits`. What the kernel does not tell stays a number.
pub fn name(pid: i32, waits: &mut Waits) {
    if !waits.objects.iter().any(|object| object.what == What::Descriptor) {
        return;
    }
    let sockets = sockets(pid);
    for object in waits.objects.iter_mut().filter(|object| object.what == What::Descriptor) {
        let link = object.inside.fd.and_then(|fd| fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok());
        let Some(link) = link.map(|link| link.display().to_string()) else { continue };
        let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        object.inside.endpoint = match inode.and_then(|inode| inode.parse().ok()) {
            Some(inode) => sockets.get(&inode).cloned(),
            None => Some(link),
        };
    }
}

/// All sockets of the namespace by inode.
fn sockets(pid: i32) -> FxHashMap<u64, String> {
    let mut sockets = FxHashMap::default();
    // A path need not be UTF-8.
    let read = |table: &str| {
        let bytes = fs::read(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    for table in TABLES {
        sockets.extend(read(table).lines().skip(1).filter_map(|line| socket(table.trim_end_matches('6'), line)));
    }
    sockets.extend(read("unix").lines().skip(1).filter_map(unix));
    sockets
}

/// A line of `/proc/net/tcp`: number, local, remote, state, … the inode is the tenth.
fn socket(protocol: &str, line: &str) -> Option<(u64, String)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let inode = fields.get(9)?.parse().ok()?;
    let (local, remote) = (end(fields.get(1)?)?, end(fields.get(2)?)?);
    let text = if fields.get(3) == Some(&LISTEN) || remote.ends_with(":0") {
        format!("{protocol} {local} (listening)")
    } else {
        format!("{protocol} {local} <-> {remote}")
    };
    Some((inode, text))
}

/// A line of `/proc/net/unix`: the inode is the seventh, padded on the left; a path may follow, with spaces in it.
fn unix(line: &str) -> Option<(u64, String)> {
    let mut rest = line;
    for _ in 0..6 {
        rest = rest.trim_start_matches(' ').split_once(' ')?.1;
    }
    let (inode, path) = rest.trim_start_matches(' ').split_once(' ').unwrap_or((rest.trim_start_matches(' '), ""));
    Some((inode.parse().ok()?, format!("unix {path}").trim_end().to_owned()))
}

/// `0100007F:1F90` as `127.0.0.1:8080`: words of the address in the machine's order, the port as a number.
fn end(text: &str) -> Option<String> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Option<Vec<[u8; 4]>> = (0..address.len())
        .step_by(8)
        .map(|at| Some(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_le_bytes()))
        .collect();
    let bytes = words?.concat();
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical(),
        _ => return None,
    };
    Some(std::net::SocketAddr::new(ip, port).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel() {
        let line = "   0: 0100007F:1F90 0200007F:C1A8 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0";
        assert_eq!(socket("tcp", line), Some((4711, "tcp 127.0.0.1:8080 <-> 127.0.0.2:49576".to_owned())));
        let line = "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 12 1 0";
        assert_eq!(socket("tcp", line), Some((12, "tcp [::1]:80 (listening)".to_owned())));
        assert_eq!(end("0000000000000000FFFF00000100007F:0001").as_deref(), Some("127.0.0.1:1"));
        let line = "0000000000000000: 00000002 00000000 00010000 0001 01 25 /run/app.sock";
        assert_eq!(unix(line), Some((25, "unix /run/app.sock".to_owned())));
        let line = "0000000000000000: 00000002 00000000 00010000 0001 01    25 /run/an app  \"é\".sock";
        assert_eq!(unix(line), Some((25, "unix /run/an app  \"é\".sock".to_owned())));
        let line = "0000000000000000: 00000003 00000000 00000000 0001 03 1234567";
        assert_eq!(unix(line), Some((1_234_567, "unix".to_owned())));
        assert_eq!(socket("tcp", "garbage"), None);
    }
}
