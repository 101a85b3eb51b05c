package fixed

import (
	"context"
	"net"
	"time"
)

// Run asks n clocks that do not answer.
func Run(n int) {
	for range n {
		silent, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		go clock{silent.LocalAddr().String()}.now(context.Background())
		time.AfterFunc(10*time.Second, func() { silent.Close() })
	}
}
