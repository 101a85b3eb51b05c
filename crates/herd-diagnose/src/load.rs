//! Growth that follows load: connections and streams that are alive, not forgotten.

use herd_analysis::census::Group;
use herd_analysis::series::Sustained;
use herd_analysis::{Growth, Point, Series, names};
use herd_model::{Evidence, EvidenceKind, FrameId, Snapshot, StateClass};
use herd_patterns::Scene;

/// Functions below which a goroutine serves one request or stream of a peer whose presence cannot be read from text.
const SERVES_STREAM: &[&str] = &[
    "net/http.(*http2serverConn).runHandler",
    "net/http/internal/http2.(*serverConn).runHandler",
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

const READ_LOOP: &str = "net/http.(*persistConn).readLoop";
const WRITE_LOOP: &str = "net/http.(*persistConn).writeLoop";
const CONN_SERVE: &str = "net/http.(*conn).serve";
const BACKGROUND_READ: &str = "net/http.(*connReader).backgroundRead";
const BODY_READ: &str = "net/http.(*bodyEOFSignal).Read";
const ROUND_TRIP: &str = "net/http.(*persistConn).roundTrip";

/// Functions in which a goroutine waits for the next connection.
const ACCEPTS: &[&str] =
    &["net.(*TCPListener).Accept", "net.(*UnixListener).Accept", "net.(*netFD).accept", "internal/poll.(*FD).Accept"];

/// Share of a gain that live partners must cover to explain it.
const EXPLAINED: f64 = 0.8;

/// Seconds after which the default HTTP transport closes idle connections (`net/http`, `DefaultTransport`), and some more.
const IDLE_S: f64 = 120.0;

/// Why sustained growth of this family may be load and not a leak; `None` when load does not explain it.
pub(crate) fn explains(scene: &Scene<'_>, series: &Series, growth: &Growth, stretch: Sustained) -> Option<Evidence> {
    explains_by_partners(scene, series, growth, stretch).or_else(|| {
        let talking = scene.class() == StateClass::Io && !silent(scene, growth);
        talking.then(|| follows("the goroutines wait for peers, and most show no wait of a minute: the peers may be sending"))
    })
}

/// The same, by who stands beside them alone.
pub(crate) fn explains_by_partners(scene: &Scene<'_>, series: &Series, growth: &Growth, stretch: Sustained) -> Option<Evidence> {
    // A queue at a lock, or a wait that cannot end, is no healthy form of load.
    if matches!(scene.class(), StateClass::Lock | StateClass::Semaphore | StateClass::ChanNil | StateClass::SelectNone) {
        return None;
    }
    if scene.calls(READ_LOOP) || scene.calls(WRITE_LOOP) {
        return client_connections(scene, series, stretch);
    }
    serves(scene, series, stretch)
        .or_else(|| readers_beside(scene, series, growth, stretch))
        .or_else(|| parent_serves(scene, series, growth, stretch))
        .or_else(|| growth.follows_connections.then(|| follows("inbound connections rise step by step with them")))
}

/// The same for goroutines that came in a trace: they serve a connection or a request that is there, or whoever started them is, each its own.
/// `gain` tells how many of a family came.
pub(crate) fn comes_with_load(scene: &Scene<'_>, came: u64, gain: &dyn Fn(&Scene<'_>) -> u64) -> bool {
    let served = [READ_LOOP, WRITE_LOOP, CONN_SERVE, BACKGROUND_READ].iter().chain(SERVES_STREAM).chain(READS_PEER);
    if served.into_iter().any(|func| scene.calls(func)) {
        return true;
    }
    let enough = |count: u64| count as f64 >= EXPLAINED * came as f64;
    let Some(creator) = scene.creator() else { return false };
    let point = scene.point;
    let with_creator = || {
        (0..point.census.families.len()).filter(|at| *at != scene.family).map(|at| Scene { family: at, ..*scene }).filter(
            |family| {
                family.creator() == Some(creator) && family.class() == StateClass::Io
                    || family.funcs().any(|func| func == creator)
            },
        )
    };
    let accepts = with_creator().any(|family| ACCEPTS.iter().any(|func| family.calls(func)));
    let parents = count(point, creator);
    let beside: u64 = with_creator().filter(|family| family.class() == StateClass::Io).map(|family| gain(&family)).sum();
    accepts || enough(parents) || enough(beside)
}

