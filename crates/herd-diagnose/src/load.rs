//! Growth that follows load: connections and streams that are alive, not forgotten.

use herd_analysis::census::Group;
use herd_analysis::series::Sustained;
use herd_analysis::{Growth, Point, Series, names};
use herd_model::{Evidence, EvidenceKind, FrameId, Snapshot, StateClass};
use herd_patterns::Scene;

/// Functions below which a goroutine serves one request or stream of a peer whose presence cannot be read from text.
const SERVES_STREAM: &[&str] = &[
    "net/http.(*http2serverConn).runHandler",
    "golang.org/x/net/http2.(*serverConn).runHandler",
    "google.golang.org/grpc.(*Server).handleStream",
    "google.golang.org/grpc.(*Server).processStreamingRPC",
    "google.golang.org/grpc.(*Server).processUnaryRPC",
];

/// Functions in which a goroutine waits for a message of its peer.
const READS_PEER: &[&str] = &[
    "google.golang.org/grpc.newClientStreamWithParams",
    "google.golang.org/grpc/internal/transport.(*recvBufferReader).readClient",
    "google.golang.org/grpc/internal/transport.(*recvBufferReader).readMessageHeaderClient",
];

const CONN_SERVE: &str = "net/http.(*conn).serve";
const BACKGROUND_READ: &str = "net/http.(*connReader).backgroundRead";
const BODY_READ: &str = "net/http.(*bodyEOFSignal).Read";
const ROUND_TRIP: &str = "net/http.(*persistConn).roundTrip";

/// Share of a gain that live partners must cover to explain it.
const EXPLAINED: f64 = 0.8;

/// Why sustained growth of this family may be load and not a leak; `None` when load does not explain it.
pub(crate) fn explains(scene: &Scene<'_>, series: &Series, growth: &Growth, stretch: Sustained) -> Option<Evidence> {
    // A queue at a lock, or behind a send or a WaitGroup on another's goroutine, is no healthy form of load.
    if matches!(scene.class(), StateClass::Lock | StateClass::Semaphore | StateClass::ChanNil | StateClass::SelectNone) {
        return None;
    }
    let (first, last) = (&series.points[stretch.from], series.last());
    let gain = |func: &str| count(last, func) as f64 - count(first, func) as f64;
    if scene.calls("net/http.(*persistConn).readLoop") || scene.calls("net/http.(*persistConn).writeLoop") {
        let readers = gain(BODY_READ) + gain(ROUND_TRIP);
        return live(readers, stretch, "goroutines that read a response or wait for one");
    }
    if scene.calls(CONN_SERVE) {
        if scene.class() == StateClass::Io {
            return Some(follows("the goroutines are those of inbound connections, one each"));
        }
        return live(gain(BACKGROUND_READ), stretch, "clients that are still connected");
    }
    if SERVES_STREAM.iter().any(|func| scene.calls(func)) {
        return Some(follows("the goroutines serve streams whose clients cannot be seen in text"));
    }
    if READS_PEER.iter().any(|func| scene.calls(func)) {
        return Some(follows("the goroutines wait for messages on open streams"));
    }
    if growth.follows_connections {
        return Some(follows("inbound connections rise step by step with them"));
    }
    if let Some(fact) = readers_beside(scene, series, growth, stretch) {
        return Some(fact);
    }
    if scene.class() == StateClass::Io && !silent(scene, growth) {
        return Some(follows("the goroutines wait for peers, and most show no wait of a minute: the peers may be sending"));
    }
    None
}

/// Goroutines started from the same function read from connections of peers, and their number moves step by step with this family's: the two
/// halves of a connection that is open.
fn readers_beside(scene: &Scene<'_>, series: &Series, growth: &Growth, stretch: Sustained) -> Option<Evidence> {
    // A profile names no creators; any reader of connections whose number moves along then counts.
    let own = scene.creator();
    if own.is_none() && scene.tells_creators() {
        return None;
    }
    let moves_along = |at: &usize| {
        let family = &series.last().census.families[*at];
        *at != scene.family
            && family.class == StateClass::Io
            && !(Scene { family: *at, ..*scene }).user_frames().is_empty()
            && scene.creator_of(*at) == own
            && step_by_step(&growth.counts, &series.growth(family.id).counts, stretch.from)
    };
    let at = (0..series.last().census.families.len()).find(moves_along)?;
    let readers = series.last().census.families[at].count;
    Some(follows(&format!(
        "{readers} goroutines started by the same function read from connections and rise step by step with them"
    )))
}

/// Gains at each step agree within a quarter, or three goroutines.
fn step_by_step(own: &[u64], other: &[u64], from: usize) -> bool {
    own[from..].windows(2).zip(other[from..].windows(2)).all(|(own, other)| {
        let (own, other) = (own[1] as f64 - own[0] as f64, other[1] as f64 - other[0] as f64);
        (own - other).abs() <= (own.abs() * 0.25).max(3.0)
    })
}

fn follows(text: &str) -> Evidence {
    Evidence::new(EvidenceKind::FollowsLoad, text)
}

fn live(gain: f64, stretch: Sustained, what: &str) -> Option<Evidence> {
    (gain >= EXPLAINED * stretch.rise as f64).then(|| {
        Evidence::new(EvidenceKind::FollowsLoad, format!("{gain:.0} more {what} stand against {} more goroutines", stretch.rise))
            .with("gain", &gain)
            .with("rise", &stretch.rise)
    })
}

/// Most of those that were there at the start have been waiting for a minute or more.
fn silent(scene: &Scene<'_>, growth: &Growth) -> bool {
    let (still, _) = growth.stayed.unwrap_or((0, 0));
    still > 0 && scene.facts().aged * 2 >= still
}

/// Goroutines that have the function on their stack.
fn count(point: &Point, func: &str) -> u64 {
    point.census.groups.iter().filter(|group| on_stack(&point.snapshot, group, func)).map(|group| group.count).sum()
}

fn on_stack(snapshot: &Snapshot, group: &Group, func: &str) -> bool {
    let is = |frame: &FrameId| names::normal(snapshot.func(*frame)) == func;
    group.frames.iter().any(is)
}
