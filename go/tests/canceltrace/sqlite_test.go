// SQLite through database/sql: queries that would run for minutes, cancelled
// once they compute. Each begins with a call of a function registered here.

package canceltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/goherd/goherd/go/canceltrace"
	herdsql "github.com/goherd/goherd/go/sql"
)

const (
	endless = `WITH RECURSIVE n(i) AS (SELECT started(?) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`
	growing = `WITH RECURSIVE n(i) AS (SELECT started(?) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`
)

// starts are the functions to call from within the queries, by their argument.
var (
	starts    sync.Map
	lastStart atomic.Int64
)

// onStart makes the query whose argument it returns call f when it computes.
func onStart(f func()) (argument int64) {
	argument = lastStart.Add(1)
	starts.Store(argument, f)
	return argument
}

func registerStarted() {
	sqlite.MustRegisterScalarFunction("started", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if f, ok := starts.LoadAndDelete(args[0]); ok {
			f.(func())()
		}
		return int64(0), nil
	})
}

func open(t testing.TB, tracer *canceltrace.Tracer) *sql.DB {
	t.Helper()
	db, err := herdsql.Open("sqlite", "file::memory:", tracer)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	t.Cleanup(func() { db.Close() })
	// Opening a connection takes longer than some queries here are given.
	var ready []*sql.Conn
	for range 8 {
		c, err := db.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		ready = append(ready, c)
	}
	for _, c := range ready {
		c.Close()
	}
	return db
}

// request begins traced work with the ids of run i.
func request(rec *recorder, i int) (context.Context, context.CancelCauseFunc) {
	w := rec.tracer.Watch(context.Background(), canceltrace.Operation{Traceparent: traceparent(i)})
	return rec.tracer.Start(context.WithValue(w, runKey{}, i), "request")
}

type runKey struct{}

// byRun gives events the ids of their run.
func byRun(ctx context.Context) (string, string) {
	i, ok := ctx.Value(runKey{}).(int)
	if !ok {
		return "", ""
	}
	return traceID(i), "00f067aa0ba902b7"
}

func TestSQLite(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	t.Run("timeout", func(t *testing.T) { timeoutSQLite(t, n) })
	for _, c := range []struct {
		cause canceltrace.Cause
		basis canceltrace.Basis
	}{{canceltrace.Explicit, canceltrace.BasisBelowParent}, {canceltrace.Parent, canceltrace.BasisParentCancelled}} {
		for name, query := range map[string]func(db *sql.DB, ctx context.Context, stop func()) error{
			"rows": stopBetweenRows, "computing": stopComputing,
		} {
			t.Run(name+"/"+string(c.cause), func(t *testing.T) {
				rec := newRecorder()
				rec.tracer.Trace, rec.width = byRun, 2
				db := open(t, rec.tracer)
				only(t, rec.expect(t, n, canceltrace.SQL, c.cause, func(i int) error {
					ctx, end := request(rec, i)
					defer end(nil)
					own, cancel := context.WithCancel(ctx)
					defer cancel()
					if c.cause == canceltrace.Parent {
						return query(db, own, func() { end(errors.New("enough")) })
					}
					return query(db, own, cancel)
				}), c.basis)
			})
		}
	}
}

func timeoutSQLite(t *testing.T, n int) {
	rec := newRecorder()
	rec.tracer.Trace, rec.width = byRun, 2
	db := open(t, rec.tracer)
	only(t, rec.expect(t, n, canceltrace.SQL, canceltrace.Timeout, func(i int) error {
		ctx, end := request(rec, i)
		defer end(nil)
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if err := compute(db, ctx, func() { rec.begin(ctx, traceparent(i)) }); err == nil {
			return errors.New("it ended")
		}
		return rec.evidence(i, nil)
	}), canceltrace.BasisDeadline)
}

// compute runs a query that has no end; started is called from within.
func compute(db *sql.DB, ctx context.Context, started func()) error {
	var rows int
	return db.QueryRowContext(ctx, endless, onStart(started)).Scan(&rows)
}

func stopComputing(db *sql.DB, ctx context.Context, stop func()) error {
	if err := compute(db, ctx, stop); err == nil {
		return errors.New("it ended")
	}
	return nil
}

func stopBetweenRows(db *sql.DB, ctx context.Context, stop func()) error {
	rows, err := db.QueryContext(ctx, growing, onStart(func() {}))
	if err != nil {
		return err
	}
	defer rows.Close()
	for k := 0; rows.Next(); k++ {
		if k == 10 {
			stop()
		}
	}
	return nil
}

// TestClientGoneDuringQuery: one request, two events: who left, and what that
// ended.
func TestClientGoneDuringQuery(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	rec := newRecorder()
	db := open(t, rec.tracer)
	var computing sync.Map // a channel for each run
	s := protocols[0].serve(t, rec, rec.watch(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		started, _ := computing.Load(r.Header.Get("Traceparent"))
		once := sync.OnceFunc(func() { close(started.(chan struct{})) })
		defer once() // a query that fails leaves nobody waiting
		compute(db, r.Context(), once)
	}))
	runs := rec.runs(t, n, func(i int) error {
		started := make(chan struct{})
		computing.Store(traceparent(i), started)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return rec.evidence(i, s.call(ctx, i, "/", func(*http.Response) {
			<-started
			cancel()
		}))
	})
	rec.check(t, canceltrace.HTTPServer, canceltrace.ClientGone, runs)
	only(t, rec.check(t, canceltrace.SQL, canceltrace.Parent, runs), canceltrace.BasisParentCancelled)
}

func TestOrdinarySQLite(t *testing.T) {
	n := number("GOHERD_REQUESTS", 1000)
	rec := newRecorder()
	db := open(t, rec.tracer)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE t (a INTEGER, b TEXT)`); err != nil {
		t.Fatal(err)
	}
	stmt, err := db.Prepare(`SELECT a, b FROM t WHERE a >= ? LIMIT 5`)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	abreast(t, n, 4, func(i int) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		switch i % 4 {
		case 0:
			_, err := db.ExecContext(ctx, `INSERT INTO t VALUES (?, ?)`, i, "x")
			return err
		case 1:
			rows, err := db.QueryContext(ctx, `SELECT a FROM t`)
			if err != nil {
				return err
			}
			rows.Next()
			return rows.Close() // early
		case 2:
			rows, err := stmt.QueryContext(ctx, i/2)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM t WHERE a < ?`, i-100); err != nil {
			tx.Rollback()
			return err
		}
		return tx.Commit()
	})
	rec.silent(t, n)
}