/// Connections of an HTTP client are in use when somebody reads from them, and may be pooled until the transport's idle timeout.
fn client_connections(scene: &Scene<'_>, series: &Series, stretch: Sustained) -> Option<Evidence> {
    let (first, last) = (&series.points[stretch.from], series.last());
    let gain = |func: &str| count(last, func) as f64 - count(first, func) as f64;
    let live = live(gain(BODY_READ) + gain(ROUND_TRIP), stretch, "goroutines that read a response or wait for one");
    let unread = in_select(last, READ_LOOP) as f64 - in_select(first, READ_LOOP) as f64;
    let own_bodies = scene.class() == StateClass::Select && unread >= stretch.rise as f64 / 2.0;
    let young = scene.facts().wait_s.is_none_or(|wait| wait.max < IDLE_S);
    live.or_else(|| {
        (!own_bodies && young)
            .then(|| follows("the connections may be idle in the pool: its default timeout of 90 s has not passed"))
    })
}

/// The goroutines serve requests or streams whose peers are there, or cannot be seen.
fn serves(scene: &Scene<'_>, series: &Series, stretch: Sustained) -> Option<Evidence> {
    if scene.calls(CONN_SERVE) {
        if scene.class() == StateClass::Io {
            return Some(follows("the goroutines read below inbound connections, whose peers cannot be seen in text"));
        }
        let (first, last) = (&series.points[stretch.from], series.last());
        let gain = count(last, BACKGROUND_READ) as f64 - count(first, BACKGROUND_READ) as f64;
        return live(gain, stretch, "clients that are still connected");
    }
    if scene.calls(BACKGROUND_READ) {
        return Some(follows("each watches the client of a request in progress; the clients are connected"));
    }
    if SERVES_STREAM.iter().any(|func| scene.calls(func)) {
        return Some(follows("the goroutines serve streams whose clients cannot be seen in text"));
    }
    READS_PEER.iter().any(|func| scene.calls(func)).then(|| follows("the goroutines wait for messages on open streams"))
}

/// The function that started them stands on the stacks of goroutines that serve requests, and both rise step by step: children of
/// requests in progress.
fn parent_serves(scene: &Scene<'_>, series: &Series, growth: &Growth, stretch: Sustained) -> Option<Evidence> {
    // A profile names no creators; any goroutines that serve requests may be the parents then.
    let creator = scene.creator();
    if creator.is_none() && scene.tells_creators() {
        return None;
    }
    (0..series.last().census.families.len()).find_map(|at| {
        let parent = Scene { family: at, ..*scene };
        let may_be_parent =
            creator.map_or_else(|| serves_requests(&parent), |creator| parent.funcs().any(|func| func == creator));
        if at == scene.family || !may_be_parent {
            return None;
        }
        let counts = series.growth(parent.family().id).counts;
        let rise = parent.count().saturating_sub(counts[stretch.from]);
        let moves_along = rise > 0 && step_by_step(&growth.counts, &counts, stretch.from);
        let served = moves_along.then(|| serves(&parent, series, Sustained { rise, ..stretch })).flatten()?;
        Some(follows(&format!(
            "as many goroutines that serve requests started them and rise step by step with them; {}",
            served.text
        )))
    })
}

/// The goroutines run a handler of a request or a stream.
fn serves_requests(scene: &Scene<'_>) -> bool {
    scene.calls(CONN_SERVE) && scene.class() != StateClass::Io || SERVES_STREAM.iter().any(|func| scene.calls(func))
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
            && (scene.creator_of(*at) == own || scene.creator_of(*at).is_some_and(|func| scene.funcs().any(|own| own == func)))
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

/// The same, of those that stand in a select.
fn in_select(point: &Point, func: &str) -> u64 {
    let groups = point.census.groups.iter().filter(|group| group.class == StateClass::Select);
    groups.filter(|group| on_stack(&point.snapshot, group, func)).map(|group| group.count).sum()
}

fn on_stack(snapshot: &Snapshot, group: &Group, func: &str) -> bool {
    let is = |frame: &FrameId| names::normal(snapshot.func(*frame)) == func;
    group.frames.iter().any(is)
}
