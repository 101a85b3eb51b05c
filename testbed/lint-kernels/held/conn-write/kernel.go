// Package kernel broadcasts to players and writes to their connections with the game locked; one who does not read stops all.
package kernel

import (
	"io"
	"net"
	"sync"
)

type game struct {
	mu      sync.Mutex
	players map[string]net.Conn
}

func (g *game) join(name string, conn net.Conn) {
	g.mu.Lock() // via; stuck
	defer g.mu.Unlock()
	g.players[name] = conn
}

func (g *game) broadcast(line string) error {
	g.mu.Lock() // via
	defer g.mu.Unlock()
	for name, conn := range g.players {
		if err := send(conn, line); err != nil { // want DL007|DL003|LK011; stuck
			delete(g.players, name)
		}
	}
	return nil
}

func send(conn net.Conn, line string) error {
	_, err := io.WriteString(conn, line+"\n") // via; stuck
	return err
}
