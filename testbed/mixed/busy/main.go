// Busy answers HTTP requests, each with goroutines, channels and locks of its own, checks that nothing disturbs it, and keeps a
// chosen number of goroutines nothing can wake. With -load it plays the clients instead, and checks what they are answered.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	workers    = 4
	blockBytes = 4 << 10
)

var (
	answered atomic.Int64
	wrong    atomic.Int64
	children atomic.Int64
	longest  atomic.Int64
	// recent keeps some of what requests made alive for a while, as a cache does.
	recent [256]atomic.Pointer[[]byte]
)

// expected is what a request for n is answered: the sum of the checksums of its blocks.
func expected(n int) uint64 {
	var sum uint64
	for i := 0; i < workers; i++ {
		sum += uint64(crc32.ChecksumIEEE(block(n, i)))
	}
	return sum
}

func block(n, i int) []byte {
	block := make([]byte, blockBytes)
	for at := range block {
		block[at] = byte(at*i + n)
	}
	return block
}

// answer does the same with goroutines that hand each other what they have done.
func answer(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		http.Error(w, "n is no number", http.StatusBadRequest)
		return
	}
	blocks, sums := make(chan []byte), make(chan uint32, 1)
	var made, summed sync.WaitGroup
	for i := 0; i < workers; i++ {
		made.Add(1)
		go produce(blocks, &made, n, i)
		summed.Add(1)
		go consume(blocks, sums, &summed)
	}
	go func() { made.Wait(); close(blocks) }()
	go func() { summed.Wait(); close(sums) }()
	var total uint64
	for sum := range sums {
		total += uint64(sum)
	}
	answered.Add(1)
	fmt.Fprint(w, total)
}

func produce(blocks chan<- []byte, made *sync.WaitGroup, n, i int) {
	defer made.Done()
	blocks <- block(n, i)
}

func consume(blocks <-chan []byte, sums chan<- uint32, summed *sync.WaitGroup) {
	defer summed.Done()
	for block := range blocks {
		kept := block
		recent[int(block[1])%len(recent)].Store(&kept)
		sums <- crc32.ChecksumIEEE(block)
	}
}

func leaked(c chan int) { <-c }

// beat keeps the longest gap between two beats of a millisecond, in microseconds.
func beat() {
	last := time.Now()
	for {
		time.Sleep(time.Millisecond)
		now := time.Now()
		longest.Store(max(longest.Load(), now.Sub(last).Microseconds()))
		last = now
	}
}

func ask(client *http.Client, url string, from int) {
	for n := from; ; n = (n + 1) % 1000 {
		began := time.Now()
		response, err := client.Get(url + "?n=" + strconv.Itoa(n))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			wrong.Add(1)
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != strconv.FormatUint(expected(n), 10) {
			fmt.Fprintf(os.Stderr, "%q %v for %d\n", body, err, n)
			wrong.Add(1)
		}
		answered.Add(1)
		longest.Store(max(longest.Load(), time.Since(began).Microseconds()))
	}
}

func load(url string, connections int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	for i := 0; i < connections; i++ {
		go ask(client, url, i)
	}
	fmt.Println("ready")
}

func serve(leaks int) {
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			children.Add(1)
		}
	}()
	started := make(chan struct{})
	go func() {
		defer close(started)
		for i := 0; i < leaks; i++ {
			go leaked(make(chan int))
		}
	}()
	<-started
	go beat()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { panic(http.Serve(listener, http.HandlerFunc(answer))) }()
	fmt.Println("ready", "http://"+listener.Addr().String())
}

func main() {
	url := flag.String("load", "", "ask this server instead of being one")
	connections := flag.Int("connections", 8, "connections of the clients")
	leaks := flag.Int("leaks", 0, "goroutines nothing can wake")
	flag.Parse()
	if *url == "" {
		serve(*leaks)
	} else {
		load(*url, *connections)
	}
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		fmt.Println("done", answered.Swap(0), wrong.Load(), children.Load(), longest.Swap(0))
	}
}
