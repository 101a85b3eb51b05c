//! One connection to one target: connect to an address that may be asked, GET, read the page within its limit.

use std::future::{Future, poll_fn};
use std::io::Read;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use url::Host;

use super::{Asked, ScrapeError};
use crate::{Auth, tls};

/// What hyper reads ahead of one connection; a page comes in several such pieces.
const READ_AHEAD_BYTES: usize = 16 << 10;
/// The form that costs a service least to write. Pages are not asked for packed: packing costs the service more than all else.
const ACCEPTED: &str = "text/plain;version=0.0.4";

/// An open connection at rest. What hyper needs to speak over it, 24 kB of buffers, is there only while a question is under way.
pub(super) struct Line {
    wire: TokioIo<Wire>,
}

type Wire = Pin<Box<dyn Duplex>>;

trait Duplex: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Duplex for T {}

/// Asks once; the page is appended to `page`. A connection that the target has closed meanwhile is opened again.
pub(super) async fn ask(line: &mut Option<Line>, asked: &Asked, limit: usize, page: &mut Vec<u8>) -> Result<(), ScrapeError> {
    if let Some(open) = line.take() {
        match get(open, asked, limit, page).await {
            Err(ScrapeError::Broken(_)) if page.is_empty() => {}
            Err(error) => return Err(error),
            Ok(kept) => {
                *line = kept;
                return Ok(());
            }
        }
    }
    *line = get(connect(asked).await?, asked, limit, page).await?;
    Ok(())
}

async fn connect(asked: &Asked) -> Result<Line, ScrapeError> {
    let unreachable = |why: &dyn ToString| ScrapeError::Unreachable(why.to_string().into());
    let port = asked.url.port_or_known_default().unwrap_or(80);
    let addresses: Vec<SocketAddr> = match asked.url.host() {
        Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
        Some(Host::Domain(name)) => lookup_host((name, port)).await.map_err(|error| unreachable(&error))?.collect(),
        None => return Err(unreachable(&"the address has no host")),
    };
    let mut why = unreachable(&"the name has no address");
    for address in addresses {
        if let Err(refused) = asked.reach.allows(address.ip()) {
            why = ScrapeError::Forbidden(refused);
            continue;
        }
        match open(asked, address).await {
            Ok(line) => return Ok(line),
            Err(error) => why = error,
        }
    }
    Err(why)
}

async fn open(asked: &Asked, address: SocketAddr) -> Result<Line, ScrapeError> {
    let unreachable = |why: &dyn ToString| ScrapeError::Unreachable(why.to_string().into());
    let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
    stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
    let wire: Wire = if asked.url.scheme() == "https" {
        let name = asked.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = name.try_into().map_err(|error: rustls::pki_types::InvalidDnsNameError| unreachable(&error))?;
        let config = roots().map_err(|error| unreachable(&error))?;
        Box::pin(TlsConnector::from(config).connect(name, stream).await.map_err(|error| unreachable(&error))?)
    } else {
        Box::pin(stream)
    };
    Ok(Line { wire: TokioIo::new(wire) })
}

/// Whom to trust, read once.
fn roots() -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    static ROOTS: OnceLock<Result<Arc<rustls::ClientConfig>, rustls::Error>> = OnceLock::new();
    ROOTS.get_or_init(|| tls::configuration(Vec::new()).map(Arc::new)).clone()
}

/// Gives the connection back where it may be used again.
async fn get(line: Line, asked: &Asked, limit: usize, page: &mut Vec<u8>) -> Result<Option<Line>, ScrapeError> {
    let request = request(asked)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(READ_AHEAD_BYTES);
    let (mut send, mut driven) = builder.handshake(line.wire).await.map_err(|error| broken(&error))?;
    {
        let mut answer = pin!(async {
            let response = send.send_request(request).await.map_err(|error| broken(&error))?;
            take(response, limit, page).await
        });
        let mut ended = false;
        // Both in one task: a connection of its own would have to be woken by, and to wake, the one that asks.
        poll_fn(|context| {
            if let Poll::Ready(answered) = answer.as_mut().poll(context) {
                return Poll::Ready(answered);
            }
            if !ended && Pin::new(&mut driven).poll(context).is_ready() {
                ended = true;
            }
            answer.as_mut().poll(context)
        })
        .await?;
    }
    // The page is whole; hyper still has to see that, or that the target closes.
    let rests = poll_fn(|context| Poll::Ready(Pin::new(&mut driven).poll(context).is_pending())).await;
    let reusable = rests && send.is_ready();
    let parts = driven.into_parts();
    Ok((reusable && parts.read_buf.is_empty()).then_some(Line { wire: parts.io }))
}

fn request(asked: &Asked) -> Result<Request<Empty<Bytes>>, ScrapeError> {
    let url = &asked.url;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::get(path)
        .header(HOST, host)
        .header(ACCEPT, ACCEPTED)
        .header(USER_AGENT, concat!("goherd/", env!("CARGO_PKG_VERSION")));
    match &asked.auth {
        Some(Auth::Bearer(token)) => request = request.header(AUTHORIZATION, format!("Bearer {token}")),
        Some(Auth::Basic { user, password }) => {
            request = request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))));
        }
        None => {}
    }
    request.body(Empty::new()).map_err(|error| ScrapeError::Unreachable(error.to_string().into()))
}

async fn take(response: Response<Incoming>, limit: usize, page: &mut Vec<u8>) -> Result<(), ScrapeError> {
    let header = |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    if response.status().is_redirection() {
        return Err(ScrapeError::Redirect(header(LOCATION).unwrap_or_default().into()));
    }
    if response.status() != StatusCode::OK {
        return Err(ScrapeError::Status(response.status().as_u16()));
    }
    if let Some(kind) = header(CONTENT_TYPE).filter(|kind| !is_of_metrics(kind)) {
        return Err(ScrapeError::NotMetrics(kind.into()));
    }
    let packing = header(CONTENT_ENCODING).filter(|packing| !packing.eq_ignore_ascii_case("identity"));
    let mut body = response.into_body();
    if body.size_hint().lower() > limit as u64 {
        return Err(ScrapeError::TooLarge(limit));
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Some(bytes) = frame.data_ref() else { continue };
        if page.len() + bytes.len() > limit {
            return Err(ScrapeError::TooLarge(limit));
        }
        page.extend_from_slice(bytes);
    }
    packing.map_or(Ok(()), |packing| unpack(&packing, limit, page))
}

/// Services write text/plain or OpenMetrics; a login page is neither.
fn is_of_metrics(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/plain", "application/openmetrics-text", "application/octet-stream"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

fn unpack(packing: &str, limit: usize, page: &mut Vec<u8>) -> Result<(), ScrapeError> {
    let damaged = || ScrapeError::Packed(packing.into());
    if !packing.eq_ignore_ascii_case("gzip") {
        return Err(damaged());
    }
    let packed = std::mem::take(page);
    let mut plain = flate2::read::MultiGzDecoder::new(packed.as_slice()).take(limit as u64 + 1);
    plain.read_to_end(page).map_err(|_| damaged())?;
    if page.len() > limit { Err(ScrapeError::TooLarge(limit)) } else { Ok(()) }
}

fn broken(error: &hyper::Error) -> ScrapeError {
    ScrapeError::Broken(error.to_string().into())
}
