// The client's side: an RPC runs until its invoker returns, a stream until it
// has given its last message.

package herdgrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/goherd/goherd/go/canceltrace"
)

// DialOptions returns the interceptors for a client, as options.
func DialOptions(t *canceltrace.Tracer) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(UnaryClient(t)),
		grpc.WithChainStreamInterceptor(StreamClient(t)),
	}
}

// UnaryClient watches the context of each call until it returns.
func UnaryClient(t *canceltrace.Tracer) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		w := t.Watch(ctx, sent(ctx, method))
		defer w.End()
		return next(ctx, method, req, reply, cc, opts...)
	}
}

// StreamClient watches the context of each stream until RecvMsg returns an
// error, io.EOF included, or the only answer of a stream that has but one. A
// caller who leaves a stream early by cancelling its context has cancelled it;
// that is reported.
func StreamClient(t *canceltrace.Tracer) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		w := t.Watch(ctx, sent(ctx, method))
		cs, err := next(ctx, desc, cc, method, opts...)
		if err != nil {
			w.End()
			return nil, err
		}
		return &clientStream{cs, w, !desc.ServerStreams}, nil
	}
}

type clientStream struct {
	grpc.ClientStream
	watched *canceltrace.Watched
	single  bool
}

func (s *clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err != nil || s.single {
		s.watched.End()
	}
	return err
}

func sent(ctx context.Context, method string) canceltrace.Operation {
	op := canceltrace.Operation{Kind: canceltrace.GRPCClient, Protocol: "grpc", Handler: method}
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		op.Traceparent = traceparent(md.Get("traceparent"))
	}
	return op
}
