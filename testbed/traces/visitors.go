package main

import (
	"net"
	"sync"
	"time"
)

// patience is how long a wait of a healthy kind takes.
const patience = 1500 * time.Millisecond

// crowd is what piles up in health while the trace runs.
type crowd struct {
	over    chan struct{}
	running sync.WaitGroup
}

// invite starts a server to which a client comes every so often and stays, silent, and a goroutine that starts others as often, each of
// which waits for seconds.
func invite(every time.Duration) *crowd {
	c := &crowd{over: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	c.start(func() { c.accept(listener) })
	c.start(func() {
		c.visit(listener.Addr().String(), every)
		check(listener.Close())
	})
	c.start(func() { c.askOften(every) })
	return c
}

// leave ends all of it and waits for that.
func (c *crowd) leave() {
	if c == nil {
		return
	}
	close(c.over)
	c.running.Wait()
}

func (c *crowd) start(run func()) {
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		run()
	}()
}

func (c *crowd) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		c.running.Add(1)
		go c.serve(conn)
	}
}

// serve reads what a client says and has another goroutine write what there is to say to it.
func (c *crowd) serve(conn net.Conn) {
	defer c.running.Done()
	words, written := make(chan string), make(chan struct{})
	go func() {
		defer close(written)
		for word := range words {
			_, err := conn.Write([]byte(word))
			check(err)
		}
	}()
	_, err := conn.Read(make([]byte, 64))
	_ = err
	close(words)
	<-written
	check(conn.Close())
}

// visit opens a connection every so often; all are closed at the end.
func (c *crowd) visit(address string, every time.Duration) {
	for c.rest(every) {
		conn, err := net.Dial("tcp", address)
		check(err)
		defer conn.Close()
	}
}

// askOften starts goroutines that wait long for an answer, which comes.
func (c *crowd) askOften(every time.Duration) {
	var asked sync.WaitGroup
	for c.rest(every) {
		asked.Add(1)
		answer := make(chan struct{})
		time.AfterFunc(patience, func() { close(answer) })
		go func() {
			defer asked.Done()
			<-answer
		}()
	}
	asked.Wait()
}

// rest waits; it answers false at the end.
func (c *crowd) rest(every time.Duration) bool {
	select {
	case <-time.After(every):
		return true
	case <-c.over:
		return false
	}
}
