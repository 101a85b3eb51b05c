// Sql-pool is an HTTP service over database/sql with SQLite: twelve databases of four connections each, and a slow report that
// callers queue for.
// Waits: connectionOpener and connectionCleaner per database, handlers waiting for a connection, a maintenance loop that sleeps.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	folder := admin.Scratch()
	var shards []*sql.DB
	for i := range 12 {
		shards = append(shards, open(filepath.Join(folder, fmt.Sprintf("shard-%02d.db", i))))
	}
	for _, shard := range shards {
		go maintain(shard)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/add", func(w http.ResponseWriter, r *http.Request) {
		shard := shards[time.Now().UnixNano()%int64(len(shards))]
		if _, err := shard.ExecContext(r.Context(), `insert into visits (at) values (?)`, time.Now().Unix()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/report", func(w http.ResponseWriter, r *http.Request) { report(w, r, shards[0]) })
	listener := admin.Loopback()
	go func() { log.Fatal(http.Serve(listener, mux)) }()
	admin.StartClients("http://" + listener.Addr().String())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
}

func open(path string) *sql.DB {
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(5000)")
	admin.Must(err)
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(30 * time.Second)
	db.SetConnMaxLifetime(5 * time.Minute)
	_, err = db.Exec(`create table if not exists visits (id integer primary key, at integer)`)
	admin.Must(err)
	return db
}

func maintain(db *sql.DB) {
	for {
		time.Sleep(time.Minute)
		if _, err := db.Exec(`pragma optimize`); err != nil {
			log.Print(err)
		}
	}
}

// report holds one of four connections for 600 ms, so that callers queue for one and then move on.
func report(w http.ResponseWriter, r *http.Request, db *sql.DB) {
	conn, err := db.Conn(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer conn.Close()
	var visits int
	if err := conn.QueryRowContext(r.Context(), `select count(*) from visits`).Scan(&visits); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	time.Sleep(600 * time.Millisecond)
	_, _ = fmt.Fprintln(w, visits)
}

func clients(ctx context.Context, server string) {
	go pace.Every(ctx, 20, 32, func() { pace.Get(ctx, server+"/add") })
	pace.Every(ctx, 5, 48, func() { pace.Get(ctx, server+"/report") })
}
