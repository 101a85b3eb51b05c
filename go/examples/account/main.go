// A service whose goroutines wear the endpoint they work for, and which serves its account at /debug/goherd.
//
// GET /report/{id} forgets a goroutine each time. Ask for it a few times, and see whose goroutines remain:
//
//	go run ./account -addr localhost:8080 &
//	curl -s 'localhost:8080/report/[1-5]' >/dev/null
//	curl -s 'localhost:8080/debug/goherd?all=1'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof" // for goherd's other questions
	"os"
	"os/signal"
	"time"

	"github.com/goherd/goherd/go/account"
	"github.com/goherd/goherd/go/labels"
	"github.com/goherd/goherd/go/runner"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *addr); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, addr string) error {
	var table labels.Table
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report/{id}", report)
	mux.Handle(account.Path, account.New(&table))
	mux.Handle("GET /debug/pprof/", http.DefaultServeMux)
	server := &http.Server{
		Handler:           labels.HTTP(&table, "reports", labels.WithEndpoint(labels.FromMux(mux)))(mux),
		ReadHeaderTimeout: 5 * time.Second,
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s%s\n", listener.Addr(), account.Path)

	r := runner.New(labels.WithTable(ctx, &table), "main")
	r.Go("serve", func(context.Context) error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	r.Go("close", func(ctx context.Context) error {
		<-ctx.Done()
		return server.Close()
	})
	<-r.Context().Done()
	left, err := r.WaitTimeout(5 * time.Second)
	if len(left.Stuck) > 0 {
		fmt.Fprint(os.Stderr, left)
	}
	return err
}

// report answers after the first of two results. The other goroutine's send is never received.
func report(w http.ResponseWriter, r *http.Request) {
	results := make(chan string)
	for _, source := range []string{"cache", "store"} {
		go func() { results <- source + " " + r.PathValue("id") }()
	}
	_, _ = io.WriteString(w, <-results+"\n")
}
