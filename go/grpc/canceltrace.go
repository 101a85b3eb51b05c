// Package herdgrpc brings goherd's module to gRPC: interceptors that tell who
// cancelled an RPC's context. Deadlines need none: gRPC carries them by itself.
//
// The server's interceptors belong first in the chain, the client's last, so
// that they see the context the RPC really has.
//
// # Cost
//
// An RPC costs one small context and a timer that is used again on either
// side: about a tenth of a unary RPC on loopback (BenchmarkUnary in the tests
// module).
//
// # Limits
//
// gRPC gives no cause anywhere. Without [Listen] a server's interceptor cannot
// tell a client that cancelled from a server that stopped and reports
// canceltrace.Unknown. A client whose deadline passes resets its stream, which
// may reach the server before its own timer fires; what ends within 10 ms of
// the deadline is reported as a timeout with the basis at_deadline. The
// server's deadline is later than the client's by the time the request was on
// its way; after more than 10 ms the reset looks like any other and is reported
// as canceltrace.ClientGone.
package herdgrpc

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/goherd/goherd/go/canceltrace"
)

// ServerOptions returns the interceptors for a server, as options.
func ServerOptions(t *canceltrace.Tracer) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(UnaryServer(t)),
		grpc.ChainStreamInterceptor(StreamServer(t)),
	}
}

// UnaryServer watches the context of each RPC until its handler returns.
func UnaryServer(t *canceltrace.Tracer) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		w := t.Watch(ctx, received(ctx, info.FullMethod))
		defer w.End()
		return next(w, req)
	}
}

// StreamServer watches the context of each stream until its handler returns.
func StreamServer(t *canceltrace.Tracer) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		w := t.Watch(ss.Context(), received(ss.Context(), info.FullMethod))
		defer w.End()
		return next(srv, &serverStream{ss, w})
	}
}

type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *serverStream) Context() context.Context { return s.ctx }

func received(ctx context.Context, method string) canceltrace.Operation {
	return canceltrace.Operation{
		Kind: canceltrace.GRPCServer, Protocol: "grpc", Handler: method, Received: true,
		Traceparent: traceparent(metadata.ValueFromIncomingContext(ctx, "traceparent")),
	}
}

func traceparent(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// Listen makes the server's connections keep what they saw last, so that a
// client that has gone can be told from a server that stopped. The server is
// made with the option and serves the listener:
//
//	l, watched := herdgrpc.Listen(l)
//	srv := grpc.NewServer(append(herdgrpc.ServerOptions(tracer), watched)...)
//	srv.Serve(l)
//
// gRPC tells a connection by its addresses only, so nothing is known of
// connections that share them, as those over Unix sockets do.
func Listen(l net.Listener) (net.Listener, grpc.ServerOption) {
	watched := canceltrace.NewConnListener(l)
	return watched, grpc.StatsHandler(&connections{watched})
}

// connections puts what is known of a connection into its context.
type connections struct{ listener *canceltrace.ConnListener }

func (c *connections) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	return c.listener.Context(ctx, info.LocalAddr, info.RemoteAddr)
}

func (*connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (*connections) HandleRPC(context.Context, stats.RPCStats)                       {}
func (*connections) HandleConn(context.Context, stats.ConnStats)                     {}
