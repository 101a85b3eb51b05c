// Tcp-ramp is a device gateway with its own line protocol over TCP: 150 devices connect over 70 s, stay, and go from second 105 on.
// Waits: a reader without deadline (IO wait) and a command loop (select) per device; devices speak every 40 s.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(devices)
	admin.Start()
	gateway := &gateway{devices: map[string]*device{}}
	listener := admin.Loopback()
	admin.StartClients(listener.Addr().String())
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go gateway.serve(conn)
	}
}

type gateway struct {
	mu      sync.Mutex
	devices map[string]*device
}

type device struct {
	conn     net.Conn
	commands chan string
	closed   chan struct{}
	mute     chan struct{}
}

func (g *gateway) serve(conn net.Conn) {
	name := conn.RemoteAddr().String()
	device := &device{conn: conn, commands: make(chan string), closed: make(chan struct{}), mute: make(chan struct{})}
	g.mu.Lock()
	g.devices[name] = device
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.devices, name)
		g.mu.Unlock()
		close(device.closed)
		_ = conn.Close()
	}()
	go device.command()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if lines.Text() == "status" {
			select {
			case device.commands <- "ok":
			case <-device.mute:
				return
			}
		}
	}
}

func (d *device) command() {
	defer close(d.mute)
	for {
		select {
		case <-d.closed:
			return
		case command := <-d.commands:
			if _, err := fmt.Fprintln(d.conn, command); err != nil {
				return
			}
		}
	}
}

func devices(ctx context.Context, addr string) {
	start := time.Now()
	pace.Ramp(ctx, 150, 70*time.Second, func(i int) {
		ctx, cancel := context.WithDeadline(ctx, start.Add(105*time.Second+time.Duration(i)*150*time.Millisecond))
		defer cancel()
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer conn.Close()
		for pace.Sleep(ctx, 40*time.Second) {
			if _, err := fmt.Fprintln(conn, "status"); err != nil {
				return
			}
		}
	})
}
