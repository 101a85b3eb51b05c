// Odd waits under names that are hard to quote: of functions, types and sockets.
package main

import (
	"net"
	"os"
	"path/filepath"
	"time"

	"example.com/mixed/held"
)

type Größe[T any] struct{ c chan T }

//go:noinline
func (g *Größe[T]) warte世界() { <-g.c }

func main() {
	// The folder is the argument; the socket's name has all that a label might trip over.
	listener, err := net.Listen("unix", filepath.Join(os.Args[1], `"q" <b>&lt;\n\ ]; x -> y [é世`))
	if err != nil {
		panic(err)
	}
	go func() { listener.Accept() }()
	for i := 0; i < 3; i++ {
		go (&Größe[map[string]struct{ A, B int }]{make(chan map[string]struct{ A, B int })}).warte世界()
	}
	time.Sleep(200 * time.Millisecond)
	held.Serve()
}
