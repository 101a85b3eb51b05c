//! Goroutines that wait for ever in healthy services, as data with the reason. The table only keeps a family out of the candidates;
//! it never hides growth.

use herd_analysis::census::Group;
use herd_analysis::names;
use herd_model::{Snapshot, StateClass};

use crate::catalogue::{Lang, Text};

/// A known long waiter.
#[derive(Clone, Copy, Debug)]
pub struct Benign {
    /// Library.
    pub library: &'static str,
    /// Function (without closure parts) that must be on the stack.
    pub func: &'static str,
    /// The only state in which it is healthy; any when absent.
    pub class: Option<StateClass>,
    /// How many are healthy and why.
    pub why: Text,
}

/// Builds the table: library, function, why in English, why in Chinese.
macro_rules! benign {
    ($(($library:literal, $func:literal $(in $class:ident)?, $en:literal, $zh:literal)),* $(,)?) => {
        /// Every known long waiter.
        pub const BENIGN: &[Benign] =
            &[$(Benign { library: $library, func: $func, class: class!($($class)?), why: Text { en: $en, zh: $zh } }),*];
    };
}

macro_rules! class {
    () => {
        None
    };
    ($class:ident) => {
        Some(StateClass::$class)
    };
}

benign![
    ("net/http", "net/http.(*persistConn).writeLoop", "one per idle client connection", "每个空闲的客户端连接一个"),
    ("net/http", "net/http.(*persistConn).readLoop" in Io, "one per idle client connection", "每个空闲的客户端连接一个"),
    ("net/http", "net/http.(*connReader).backgroundRead", "one per request in progress", "每个处理中的请求一个"),
    ("net/http", "net/http.(*conn).readRequest", "one per idle server connection", "每个空闲的服务端连接一个"),
    ("net/http", "net/http.(*Server).Serve", "the accept loop, one per listener", "接受连接的循环，每个监听器一个"),
    ("net/http", "net/http.(*http2serverConn).serve", "one per HTTP/2 connection", "每个 HTTP/2 连接一个"),
    ("net/http", "net/http.(*http2serverConn).readFrames", "one per HTTP/2 connection", "每个 HTTP/2 连接一个"),
    ("net/http", "net/http.(*http2ClientConn).readLoop", "one per HTTP/2 client connection", "每个 HTTP/2 客户端连接一个"),
    ("net/http", "net/http/internal/http2.(*serverConn).serve", "one per HTTP/2 connection", "每个 HTTP/2 连接一个"),
    ("net/http", "net/http/internal/http2.(*serverConn).readFrames", "one per HTTP/2 connection", "每个 HTTP/2 连接一个"),
    ("net/http", "net/http/internal/http2.(*ClientConn).readLoop", "one per HTTP/2 client connection", "每个 HTTP/2 客户端连接一个"),
    ("golang.org/x/net", "golang.org/x/net/http2.(*serverConn).serve", "one per HTTP/2 connection", "每个 HTTP/2 连接一个"),
    ("golang.org/x/net", "golang.org/x/net/http2.(*ClientConn).readLoop", "one per HTTP/2 client connection", "每个 HTTP/2 客户端连接一个"),
    ("net", "net.(*TCPListener).Accept", "an accept loop, one per listener", "接受连接的循环，每个监听器一个"),
    ("net", "net.(*UnixListener).Accept", "an accept loop, one per listener", "接受连接的循环，每个监听器一个"),
    ("database/sql", "database/sql.(*DB).connectionOpener", "one per sql.DB", "每个 sql.DB 一个"),
    ("database/sql", "database/sql.(*DB).connectionCleaner", "one per sql.DB", "每个 sql.DB 一个"),
    ("database/sql", "database/sql.(*Tx).awaitDone", "one per open transaction", "每个进行中的事务一个"),
    ("os/signal", "os/signal.loop", "one per process", "每个进程一个"),
    ("os/signal", "os/signal.signal_recv", "one per process", "每个进程一个"),
    ("os/signal", "os/signal.NotifyContext", "one per call", "每次调用一个"),
    ("runtime", "runtime.ensureSigM", "one per process", "每个进程一个"),
    ("runtime", "runtime.ReadTrace", "the execution tracer's reader", "执行跟踪的读取者"),
    ("testing", "testing.(*T).Run", "waits for a subtest", "等待子测试结束"),
    ("testing", "testing.(*T).Parallel", "waits for its turn", "等待轮到自己"),
    ("testing", "testing.RunTests", "waits for the tests", "等待测试结束"),
    ("grpc-go", "google.golang.org/grpc.newClientStreamWithParams", "one per open stream", "每个打开的流一个"),
    ("grpc-go", "google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run", "three per ClientConn", "每个 ClientConn 三个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*controlBuffer).get", "one per transport", "每个传输层连接一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*http2Client).reader", "one per transport", "每个传输层连接一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*http2Client).keepalive", "one per transport", "每个传输层连接一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*http2Server).keepalive", "one per transport", "每个传输层连接一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*http2Server).HandleStreams", "one per transport", "每个传输层连接一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*recvBufferReader).read", "one per open stream", "每个打开的流一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*recvBufferReader).readClient", "one per open stream", "每个打开的流一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*recvBufferReader).readMessageHeader", "one per open stream", "每个打开的流一个"),
    ("grpc-go", "google.golang.org/grpc/internal/transport.(*recvBufferReader).readMessageHeaderClient", "one per open stream", "每个打开的流一个"),
    ("grpc-go", "google.golang.org/grpc.(*pickerWrapper).pick", "callers that wait for a ready connection", "等待可用连接的调用者"),
    ("grpc-go", "google.golang.org/grpc.(*addrConn).resetTransportAndUnlock", "back-off of a reconnect", "重连的退避等待"),
    ("grpc-go", "google.golang.org/grpc.(*Server).serverWorker", "one per stream worker", "每个流处理线程一个"),
    ("nats.go", "github.com/nats-io/nats.go.(*Conn).waitForMsgs", "one per asynchronous subscription", "每个异步订阅一个"),
    ("nats.go", "github.com/nats-io/nats.go.(*asyncCallbacksHandler).asyncCBDispatcher", "one per connection", "每个连接一个"),
    ("nats.go", "github.com/nats-io/nats.go.(*Conn).flusher", "one per connection", "每个连接一个"),
    ("nats.go", "github.com/nats-io/nats.go.(*Conn).readLoop", "one per connection", "每个连接一个"),
    ("nats.go", "github.com/nats-io/nats.go.(*Conn).doReconnect", "one per connection that reconnects", "每个正在重连的连接一个"),
    ("nats-server", "github.com/nats-io/nats-server/v2/server.(*client).readLoop", "one per client connection", "每个客户端连接一个"),
    ("nats-server", "github.com/nats-io/nats-server/v2/server.(*client).writeLoop", "one per client connection", "每个客户端连接一个"),
    ("opentelemetry", "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue", "one per span processor", "每个 span 处理器一个"),
    ("opentelemetry", "go.opentelemetry.io/otel/sdk/metric.(*PeriodicReader).run", "one per reader", "每个 reader 一个"),
    ("zap", "go.uber.org/zap/zapcore.(*BufferedWriteSyncer).flushLoop", "one per buffered syncer", "每个带缓冲的 syncer 一个"),
    ("lumberjack", "gopkg.in/natefinch/lumberjack.v2.(*Logger).millRun", "one per logger", "每个 logger 一个"),
    ("goherd", "github.com/goherd/goherd/go/fuse.(*Scanner).run", "one per scanner", "每个扫描器一个"),
    ("goherd", "github.com/goherd/goherd/go/pool.(*Worker).park", "one per worker that is idle", "每个空闲的 worker 一个"),
    ("klog", "k8s.io/klog/v2.(*flushDaemon).run", "one per process", "每个进程一个"),
    ("glog", "github.com/golang/glog.(*fileSink).flushDaemon", "one per process", "每个进程一个"),
    ("opencensus", "go.opencensus.io/stats/view.(*worker).start", "one per process", "每个进程一个"),
];

