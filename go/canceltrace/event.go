// What one cancellation looks like, and the words it is told in.

package canceltrace

import "time"

// Event is one context that was cancelled while an operation ran under it.
type Event struct {
	// TraceID and SpanID are lower-case hex, or empty when unknown. The span is
	// the one that Tracer.Trace names; without that function it is the caller's,
	// as traceparent carries no other.
	TraceID string `json:"trace_id,omitempty"`
	SpanID  string `json:"span_id,omitempty"`

	// CancelAt is when the cancellation was noticed: one goroutine start after it
	// happened, or up to 2 ms in the first 2 ms of an operation.
	CancelAt time.Time `json:"cancel_at"`
	Cause    Cause     `json:"cause"`
	// Basis is the observation that Cause rests on.
	Basis Basis `json:"basis"`
	// Reason is the text of the error given to a cancel function, cut at 256
	// bytes; empty when there was none.
	Reason string `json:"reason,omitempty"`

	// Deadline is the context's, zero when it has none.
	Deadline time.Time `json:"deadline,omitzero"`
	// Elapsed runs from the start of the operation to CancelAt.
	Elapsed time.Duration `json:"elapsed_ns"`

	// StackDepth is a number of frames, 0 when nobody's stack was looked at;
	// StackOf says whose.
	StackDepth int     `json:"stack_depth,omitempty"`
	StackOf    StackOf `json:"stack_of,omitempty"`

	// Handler is the route's pattern, the RPC's full method, the host called,
	// the SQL operation or the name given to Start: never a raw path or a query.
	Handler string `json:"handler,omitempty"`
	// Kind says what kind of operation it was.
	Kind Kind `json:"kind"`
	// Protocol is "HTTP/1.1", "HTTP/2.0", "grpc", a driver's name, or empty.
	Protocol string `json:"protocol,omitempty"`
}

// Cause says who ended the context.
type Cause string

// The causes. What cannot be told is Unknown, never the likeliest of the
// others.
const (
	// Timeout: a deadline passed.
	Timeout Cause = "timeout"
	// ClientGone: the peer closed the connection or reset the stream.
	ClientGone Cause = "client_gone"
	// Explicit: a cancel function of the operation's own context was called, or
	// of one between it and the traced operation around it.
	Explicit Cause = "explicit"
	// Parent: a context above was ended by this process: that of the traced
	// operation around it, the server's base context, or the server itself.
	Parent Cause = "parent"
	// Unknown: the context was cancelled, and what was observed fits several
	// causes. Basis says what was observed.
	Unknown Cause = "unknown"
)

var causes = [...]Cause{Timeout, ClientGone, Explicit, Parent, Unknown}

// Basis is what was observed.
type Basis string

// The bases, by the cause that each stands for.
const (
	// Timeout.
	BasisDeadline       Basis = "deadline"        // the context's deadline passed
	BasisParentDeadline Basis = "parent_deadline" // the same, and the traced operation around it has that deadline
	BasisAtDeadline     Basis = "at_deadline"     // ended by the peer within 10 ms of the deadline: it counts the same time
	BasisReadTimeout    Basis = "read_timeout"    // the server's read deadline passed on the connection

	// ClientGone.
	BasisConnectionEOF    Basis = "connection_eof"    // the peer closed the connection, or only its sending half
	BasisConnectionLost   Basis = "connection_lost"   // reading from the connection failed: reset, unreachable
	BasisConnectionClosed Basis = "connection_closed" // closed after an end that TLS or the framing announced
	BasisStreamReset      Basis = "stream_reset"      // the connection stands, the stream was ended

	// Explicit.
	BasisCancelled   Basis = "cancelled"    // the function returned by Start was called with an error
	BasisBelowParent Basis = "below_parent" // cancelled before the traced operation around it was
	BasisCauseGiven  Basis = "cause_given"  // a context.CancelCauseFunc was called with an error (for servers: Parent)

	// Parent.
	BasisParentCancelled Basis = "parent_cancelled" // the traced operation around it was cancelled
	BasisParentEnded     Basis = "parent_ended"     // the traced operation around it ended and left this one running
	BasisBaseContext     Basis = "base_context"     // the server's base context was cancelled
	BasisServerClosed    Basis = "server_closed"    // this process closed the server or the connection
	BasisContextAbove    Basis = "context_above"    // the connection stands, so the cancel came from this process

	// Unknown.
	BasisServerContext Basis = "server_context" // the server's context ended; its connection is not watched (see Tracer.Listener)
	BasisWriteTimeout  Basis = "write_timeout"  // HTTP/2 stream ended after the WriteTimeout, counted from the handler's call: by it or by the client (HTTP/1: Timeout, for certain)
	BasisUntraced      Basis = "untraced"       // some cancel function was called, of this context or of one above it
	BasisForeign       Basis = "foreign"        // the context is of a type with errors of its own
)

// Kind is a kind of operation.
type Kind string

// The kinds.
const (
	HTTPServer Kind = "http_server"
	HTTPClient Kind = "http_client"
	GRPCServer Kind = "grpc_server"
	GRPCClient Kind = "grpc_client"
	SQL        Kind = "sql"
	Work       Kind = "work" // begun by Tracer.Start
)

// StackOf says whose stack StackDepth counts.
type StackOf string

// Whose stack it is.
const (
	// Canceller: of the call that cancelled, counted whole.
	Canceller StackOf = "canceller"
	// Handler: of the operation at the time of the cancel, counted above the
	// middleware.
	Handler StackOf = "handler"
)
