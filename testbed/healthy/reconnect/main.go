// Reconnect is a consumer whose brokers are down: kafka-go readers, go-redis subscribers, a gRPC stream and plain TCP loops that
// dial again and again with back-off.
// Waits: back-off sleeps, readers waiting for a message that comes once there is a broker, context watchers.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	log.SetOutput(io.Discard)
	admin.Start()
	closed := admin.Loopback()
	addr := closed.Addr().String()
	admin.Must(closed.Close())
	ctx := context.Background()
	for range 6 {
		go read(ctx, addr)
		go subscribe(ctx, addr)
	}
	for range 40 {
		go dial(ctx, addr)
	}
	for range 10 {
		go poll(ctx, "http://"+addr+"/next")
	}
	go watch(ctx, addr)
	select {}
}

func read(ctx context.Context, addr string) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{addr}, Topic: "orders", GroupID: "reconnect", MaxWait: 5 * time.Second,
	})
	defer reader.Close()
	for ctx.Err() == nil {
		message, err := reader.ReadMessage(ctx)
		log.Print(message.Offset, err)
	}
}

func subscribe(ctx context.Context, addr string) {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer client.Close()
	for message := range client.Subscribe(ctx, "news").Channel() {
		log.Print(message.Payload)
	}
}

func dial(ctx context.Context, addr string) {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
		if !pace.Sleep(ctx, wait) {
			return
		}
	}
}

func poll(ctx context.Context, url string) {
	for ctx.Err() == nil {
		if response, err := http.Get(url); err == nil {
			_ = response.Body.Close()
		}
		time.Sleep(10 * time.Second)
	}
}

func watch(ctx context.Context, addr string) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	admin.Must(err)
	for ctx.Err() == nil {
		stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err == nil {
			_, err = stream.Recv()
		}
		log.Print(err)
	}
}
