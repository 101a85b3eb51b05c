// Package fixed logs to the same slow pipe through a bounded queue, and counts what does not fit into it.
package fixed

import (
	"fmt"
	"io"
	"log"
	"os"
	"sync/atomic"
	"time"
)

const (
	clientsEach = 16
	linesQueued = 1024
)

// Run starts 16 clients of either kind for each of n.
func Run(n int) {
	orders, returns := log.New(behindQueue(slowSink()), "orders ", log.LstdFlags), behindQueue(slowSink())
	for client := 0; client < n*clientsEach; client++ {
		go serve(client, orders)
		go takeBack(client, returns)
	}
}

func takeBack(client int, returns io.Writer) {
	for number := 0; ; number++ {
		time.Sleep(8 * time.Millisecond)
		fmt.Fprintf(returns, "client %d has sent back article %d, which was not what the picture showed\n", client, number)
	}
}

func serve(client int, orders *log.Logger) {
	for number := 0; ; number++ {
		time.Sleep(8 * time.Millisecond)
		orders.Printf("client %d has ordered article %d, which is in stock and leaves today", client, number)
	}
}

// queue never lets a writer wait.
type queue struct {
	lines chan []byte
	lost  atomic.Int64
}

func behindQueue(sink io.Writer) *queue {
	q := &queue{lines: make(chan []byte, linesQueued)}
	go func() {
		for line := range q.lines {
			if _, err := sink.Write(line); err != nil {
				panic(err)
			}
		}
	}()
	return q
}

// Write keeps a copy, as the logger uses its buffer again.
func (q *queue) Write(line []byte) (int, error) {
	select {
	case q.lines <- append([]byte(nil), line...):
	default:
		q.lost.Add(1)
	}
	return len(line), nil
}

// slowSink is the write end of a pipe, in blocking mode as an inherited standard error is. Its reader takes about 400 KB a second.
func slowSink() io.Writer {
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	go func() {
		page := make([]byte, 4096)
		for {
			if _, err := io.ReadFull(reader, page); err != nil {
				panic(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	writer.Fd()
	return writer
}
