// gRPC over loopback: a unary call, a server's stream and a stream both ways,
// on the health service, which every gRPC module has.

package canceltrace

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/goherd/goherd/go/canceltrace"
	herdgrpc "github.com/goherd/goherd/go/grpc"
)

// rpc is the service: what a call does is a function, called after a stream
// has sent its first message.
type rpc struct {
	health.UnimplementedHealthServer
	do func(ctx context.Context)
}

func (s *rpc) Check(ctx context.Context, _ *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	s.do(ctx)
	return &health.HealthCheckResponse{}, ctx.Err()
}

func (s *rpc) Watch(_ *health.HealthCheckRequest, out grpc.ServerStreamingServer[health.HealthCheckResponse]) error {
	if err := out.Send(&health.HealthCheckResponse{}); err != nil {
		return err
	}
	s.do(out.Context())
	return out.Context().Err()
}

// both is a stream both ways, which the health service has not got.
var both = grpc.ServiceDesc{
	ServiceName: "test.Both", HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{StreamName: "Talk", ServerStreams: true, ClientStreams: true, Handler: func(srv any, ss grpc.ServerStream) error {
		for {
			var in health.HealthCheckRequest
			if err := ss.RecvMsg(&in); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := ss.SendMsg(&health.HealthCheckResponse{}); err != nil {
				return err
			}
			srv.(*rpc).do(ss.Context())
		}
	}}},
}

// transport is what both sides speak below gRPC.
type transport struct {
	tls            bool
	server, client credentials.TransportCredentials
}

var plain = transport{false, insecure.NewCredentials(), insecure.NewCredentials()}

// secure is TLS by the certificate that package httptest has for loopback.
func secure(t testing.TB) transport {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return transport{
		true,
		credentials.NewServerTLSFromCert(&s.TLS.Certificates[0]),
		credentials.NewClientTLSFromCert(roots, "example.com"),
	}
}

type rpcService struct {
	server *grpc.Server
	conn   *grpc.ClientConn
}

// serveRPC starts a server whose events go to rec and a client whose events
// go to outer, if that is not nil.
func serveRPC(t testing.TB, tr transport, rec, outer *recorder, do func(context.Context)) *rpcService {
	t.Helper()
	below, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, watched := herdgrpc.Listen(below)
	s := &rpcService{server: grpc.NewServer(append(herdgrpc.ServerOptions(rec.tracer), watched, grpc.Creds(tr.server))...)}
	health.RegisterHealthServer(s.server, &rpc{do: do})
	s.server.RegisterService(&both, &rpc{do: do})
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.server.Serve(l)
	}()
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(tr.client),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
	}
	if outer != nil {
		options = append(options, herdgrpc.DialOptions(outer.tracer)...)
	}
	if s.conn, err = grpc.NewClient(below.Addr().String(), options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.conn.Close()
		s.server.Stop()
		<-served
	})
	return s
}

// call makes RPC i of the shape named; then is called once the handler has
// been entered, where the shape can tell.
type call func(s *rpcService, ctx context.Context, then func()) error

func unary(s *rpcService, ctx context.Context, then func()) error {
	_, err := health.NewHealthClient(s.conn).Check(ctx, &health.HealthCheckRequest{})
	return err
}

func stream(s *rpcService, ctx context.Context, then func()) error {
	in, err := health.NewHealthClient(s.conn).Watch(ctx, &health.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if _, err := in.Recv(); err != nil {
		return err
	}
	then()
	for err == nil {
		_, err = in.Recv()
	}
	return err
}

func talk(s *rpcService, ctx context.Context, then func()) error {
	ss, err := s.conn.NewStream(ctx, &both.Streams[0], "/test.Both/Talk")
	if err != nil {
		return err
	}
	var out health.HealthCheckResponse
	for range 2 {
		if err := ss.SendMsg(&health.HealthCheckRequest{}); err != nil {
			return ss.RecvMsg(&out)
		}
		if err := ss.RecvMsg(&out); err != nil {
			return err
		}
		then()
	}
	if err := ss.CloseSend(); err != nil {
		return err
	}
	if err := ss.RecvMsg(&out); err != io.EOF {
		return err
	}
	return nil
}

var shapes = []struct {
	name string
	call call
}{{"unary", unary}, {"stream", stream}, {"both", talk}}

func withRun(ctx context.Context, i int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "traceparent", traceparent(i))
}

// runOf is the traceparent among what was sent or received.
func runOf(md metadata.MD, _ bool) string {
	if values := md.Get("traceparent"); len(values) == 1 {
		return values[0]
	}
	return ""
}

