//! A look as a course takes it: families, what they wait for, and which of them serve somebody outside.

use herd_model::{Snapshot, StateClass};

use super::FamilyCount;
use crate::census::Group;
use crate::names;
use crate::series::{Point, serves_connection};

/// Functions under which a server runs what a request asks of it, by the names of net/http (HTTP/2 has a package of its own since Go 1.27),
/// golang.org/x/net/http2 and grpc-go.
const SERVES: [&str; 5] = [
    "net/http.(*http2serverConn).runHandler",
    "net/http/internal/http2.(*serverConn).runHandler",
    "golang.org/x/net/http2.(*serverConn).runHandler",
    "google.golang.org/grpc.(*Server).handleStream",
    "google.golang.org/grpc.(*Server).processStreamingRPC",
];
/// Functions in which somebody waits for an answer over the network, whatever the runtime says they wait for.
const ASKS: [&str; 7] = [
    "net/http.(*persistConn).roundTrip",
    "net/http.(*http2ClientConn).RoundTrip",
    "net/http/internal/http2.(*ClientConn).RoundTrip",
    "golang.org/x/net/http2.(*ClientConn).RoundTrip",
    "google.golang.org/grpc/internal/transport.(*recvBufferReader).readClient",
    "google.golang.org/grpc/internal/transport.(*ClientStream).waitOnHeader",
    "google.golang.org/grpc.(*pickerWrapper).pick",
];

/// The families of a look. Names only say which of two rules a family falls under: one whose goroutines wait for an answer, or for which
/// somebody outside waits, is given minutes before its growth is spoken of.
pub fn families(point: &Point) -> Vec<FamilyCount> {
    let snapshot = &point.snapshot;
    // Profiles do not tell who started whom: whoever reads from the network may serve somebody who has connected.
    let starters_told = snapshot.origin.tells_creators();
    let both = point.census.families.iter().zip(&point.facts);
    both.map(|(family, facts)| {
        let mut groups = family.groups.iter().map(|at| &point.census.groups[*at]);
        let asks = groups.clone().any(|group| stands_in(snapshot, group, &ASKS));
        let serves = |group: &Group| serves_connection(snapshot, group) || stands_in(snapshot, group, &SERVES);
        FamilyCount {
            id: family.id,
            count: u32::try_from(family.count).unwrap_or(u32::MAX),
            class: if asks { StateClass::Io } else { family.class },
            inbound: facts.started_by_acceptor || groups.any(serves) || !starters_told && family.class == StateClass::Io && !asks,
        }
    })
    .collect()
}

fn stands_in(snapshot: &Snapshot, group: &Group, functions: &[&str]) -> bool {
    group.frames.iter().any(|frame| functions.contains(&names::normal(snapshot.func(*frame)).as_ref()))
}
