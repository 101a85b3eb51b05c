// What a connection saw last: the only witness of who ended a server's
// request context.

package canceltrace

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// Listener makes the server's connections keep what they saw last, so that a
// client that has gone can be told from a cancel by this process. Serve on
// what it returns:
//
//	srv.Serve(tracer.Listener(srv, l))
//
// It sets srv.ConnContext, and calls what was there before. Connections taken
// over with Hijack are of its type; NetConn returns the one below.
func (t *Tracer) Listener(srv *http.Server, l net.Listener) net.Listener {
	if t == nil || srv == nil {
		return l
	}
	before := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if before != nil {
			ctx = before(ctx, c)
		}
		return withConn(ctx, c)
	}
	return &ConnListener{Listener: l}
}

// ConnListener is for servers that tell a connection by its addresses only, as
// gRPC's do.
type ConnListener struct {
	net.Listener
	stopped atomic.Bool // by the server's Close or Stop, not by a graceful shutdown
	mu      sync.Mutex
	conns   map[string]*connState // nil: connections are not looked up by address
}

// NewConnListener wraps l.
func NewConnListener(l net.Listener) *ConnListener {
	return &ConnListener{Listener: l, conns: make(map[string]*connState)}
}

// Accept waits for the next connection.
func (l *ConnListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &conn{Conn: c, state: &connState{listener: l}}
	if l.conns != nil {
		w.forget = l.remember(c, w.state)
	}
	return w, nil
}

// Close notes who closes. A server that is closed, not shut down, closes its
// listeners before its connections, and of a TLS connection the peer may
// notice first.
func (l *ConnListener) Close() error {
	if closedHard() {
		l.stopped.Store(true)
	}
	return l.Listener.Close()
}

// Context returns ctx with what is known of the connection between the two
// addresses, or ctx itself when there is none or several share them.
func (l *ConnListener) Context(ctx context.Context, local, remote net.Addr) context.Context {
	l.mu.Lock()
	state := l.conns[addresses(local, remote)]
	l.mu.Unlock()
	if state == nil {
		return ctx
	}
	return context.WithValue(ctx, connKey{}, &connInfo{state: state, base: ctx})
}

func (l *ConnListener) remember(c net.Conn, state *connState) (forget func()) {
	key := addresses(c.LocalAddr(), c.RemoteAddr())
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, taken := l.conns[key]; taken {
		// Unix sockets have no addresses of their own: nobody can be told apart.
		l.conns[key] = nil
		return nil
	}
	l.conns[key] = state
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, key)
	}
}

func addresses(local, remote net.Addr) string {
	text := func(a net.Addr) string {
		if a == nil {
			return ""
		}
		return a.String()
	}
	return text(local) + " " + text(remote)
}

type connKey struct{}

// connInfo is found in the contexts of a connection's requests.
type connInfo struct {
	state *connState
	base  context.Context // the connection's, which outlives its requests
	tls   bool
}

func connOf(ctx context.Context) *connInfo {
	c, _ := ctx.Value(connKey{}).(*connInfo)
	return c
}

func withConn(ctx context.Context, c net.Conn) context.Context {
	info := &connInfo{base: ctx}
	if t, ok := c.(*tls.Conn); ok {
		c, info.tls = t.NetConn(), true
	}
	w, ok := c.(*conn)
	if !ok {
		return ctx
	}
	info.state = w.state
	return context.WithValue(ctx, connKey{}, info)
}

// connState is written by the goroutines that use the connection.
type connState struct {
	listener    *ConnListener
	read, write atomic.Pointer[error] // of the last call, nil when it went well
	closed      atomic.Int32
}

const (
	closedByConnection = 1 + iota // by the code that serves it
	closedByServer                // by Server.Close or the like
)

// lost tells how the peer ended the connection, empty if it did not.
func (s *connState) lost() Basis {
	for _, at := range [...]*atomic.Pointer[error]{&s.read, &s.write} {
		p := at.Load()
		switch {
		case p == nil || errors.Is(*p, net.ErrClosed) || errors.Is(*p, os.ErrDeadlineExceeded):
		case errors.Is(*p, io.EOF):
			return BasisConnectionEOF
		default:
			return BasisConnectionLost
		}
	}
	return ""
}

func (s *connState) timedOut() Basis {
	if p := s.read.Load(); p != nil && errors.Is(*p, os.ErrDeadlineExceeded) {
		return BasisReadTimeout
	}
	if p := s.write.Load(); p != nil && errors.Is(*p, os.ErrDeadlineExceeded) {
		return BasisWriteTimeout
	}
	return ""
}

func (s *connState) closedByServer() bool {
	return s.listener.stopped.Load() || s.closed.Load() == closedByServer && s.lost() == ""
}

type conn struct {
	net.Conn
	state  *connState
	forget func()
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	note(&c.state.read, err)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	note(&c.state.write, err)
	return n, err
}

// note keeps the last outcome, except that what comes after an end is not
// news: a connection that the peer has closed is closed here, too.
func note(at *atomic.Pointer[error], err error) {
	switch last := at.Load(); {
	case err == nil && last == nil:
	case err == nil:
		at.Store(nil)
	case last == nil || errors.Is(*last, os.ErrDeadlineExceeded):
		kept := err
		at.Store(&kept)
	}
}

// Close notes who closes.
func (c *conn) Close() error {
	if c.state.closed.Load() == 0 {
		by := int32(closedByConnection)
		if closedHard() {
			by = closedByServer
		}
		c.state.closed.CompareAndSwap(0, by)
		if c.forget != nil {
			c.forget()
		}
	}
	return c.Conn.Close()
}

// closedHard reports whether a server's Close or Stop is at work. The stack
// tells, as both close listeners and connections in their own goroutine.
func closedHard() bool {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		switch f.Function {
		case "net/http.(*Server).Close", "google.golang.org/grpc.(*Server).Stop":
			return true
		}
		if !more {
			return false
		}
	}
}

// ReadFrom keeps sendfile and splice where the connection below has them.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		n, err = rf.ReadFrom(r)
	} else {
		n, err = io.Copy(struct{ io.Writer }{c.Conn}, r)
	}
	return n, err
}

// CloseWrite lets a server close its half and wait for the client's.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SyscallConn gives access to the file descriptor where there is one.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := c.Conn.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// NetConn returns the connection below.
func (c *conn) NetConn() net.Conn { return c.Conn }
