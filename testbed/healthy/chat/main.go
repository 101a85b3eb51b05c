// Chat is a gorilla/websocket hub with a read and a write pump per client, and a coder/websocket presence room beside it.
// Waits: two pumps per connection (IO wait, select), the hub's loop, coder's close watchers, 90 quiet clients.
package main

import (
	"context"
	"log"
	"net/http"
	"strings"
	"time"

	coder "github.com/coder/websocket"
	"github.com/gorilla/websocket"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	room := &hub{join: make(chan *member), leave: make(chan *member), say: make(chan []byte)}
	go room.run()
	mux := http.NewServeMux()
	mux.HandleFunc("/chat", room.accept)
	mux.HandleFunc("/presence", presence)
	listener := admin.Loopback()
	admin.StartClients(listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

type hub struct {
	join, leave chan *member
	say         chan []byte
}

type member struct {
	conn *websocket.Conn
	send chan []byte
}

func (h *hub) run() {
	members := map[*member]bool{}
	for {
		select {
		case m := <-h.join:
			members[m] = true
		case m := <-h.leave:
			if members[m] {
				delete(members, m)
				close(m.send)
			}
		case text := <-h.say:
			for m := range members {
				select {
				case m.send <- text:
				default:
				}
			}
		}
	}
}

var upgrader = websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}

func (h *hub) accept(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	m := &member{conn: conn, send: make(chan []byte, 16)}
	h.join <- m
	go m.writePump()
	go h.readPump(m)
}

func (h *hub) readPump(m *member) {
	defer func() {
		h.leave <- m
		_ = m.conn.Close()
	}()
	for {
		_, text, err := m.conn.ReadMessage()
		if err != nil {
			return
		}
		h.say <- text
	}
}

func (m *member) writePump() {
	ping := time.NewTicker(50 * time.Second)
	defer ping.Stop()
	for {
		select {
		case text, open := <-m.send:
			if !open || m.conn.WriteMessage(websocket.TextMessage, text) != nil {
				return
			}
		case <-ping.C:
			if m.conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

func presence(w http.ResponseWriter, r *http.Request) {
	conn, err := coder.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := conn.CloseRead(r.Context())
	for pace.Sleep(ctx, 70*time.Second) {
		if conn.Write(ctx, coder.MessageText, []byte("still here")) != nil {
			return
		}
	}
}

func clients(ctx context.Context, server string) {
	for range 60 {
		go talk(ctx, "ws://"+server+"/chat")
	}
	for range 30 {
		go attend(ctx, "ws://"+server+"/presence")
	}
}

func talk(ctx context.Context, url string) {
	conn, response, err := websocket.DefaultDialer.DialContext(ctx, url, nil)
	if err != nil {
		log.Print(err, response)
		return
	}
	defer conn.Close()
	go func() {
		for pace.Sleep(ctx, 30*time.Second) {
			if conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("hello ", 4))) != nil {
				return
			}
		}
	}()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

func attend(ctx context.Context, url string) {
	conn, _, err := coder.Dial(ctx, url, nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer conn.CloseNow()
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
	}
}
