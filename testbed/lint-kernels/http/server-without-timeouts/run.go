package kernel

import (
	"fmt"
	"net"
	"time"
)

// Run connects to a server n times and never sends a request's last line.
func Run(n int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(listener, health{ready: func() bool { return true }})
	for range n {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		fmt.Fprint(conn, "GET / HTTP/1.1\r\n")
		time.AfterFunc(10*time.Second, func() { conn.Close() })
	}
}
