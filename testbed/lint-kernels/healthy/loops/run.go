package loops

import (
	"bytes"
	"context"
	"net"
	"os"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	names := []string{"a", "b"}
	captured(names, func(string) {})
	closers([]string{os.DevNull, os.DevNull}, func([]*os.File) error { return nil })
	ctx, cancel := context.WithCancel(context.Background())
	fixed(ctx, func(context.Context) {}, func(context.Context) {}, func(context.Context) {})
	if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		listener.Close()
		accept(listener, make(chan struct{}, 2), func(net.Conn) {})
	}
	recovered([]func(){func() {}, func() { panic("broken") }})
	rethrown(func() { panic(abort{os.ErrInvalid}) })
	polled(ctx, func() bool { return false })
	bounded(ctx, []int{1, 2})
	cancel()
	rendered(names)
	kept(func(buffer *bytes.Buffer) error { return nil })
	copied(names, func(string) {})
	passed(names, func(string) {})
}