/// Why a group is a known long waiter; `None` when it is not known as one. The collector's and the runtime's own are always.
pub fn benign(snapshot: &Snapshot, group: &Group, lang: Lang) -> Option<&'static str> {
    match group.class {
        StateClass::Gc | StateClass::Runtime | StateClass::Idle => return Some(RUNTIME.get(lang)),
        StateClass::Running => return Some(RUNNING.get(lang)),
        _ => {}
    }
    if group.frames.is_empty() || is_runtime_entry(snapshot, group) {
        return Some(RUNTIME.get(lang));
    }
    if is_main(snapshot, group) && group.class != StateClass::Lock {
        return Some(MAIN.get(lang));
    }
    let on_stack = |func: &str| {
        group.frames.iter().any(|frame| {
            let name = snapshot.func(*frame);
            name == func || names::normal(name).strip_suffix(".func") == Some(func)
        })
    };
    let in_state = |entry: &&Benign| entry.class.is_none_or(|class| class == group.class);
    BENIGN.iter().filter(in_state).find(|entry| on_stack(entry.func)).map(|entry| entry.why.get(lang))
}

/// The main goroutine: a service's main waits for its servers or for a signal.
pub fn is_main(snapshot: &Snapshot, group: &Group) -> bool {
    group.created_by.is_none() && group.frames.iter().any(|frame| snapshot.func(*frame) == "main.main")
}

fn is_runtime_entry(snapshot: &Snapshot, group: &Group) -> bool {
    let all_runtime = group.frames.iter().all(|frame| names::package(snapshot.func(*frame)) == "runtime");
    let created_by_runtime = group.created_by.is_some_and(|frame| {
        let func = snapshot.func(frame);
        names::package(func) == "runtime" && func != "runtime.main"
    });
    all_runtime || created_by_runtime
}

const RUNTIME: Text = Text { en: "a goroutine of the runtime", zh: "运行时自身的 goroutine" };
const RUNNING: Text = Text { en: "running, not waiting", zh: "正在运行，没有等待" };
const MAIN: Text = Text { en: "main waits for the service to end", zh: "main 等待服务结束" };
