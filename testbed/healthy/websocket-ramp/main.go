// Websocket-ramp is a gorilla/websocket ticker feed: 170 browsers connect over 70 s, stay, and go from second 105 on.
// Waits: a read pump (IO wait) and a write pump (select) per connection; the connections are hijacked, so net/http waits for none.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	listener := admin.Loopback()
	http.HandleFunc("/feed", accept)
	admin.StartClients(listener.Addr().String())
	log.Fatal(http.Serve(listener, nil))
}

var upgrader websocket.Upgrader

type session struct {
	conn   *websocket.Conn
	prices chan string
	gone   chan struct{}
}

func accept(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	session := &session{conn: conn, prices: make(chan string, 1), gone: make(chan struct{})}
	go session.readPump()
	go session.writePump()
}

func (s *session) readPump() {
	defer close(s.gone)
	for {
		if _, _, err := s.conn.ReadMessage(); err != nil {
			return
		}
	}
}

func (s *session) writePump() {
	defer s.conn.Close()
	ping := time.NewTicker(25 * time.Second)
	defer ping.Stop()
	for {
		select {
		case <-s.gone:
			return
		case price := <-s.prices:
			if s.conn.WriteMessage(websocket.TextMessage, []byte(price)) != nil {
				return
			}
		case <-ping.C:
			if s.conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

func clients(ctx context.Context, addr string) {
	start := time.Now()
	pace.Ramp(ctx, 170, 70*time.Second, func(i int) {
		ctx, cancel := context.WithDeadline(ctx, start.Add(105*time.Second+time.Duration(i)*150*time.Millisecond))
		defer cancel()
		conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+addr+"/feed", nil)
		if err != nil {
			return
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
	})
}