func TestGRPC(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	for _, shape := range shapes {
		for _, c := range []struct {
			name string
			test func(t *testing.T, tr transport, shape call, n int)
		}{
			{"timeout", timeoutRPC},
			{"client_timeout", clientTimeoutRPC},
			{"client_gone", clientGoneRPC},
			{"connection_gone", connectionGoneRPC},
			{"explicit", explicitRPC},
			{"parent", parentRPC},
			{"client", clientRPC},
		} {
			t.Run(shape.name+"/"+c.name, func(t *testing.T) { c.test(t, plain, shape.call, n) })
			t.Run(shape.name+"/"+c.name+"/TLS", func(t *testing.T) { c.test(t, secure(t), shape.call, n) })
		}
	}
}

// timeoutRPC: the header carries what is left at the time of sending, so the
// server's deadline is later than the client's by the time on the way. When
// that is long, the client's reset looks like any other.
func timeoutRPC(t *testing.T, tr transport, shape call, n int) {
	rec, outer := newRecorder(), newRecorder()
	var deadlines sync.Map // the clients', by run
	s := serveRPC(t, tr, rec, outer, func(ctx context.Context) {
		run := runOf(metadata.FromIncomingContext(ctx))
		own, _ := ctx.Deadline()
		if clients, ok := deadlines.Load(run); ok && own.Sub(clients.(time.Time)) <= late {
			rec.begin(ctx, run)
		}
		<-ctx.Done()
	})
	calls := new(atomic.Int64)
	only(t, rec.expect(t, n, canceltrace.GRPCServer, canceltrace.Timeout, func(i int) error {
		calls.Add(1)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		at, _ := ctx.Deadline()
		deadlines.Store(traceparent(i), at)
		if err := shape(s, withRun(ctx, i), func() {}); err == nil {
			return errors.New("no timeout")
		}
		return rec.evidence(i, nil)
	}), canceltrace.BasisDeadline, canceltrace.BasisAtDeadline)
	// The server's answer may come before the client's own timer.
	outer.flush(t)
	if k := outer.tracer.Counts(); k.Timeout != k.Total() || k.Total() > uint64(calls.Load()) {
		t.Errorf("the client's: %+v of %d", k, calls.Load())
	}
}

// clientTimeoutRPC: a server of gRPC would answer at the deadline itself. This
// one never says a word.
func clientTimeoutRPC(t *testing.T, tr transport, shape call, n int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rec := newRecorder()
	conn, err := grpc.NewClient(l.Addr().String(), append(append(herdgrpc.DialOptions(rec.tracer), rec.beginCalls()...),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	only(t, rec.expect(t, n, canceltrace.GRPCClient, canceltrace.Timeout, func(i int) error {
		ctx, end := rec.tracer.Start(withRun(context.Background(), i), "request")
		defer end(nil)
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if err := shape(&rpcService{conn: conn}, ctx, func() {}); err == nil {
			return errors.New("no timeout")
		}
		return rec.evidence(i, nil)
	}), canceltrace.BasisDeadline)
}

// beginCalls are interceptors below the tracer's that note that a call has
// begun.
func (r *recorder) beginCalls() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			r.begin(ctx, runOf(metadata.FromOutgoingContext(ctx)))
			return next(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			r.begin(ctx, runOf(metadata.FromOutgoingContext(ctx)))
			return next(ctx, desc, cc, method, opts...)
		}),
	}
}

func clientGoneRPC(t *testing.T, tr transport, shape call, n int) {
	rec := newRecorder()
	entered := make(chan string, n)
	s := serveRPC(t, tr, rec, nil, func(ctx context.Context) {
		entered <- runOf(metadata.FromIncomingContext(ctx))
		<-ctx.Done()
	})
	// Cancels run i once its handler has been entered.
	cancels := make(map[string]context.CancelFunc)
	for i := range n {
		ctx, cancel := context.WithCancel(withRun(context.Background(), i))
		defer cancel()
		cancels[traceparent(i)] = cancel
		go shape(s, ctx, func() {})
	}
	only(t, rec.expect(t, n, canceltrace.GRPCServer, canceltrace.ClientGone, func(int) error {
		cancels[<-entered]()
		return nil
	}), canceltrace.BasisStreamReset)
}

func connectionGoneRPC(t *testing.T, tr transport, shape call, n int) {
	rec := newRecorder()
	entered := make(chan struct{}, n)
	s := serveRPC(t, tr, rec, nil, func(ctx context.Context) { entered <- struct{}{}; <-ctx.Done() })
	for i := range n {
		go shape(s, withRun(context.Background(), i), func() {})
	}
	for range n {
		<-entered
	}
	s.conn.Close()
	allowed := []canceltrace.Basis{canceltrace.BasisStreamReset, canceltrace.BasisConnectionEOF, canceltrace.BasisConnectionLost}
	if tr.tls { // which announces its end
		allowed = append(allowed, canceltrace.BasisConnectionClosed)
	}
	only(t, rec.expect(t, n, canceltrace.GRPCServer, canceltrace.ClientGone, func(int) error { return nil }), allowed...)
}

