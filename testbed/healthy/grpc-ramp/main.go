// Grpc-ramp is a gRPC server whose subscribers arrive over 70 s, 160 streams on ten connections, stay, and go from second 105 on.
// Waits: a handler per stream on its subscription (select), HTTP/2 transports per connection. No goroutine of net/http stands beside.
package main

import (
	"context"
	"log"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop/grpc_testing"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

type feed struct {
	grpc_testing.UnimplementedTestServiceServer
}

// StreamingOutputCall sends a heartbeat every 20 s until the subscriber goes.
func (feed) StreamingOutputCall(_ *grpc_testing.StreamingOutputCallRequest, stream grpc_testing.TestService_StreamingOutputCallServer) error {
	heartbeat := time.NewTicker(20 * time.Second)
	defer heartbeat.Stop()
	for {
		if err := stream.Send(&grpc_testing.StreamingOutputCallResponse{}); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-heartbeat.C:
		}
	}
}

func main() {
	admin.Clients(clients)
	admin.Start()
	listener := admin.Loopback()
	server := grpc.NewServer()
	grpc_testing.RegisterTestServiceServer(server, feed{})
	admin.StartClients(listener.Addr().String())
	serve(server, listener)
}

func serve(server *grpc.Server, listener net.Listener) {
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func clients(ctx context.Context, addr string) {
	var conns []grpc_testing.TestServiceClient
	for range 10 {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		admin.Must(err)
		conns = append(conns, grpc_testing.NewTestServiceClient(conn))
	}
	start := time.Now()
	pace.Ramp(ctx, 160, 70*time.Second, func(i int) {
		ctx, cancel := context.WithDeadline(ctx, start.Add(105*time.Second+time.Duration(i)*150*time.Millisecond))
		defer cancel()
		stream, err := conns[i%len(conns)].StreamingOutputCall(ctx, &grpc_testing.StreamingOutputCallRequest{})
		if err != nil {
			return
		}
		for err == nil {
			_, err = stream.Recv()
		}
	})
}
