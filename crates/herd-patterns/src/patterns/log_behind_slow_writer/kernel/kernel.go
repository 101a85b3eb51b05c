// Package kernel serves orders and logs each of them to a pipe whose reader is slow.
package kernel

import (
	"fmt"
	"io"
	"log"
	"os"
	"time"
)

const clientsEach = 16

// Run starts 16 clients of either kind for each of n.
func Run(n int) {
	orders, returns := log.New(slowSink(), "orders ", log.LstdFlags), slowSink()
	for client := 0; client < n*clientsEach; client++ {
		go serve(client, orders)
		go takeBack(client, returns)
	}
}

// takeBack logs without a logger: the file has a lock of its own.
func takeBack(client int, returns io.Writer) {
	for number := 0; ; number++ {
		time.Sleep(8 * time.Millisecond)
		fmt.Fprintf(returns, "client %d has sent back article %d, which was not what the picture showed\n", client, number) // want DL008
	}
}

func serve(client int, orders *log.Logger) {
	for number := 0; ; number++ {
		time.Sleep(8 * time.Millisecond)
		orders.Printf("client %d has ordered article %d, which is in stock and leaves today", client, number) // want DL008
	}
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
