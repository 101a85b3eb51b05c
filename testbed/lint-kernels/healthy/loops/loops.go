// Package loops has loops that defer, start goroutines or capture their variables, and do no harm.
package loops

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"sync"
)

// captured is right since Go 1.22: each round has a variable of its own.
func captured(names []string, greet func(string)) {
	var greeted sync.WaitGroup
	for at, name := range names {
		greeted.Add(1)
		go func() {
			defer greeted.Done()
			greet(fmt.Sprint(at, name))
		}()
	}
	greeted.Wait()
}

// closers defers in a loop over what has to stay open until the end.
func closers(paths []string, join func([]*os.File) error) error {
	var files []*os.File
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	return join(files)
}

// fixed starts as many goroutines as it has parts.
func fixed(ctx context.Context, serve, sweep, report func(context.Context)) {
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){serve, sweep, report} {
		parts.Go(func() { part(ctx) })
	}
	parts.Wait()
}

// accept starts a goroutine a connection, as servers do; the listener bounds them.
func accept(listener net.Listener, slots chan struct{}, handle func(net.Conn)) error {
	for {
		slots <- struct{}{}
		conn, err := listener.Accept()
		if err != nil {
			<-slots
			return err
		}
		go func() {
			defer func() { <-slots }()
			defer conn.Close()
			handle(conn)
		}()
	}
}

// recovered guards its goroutine in the function that it starts.
func recovered(jobs []func()) (failed int) {
	results := make(chan error)
	for _, job := range jobs {
		go func() { results <- safely(job) }()
	}
	for range jobs {
		if <-results != nil {
			failed++
		}
	}
	return failed
}

func safely(job func()) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("job: %v", reason)
		}
	}()
	job()
	return nil
}

// rethrown recovers for one kind of panic and passes on all others.
type abort struct{ err error }

func rethrown(parse func()) (err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case abort:
			err = reason.err
		default:
			panic(reason)
		}
	}()
	parse()
	return nil
}

// polled looks at its context in the condition of the loop.
func polled(ctx context.Context, step func() bool) error {
	for ctx.Err() == nil && step() {
	}
	return ctx.Err()
}

// bounded ignores its context in a loop that is short and never waits.
func bounded(_ context.Context, values []int) int {
	sum := 0
	for _, value := range values {
		sum += value
	}
	return sum
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// borrowed puts the buffer back in the function that its caller calls.
func borrowed() (*bytes.Buffer, func()) {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	return buffer, func() { buffers.Put(buffer) }
}

func rendered(rows []string) string {
	buffer, giveBack := borrowed()
	defer giveBack()
	for _, row := range rows {
		buffer.WriteString(row)
	}
	return buffer.String()
}

// kept does not put back what has grown large.
func kept(write func(*bytes.Buffer) error) error {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	err := write(buffer)
	if buffer.Cap() > 1<<16 {
		return err
	}
	buffers.Put(buffer)
	return err
}
