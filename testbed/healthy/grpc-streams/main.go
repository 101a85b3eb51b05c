// Grpc-streams is a gRPC server with 80 bidirectional streams and unary calls from four client connections in the same process.
// Waits: per stream a reader on either side and the client's context watcher; per connection serializers, control buffers, readers;
// callers that wait for a connection to a closed port to become ready.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

type server struct {
	grpc_testing.UnimplementedTestServiceServer
}

func (server) EmptyCall(context.Context, *grpc_testing.Empty) (*grpc_testing.Empty, error) {
	return &grpc_testing.Empty{}, nil
}

func (server) FullDuplexCall(stream grpc_testing.TestService_FullDuplexCallServer) error {
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.Send(&grpc_testing.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
}

func main() {
	admin.Start()
	listener := admin.Loopback()
	serving := grpc.NewServer(grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second}))
	grpc_testing.RegisterTestServiceServer(serving, server{})
	healthpb.RegisterHealthServer(serving, health.NewServer())
	for range 4 {
		go call(dial(listener.Addr()))
	}
	unready()
	if err := serving.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func dial(addr net.Addr) *grpc.ClientConn {
	conn, err := grpc.NewClient(addr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	admin.Must(err)
	return conn
}

func call(conn *grpc.ClientConn) {
	ctx := context.Background()
	client := grpc_testing.NewTestServiceClient(conn)
	for range 20 {
		go converse(ctx, client)
	}
	go watchHealth(ctx, healthpb.NewHealthClient(conn))
	pace.Every(ctx, 10, 8, func() {
		if _, err := client.EmptyCall(ctx, &grpc_testing.Empty{}); err != nil {
			log.Print(err)
		}
	})
}

func converse(ctx context.Context, client grpc_testing.TestServiceClient) {
	stream, err := client.FullDuplexCall(ctx, grpc.WaitForReady(true))
	if err != nil {
		log.Print(err)
		return
	}
	go func() {
		for range time.Tick(20 * time.Second) {
			if stream.Send(&grpc_testing.StreamingOutputCallRequest{}) != nil {
				return
			}
		}
	}()
	for {
		if _, err := stream.Recv(); err != nil {
			return
		}
	}
}

func watchHealth(ctx context.Context, client healthpb.HealthClient) {
	stream, err := client.Watch(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		log.Print(err)
		return
	}
	for {
		if _, err := stream.Recv(); err != nil {
			return
		}
	}
}

// unready keeps a few callers waiting for a backend that is down, as during a restart of it.
func unready() {
	closed := admin.Loopback()
	addr := closed.Addr()
	admin.Must(closed.Close())
	client := grpc_testing.NewTestServiceClient(dial(addr))
	for range 6 {
		go func() {
			for {
				ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
				_, _ = client.EmptyCall(ctx, &grpc_testing.Empty{}, grpc.WaitForReady(true))
				cancel()
			}
		}()
	}
}
