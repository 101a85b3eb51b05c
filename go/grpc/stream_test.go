// ServeStream between a real server and client.

package herdgrpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	herdgrpc "github.com/goherd/goherd/go/grpc"
)

type number = wrapperspb.Int64Value

type produce = func(ctx context.Context, emit func(*number) error) error

// call serves one method with a producer and opens a stream to it. returned gets what ServeStream returned, or its panic.
func call(t *testing.T, ctx context.Context, p produce) (client grpc.ServerStreamingClient[number], returned chan any) {
	t.Helper()
	returned = make(chan any, 1)
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	desc := grpc.StreamDesc{StreamName: "Count", ServerStreams: true, Handler: func(_ any, ss grpc.ServerStream) (err error) {
		defer func() {
			if v := recover(); v != nil {
				returned <- v
				err = status.Error(codes.Internal, "panic")
				return
			}
			returned <- err
		}()
		if err := ss.RecvMsg(new(number)); err != nil {
			return err
		}
		return herdgrpc.ServeStream(&grpc.GenericServerStream[number, number]{ServerStream: ss}, 4, p)
	}}
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "t.T", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{desc}}, nil)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:pipe", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return listener.Dial() }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	cs, err := conn.NewStream(ctx, &desc, "/t.T/Count")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cs.SendMsg(new(number)), cs.CloseSend()); err != nil {
		t.Fatal(err)
	}
	return &grpc.GenericClientStream[number, number]{ClientStream: cs}, returned
}

func await(t *testing.T, c <-chan any) any {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(60 * time.Second):
		t.Fatal("hangs")
		return nil
	}
}

func TestServeStreamSendsEverything(t *testing.T) {
	client, returned := call(t, context.Background(), func(_ context.Context, emit func(*number) error) error {
		for i := range int64(100) {
			if err := emit(wrapperspb.Int64(i)); err != nil {
				return err
			}
		}
		return status.Error(codes.OutOfRange, "counted")
	})
	for i := range int64(100) {
		m, err := client.Recv()
		if err != nil || m.Value != i {
			t.Fatalf("message %d: %v, %v", i, m, err)
		}
	}
	if _, err := client.Recv(); status.Code(err) != codes.OutOfRange || errors.Is(err, io.EOF) {
		t.Fatalf("end: %v", err)
	}
	if err, _ := await(t, returned).(error); status.Code(err) != codes.OutOfRange {
		t.Fatalf("ServeStream: %v", err)
	}
}

// The client leaves while the producer is blocked, in emit and elsewhere: both must end.
func TestServeStreamEndsWithItsContext(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, emit func(*number) error) error{
		"in emit": func(_ context.Context, emit func(*number) error) error {
			for {
				if err := emit(wrapperspb.Int64(1)); err != nil {
					return err
				}
			}
		},
		"elsewhere": func(ctx context.Context, _ func(*number) error) error { <-ctx.Done(); return context.Cause(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			producer := make(chan any, 1)
			client, returned := call(t, ctx, func(ctx context.Context, emit func(*number) error) error {
				if err := emit(wrapperspb.Int64(0)); err != nil {
					return err
				}
				err := wait(ctx, emit)
				producer <- err
				return err
			})
			if _, err := client.Recv(); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err, _ := await(t, returned).(error); status.Code(err) != codes.Canceled {
				t.Errorf("ServeStream: %v", err)
			}
			select {
			case err := <-producer:
				if err == nil {
					t.Error("the producer was not told")
				}
			default:
				t.Error("ServeStream returned before its producer")
			}
		})
	}
}

func TestServeStreamRaisesThePanicOnTheHandler(t *testing.T) {
	_, returned := call(t, context.Background(), func(context.Context, func(*number) error) error { panic("broken") })
	err, _ := await(t, returned).(error)
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "stream_test.go") {
		t.Fatalf("raised %v", err)
	}
}
