// Hijacked-feeds upgrades connections by hand, as small WebSocket servers do: the write pump stays in the handler, a goroutine beside it
// reads. Two browsers a second join for 110 s and stay; they never say a word.
// Waits: a handler in its write pump (select, a ping every 50 s) and a read pump (IO wait) per connection, which net/http has let go.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	listener := admin.Loopback()
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", feed)
	admin.StartClients(listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func feed(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	gone := make(chan struct{})
	go readPump(buffered.Reader, gone)
	writePump(conn, gone)
}

func readPump(messages *bufio.Reader, gone chan<- struct{}) {
	defer close(gone)
	for {
		if _, err := messages.ReadByte(); err != nil {
			return
		}
	}
}

func writePump(conn net.Conn, gone <-chan struct{}) {
	defer conn.Close()
	ping := time.NewTicker(50 * time.Second)
	defer ping.Stop()
	for {
		select {
		case <-gone:
			return
		case <-ping.C:
			if _, err := io.WriteString(conn, "ping\n"); err != nil {
				return
			}
		}
	}
}

func clients(ctx context.Context, server string) {
	pace.Ramp(ctx, 220, 110*time.Second, func(int) {
		conn, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		_, _ = fmt.Fprintf(conn, "GET /feed HTTP/1.1\r\nHost: %s\r\n\r\n", server)
		_, _ = io.Copy(io.Discard, conn)
	})
}
