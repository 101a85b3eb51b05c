package fixed

import (
	"net"
	"time"
)

// Run holds n games with a player who does not read; another joins while something is said.
func Run(n int) {
	for range n {
		g := &game{players: map[string]net.Conn{}}
		deaf, _ := net.Pipe()
		g.join("deaf", deaf)
		go g.broadcast("start")
		go func() {
			time.Sleep(20 * time.Millisecond)
			other, _ := net.Pipe()
			g.join("late", other)
		}()
	}
}
