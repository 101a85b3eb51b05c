// Nats-bus runs an embedded nats-server and 25 nats.go connections with subscriptions, queue groups, requests and JetStream.
// Waits: read and write loops of both ends of each connection, flushers, a callback dispatcher per connection, a waiter per
// subscription, JetStream's pull consumers; one client that keeps trying to reach a server that is down.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	bus, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, JetStream: true, StoreDir: admin.Scratch(),
	})
	admin.Must(err)
	bus.Start()
	if !bus.ReadyForConnections(10 * time.Second) {
		log.Fatal("the bus does not start")
	}
	for i := range 24 {
		subscribe(connect(bus.ClientURL()), i)
	}
	_, err = nats.Connect("nats://127.0.0.1:1", nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	admin.Must(err)
	publisher := connect(bus.ClientURL())
	go consume(publisher)
	go pace.Every(context.Background(), 50, 16, func() { admin.Must(publisher.Publish("ticks.all", []byte("tick"))) })
	go pace.Every(context.Background(), 10, 16, func() {
		if _, err := publisher.Request("work", []byte("job"), 5*time.Second); err != nil {
			log.Print(err)
		}
	})
	bus.WaitForShutdown()
}

func connect(url string) *nats.Conn {
	conn, err := nats.Connect(url)
	admin.Must(err)
	return conn
}

func subscribe(conn *nats.Conn, number int) {
	for _, subject := range []string{"ticks.all", fmt.Sprintf("alerts.%d", number), "audit.*"} {
		_, err := conn.Subscribe(subject, func(*nats.Msg) {})
		admin.Must(err)
	}
	_, err := conn.QueueSubscribe("work", "workers", func(message *nats.Msg) { _ = message.Respond([]byte("done")) })
	admin.Must(err)
	lines := make(chan *nats.Msg, 16)
	_, err = conn.ChanSubscribe("lines", lines)
	admin.Must(err)
	go func() {
		for range lines {
			continue
		}
	}()
}

func consume(conn *nats.Conn) {
	ctx := context.Background()
	stream, err := jetstream.New(conn)
	admin.Must(err)
	_, err = stream.CreateStream(ctx, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	admin.Must(err)
	for i := range 4 {
		consumer, err := stream.CreateConsumer(ctx, "ORDERS", jetstream.ConsumerConfig{Durable: fmt.Sprintf("reader-%d", i)})
		admin.Must(err)
		_, err = consumer.Consume(func(message jetstream.Msg) { _ = message.Ack() })
		admin.Must(err)
	}
	pace.Every(ctx, 5, 4, func() { _, _ = stream.Publish(ctx, "orders.new", []byte("order")) })
}
