package record

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// Peer serves HTTP on a loopback port, whose URL it prints, until standard input ends; it never ends a connection.
func Peer() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s: yes\n", r.URL.Path)
	})}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println(err)
			os.Exit(2)
		}
	}()
	fmt.Printf("http://%s\n", listener.Addr())
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}
