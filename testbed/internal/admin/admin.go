// Package admin gives every service of the testbed its profile address and, where one is wanted, a second process with its clients.
package admin

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof" // the profiles are what a recording reads
	"os"
	"os/exec"
)

// clientsOf is set in the process that plays the clients, to the address of the server.
const clientsOf = "TESTBED_CLIENTS_OF"

// Start serves the profiles and prints their address as the first line on stdout.
func Start() {
	listen := flag.String("listen", "127.0.0.1:0", "loopback address of the profiles")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, nil)) }()
	fmt.Println(listener.Addr())
}

// Clients plays the clients for ever when this process was started for that; otherwise it returns at once.
func Clients(play func(ctx context.Context, server string)) {
	server, isClient := os.LookupEnv(clientsOf)
	if !isClient {
		return
	}
	// The server holds the other end of stdin: the clients end when it does, however it ends.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	play(ctx, server)
	<-ctx.Done()
	os.Exit(0)
}

// leashes are the clients' ends of stdin: a collected file would be closed, and the clients would go.
var leashes []io.Closer

// StartClients starts this program once more, as the clients of the given server.
func StartClients(server string) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), clientsOf+"="+server)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	Must(err)
	leashes = append(leashes, stdin)
	Must(command.Start())
}

// Loopback listens on a free loopback port.
func Loopback() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

// Scratch is a new folder for data; the recorder names its parent and removes it.
func Scratch() string {
	folder, err := os.MkdirTemp(os.Getenv("TESTBED_SCRATCH"), "service-")
	if err != nil {
		log.Fatal(err)
	}
	return folder
}

// Must stops the program on an error.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
