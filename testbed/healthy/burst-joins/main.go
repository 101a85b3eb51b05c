// Burst-joins grows in bursts as healthy programs do: 30 terminals connect at once every 25 s and stay, silent, and an elastic pool
// gets a bigger wave of jobs every 30 s, hires for what nobody is free for, and keeps its workers.
// Waits: a reader (IO wait) and a command loop (select) per terminal, idle workers on `range`; none of them is ever let go.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(terminals)
	admin.Start()
	listener := admin.Loopback()
	go waves()
	admin.StartClients(listener.Addr().String())
	for {
		conn, err := listener.Accept()
		admin.Must(err)
		terminal := &terminal{conn: conn, commands: make(chan string), gone: make(chan struct{})}
		go terminal.read()
		go terminal.serve()
	}
}

type terminal struct {
	conn     net.Conn
	commands chan string
	gone     chan struct{}
}

func (t *terminal) read() {
	defer close(t.gone)
	for lines := bufio.NewScanner(t.conn); lines.Scan(); {
		t.commands <- lines.Text()
	}
}

func (t *terminal) serve() {
	defer t.conn.Close()
	for {
		select {
		case <-t.gone:
			return
		case command := <-t.commands:
			_, _ = fmt.Fprintln(t.conn, "done", command)
		}
	}
}

func waves() {
	pool := &pool{jobs: make(chan time.Duration)}
	time.Sleep(4 * time.Second)
	for size := 30; ; size += 30 {
		for range size {
			pool.submit(2 * time.Second)
		}
		time.Sleep(30 * time.Second)
	}
}

type pool struct {
	jobs chan time.Duration
}

func (p *pool) submit(job time.Duration) {
	select {
	case p.jobs <- job:
	default:
		go p.work()
		p.jobs <- job
	}
}

func (p *pool) work() {
	for job := range p.jobs {
		// A page of a megabyte, so that the collector runs and ages are seen.
		_, _ = io.Discard.Write(bytes.Repeat([]byte("page"), 1<<18))
		time.Sleep(job)
	}
}

func terminals(ctx context.Context, server string) {
	pace.Sleep(ctx, 8*time.Second)
	for ok := true; ok; ok = pace.Sleep(ctx, 25*time.Second) {
		for range 30 {
			conn, err := net.Dial("tcp", server)
			admin.Must(err)
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
	}
}