func explicitRPC(t *testing.T, tr transport, shape call, n int) {
	rec := newRecorder()
	var times atomic.Int64 // a handler was called, or had a message
	s := serveRPC(t, tr, rec, nil, func(ctx context.Context) {
		times.Add(1)
		_, end := rec.tracer.Start(ctx, "part")
		end(errors.New("enough"))
	})
	abreast(t, n, 8, func(i int) error {
		err := shape(s, withRun(context.Background(), i), func() {})
		if err == io.EOF {
			err = nil
		}
		return err
	})
	want := int(times.Load())
	rec.flush(t) // the events were handed on before the calls ended
	if k := rec.tracer.Counts(); want < n || k.Explicit != uint64(want) || k.Total() != uint64(want) {
		t.Errorf("%+v of %d", k, want)
	}
}

func parentRPC(t *testing.T, tr transport, shape call, n int) {
	rec := newRecorder()
	entered := make(chan struct{}, n)
	s := serveRPC(t, tr, rec, nil, func(ctx context.Context) { entered <- struct{}{}; <-ctx.Done() })
	for i := range n {
		go shape(s, withRun(context.Background(), i), func() {})
	}
	for range n {
		<-entered
	}
	s.server.Stop()
	only(t, rec.expect(t, n, canceltrace.GRPCServer, canceltrace.Parent, func(int) error { return nil }),
		canceltrace.BasisServerClosed)
}

func clientRPC(t *testing.T, tr transport, shape call, n int) {
	for _, c := range []struct {
		cause canceltrace.Cause
		basis canceltrace.Basis
	}{{canceltrace.Explicit, canceltrace.BasisBelowParent}, {canceltrace.Parent, canceltrace.BasisParentCancelled}} {
		rec, outer := newRecorder(), newRecorder()
		entered := make(chan string, n)
		s := serveRPC(t, tr, rec, outer, func(ctx context.Context) {
			entered <- runOf(metadata.FromIncomingContext(ctx))
			<-ctx.Done()
		})
		cancels := make(map[string]func())
		for i := range n {
			ctx, end := outer.tracer.Start(withRun(context.Background(), i), "request")
			own, cancel := context.WithCancel(ctx)
			defer cancel()
			cancels[traceparent(i)] = cancel
			if c.cause == canceltrace.Parent {
				cancels[traceparent(i)] = func() { end(errors.New("enough")) }
			}
			go shape(s, own, func() {})
		}
		only(t, outer.expect(t, n, canceltrace.GRPCClient, c.cause, func(int) error {
			cancels[<-entered]()
			return nil
		}), c.basis)
	}
}

// TestGRPCWithoutListener: nothing tells a client's cancel from a server's.
func TestGRPCWithoutListener(t *testing.T) {
	rec := newRecorder()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	srv := grpc.NewServer(herdgrpc.ServerOptions(rec.tracer)...)
	health.RegisterHealthServer(srv, &rpc{do: func(ctx context.Context) { close(entered); <-ctx.Done() }})
	go srv.Serve(l)
	defer srv.Stop()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(withRun(context.Background(), 0))
	go func() { <-entered; cancel() }()
	health.NewHealthClient(conn).Check(ctx, &health.HealthCheckRequest{})
	only(t, rec.expect(t, 1, canceltrace.GRPCServer, canceltrace.Unknown, func(int) error { return nil }),
		canceltrace.BasisServerContext)
}

func TestOrdinaryGRPC(t *testing.T) {
	n := number("GOHERD_REQUESTS", 1000)
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			rec := newRecorder()
			s := serveRPC(t, plain, rec, rec, func(context.Context) {})
			abreast(t, n, 8, func(i int) error {
				ctx, cancel := context.WithTimeout(withRun(context.Background(), i), time.Hour)
				defer cancel()
				err := shape.call(s, ctx, func() {})
				if err == io.EOF {
					err = nil
				}
				return err
			})
			s.conn.Close()
			s.server.GracefulStop()
			rec.silent(t, n)
		})
	}
}

func BenchmarkUnary(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "watched"}[watched], func(b *testing.B) {
			rec := &recorder{}
			if watched {
				rec.tracer = new(canceltrace.Tracer)
			}
			s := serveRPC(b, plain, rec, rec, func(context.Context) {})
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if err := unary(s, ctx, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
