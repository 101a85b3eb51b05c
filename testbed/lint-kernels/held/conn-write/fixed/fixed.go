// Package fixed broadcasts to players; a line is written with a deadline and without the lock of the game.
package fixed

import (
	"fmt"
	"io"
	"maps"
	"net"
	"sync"
	"time"
)

type game struct {
	mu      sync.Mutex
	players map[string]net.Conn
}

func (g *game) join(name string, conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.players[name] = conn
}

func (g *game) broadcast(line string) error {
	g.mu.Lock()
	players := maps.Clone(g.players)
	g.mu.Unlock()
	var failed error
	for name, conn := range players {
		if err := send(conn, line); err != nil {
			failed = fmt.Errorf("send to %s: %w", name, err)
		}
	}
	return failed
}

func send(conn net.Conn, line string) error {
	if err := conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return err
	}
	_, err := io.WriteString(conn, line+"\n")
	return err
}
