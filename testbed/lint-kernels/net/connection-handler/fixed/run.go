package fixed

import (
	"net"
	"strings"
	"time"
)

// Run connects n clients that stay silent.
func Run(n int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go lines{answer: strings.ToUpper}.serve(listener)
	for range n {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		time.AfterFunc(10*time.Second, func() { conn.Close() })
	}
	time.AfterFunc(300*time.Millisecond, func() { listener.Close() })
}
