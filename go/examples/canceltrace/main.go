// A service whose requests end in every way there is, and what is said of
// each: run it and read one line per cancelled context.
//
//	go run ./canceltrace
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	tracer := &canceltrace.Tracer{
		Sinks:     []canceltrace.Sink{canceltrace.Slog(slog.New(slog.NewTextHandler(out, nil)), slog.LevelInfo)},
		Deadlines: new(deadline.Chain),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quick", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "done") })
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /race", func(w http.ResponseWriter, r *http.Request) {
		_, end := tracer.Start(r.Context(), "second replica")
		end(errors.New("the first replica answered"))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: tracer.Middleware(mux)}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(tracer.Listener(srv, l)) }()

	ask(l.Addr(), "/quick", "1S", time.Minute)      // ends: no line
	ask(l.Addr(), "/slow", "20m", time.Minute)      // its deadline passes: timeout
	ask(l.Addr(), "/slow", "", 20*time.Millisecond) // the client leaves: client_gone
	ask(l.Addr(), "/race", "", time.Minute)         // one part is cancelled: explicit
	go ask(l.Addr(), "/slow", "", time.Minute)      // the server closes below it: parent
	time.Sleep(100 * time.Millisecond)
	srv.Close()
	<-served

	flush, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return tracer.Flush(flush)
}

// ask makes one request with the timeout in its header and leaves after
// patience.
func ask(at net.Addr, path, timeout string, patience time.Duration) {
	client := &http.Client{Timeout: patience}
	r, err := http.NewRequest("GET", "http://"+at.String()+path, nil)
	if err != nil {
		return
	}
	if timeout != "" {
		r.Header.Set("Grpc-Timeout", timeout)
	}
	resp, err := client.Do(r)
	if err != nil {
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}
