// The wrapper against drivers that have every optional interface, some, and
// none: each script must say the same as without the wrapper.

package herdsql_test

//lint:file-ignore SA1019 old drivers have nothing but the deprecated interfaces

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/canceltrace"
	herdsql "github.com/goherd/goherd/go/sql"
)

// shape says which optional interfaces a driver has.
type shape struct {
	execQuery, contexts, checker, converter, session, rows bool
}

// said collects what the driver was asked, so that two runs can be compared.
type said struct{ lines []string }

func (s *said) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

type connector struct {
	shape shape
	said  *said
	block bool
	begun bool // a query that blocks was asked for in time
}

func (c *connector) Driver() driver.Driver { return nil }
func (c *connector) Close() error          { c.said.say("connector closed"); return nil }

// Connect builds the connection out of the parts that the shape names.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	b := &bare{c}
	s := c.shape
	switch {
	case s.execQuery && s.contexts && s.checker && s.session:
		return struct {
			*bare
			contexts
			newer
			checker
			session
		}{b, contexts{b}, newer{b}, checker{c.said}, session{c.said}}, nil
	case s.execQuery && s.contexts:
		return struct {
			*bare
			contexts
			newer
		}{b, contexts{b}, newer{b}}, nil
	case s.contexts:
		return struct {
			*bare
			contexts
		}{b, contexts{b}}, nil
	case s.execQuery:
		return struct {
			*bare
			older
		}{b, older{b}}, nil
	case s.checker:
		return struct {
			*bare
			checker
		}{b, checker{c.said}}, nil
	}
	return b, nil
}

type bare struct{ c *connector }

func (b *bare) Prepare(q string) (driver.Stmt, error) {
	b.c.said.say("prepare %s", q)
	s := &stmt{b}
	switch sh := b.c.shape; {
	case sh.converter && sh.contexts:
		return struct {
			*stmt
			converting
			stmtContexts
		}{s, converting{}, stmtContexts{s}}, nil
	case sh.converter:
		return struct {
			*stmt
			converting
		}{s, converting{}}, nil
	case sh.contexts:
		return struct {
			*stmt
			stmtContexts
		}{s, stmtContexts{s}}, nil
	}
	return s, nil
}
func (b *bare) Close() error { b.c.said.say("closed"); return nil }
func (b *bare) Begin() (driver.Tx, error) {
	b.c.said.say("begin")
	return tx{b.c.said}, nil
}
func (b *bare) query(ctx context.Context, how string, args any) (driver.Rows, error) {
	b.c.said.say("%s %v", how, args)
	if b.c.block {
		b.c.begun = ctx.Err() == nil
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := &rows{said: b.c.said}
	if b.c.shape.rows {
		return &richRows{rows: r}, nil
	}
	return r, nil
}

type contexts struct{ b *bare }

func (c contexts) PrepareContext(_ context.Context, q string) (driver.Stmt, error) {
	c.b.c.said.say("context:")
	return c.b.Prepare(q)
}
func (c contexts) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.b.c.said.say("begin %v", o)
	return tx{c.b.c.said}, nil
}
func (c contexts) Ping(context.Context) error { c.b.c.said.say("ping"); return errors.New("no answer") }

type newer struct{ b *bare }

func (n newer) ExecContext(_ context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	if strings.HasPrefix(q, "skip") {
		return nil, driver.ErrSkip
	}
	n.b.c.said.say("exec newer %v", args)
	return driver.RowsAffected(1), nil
}
func (n newer) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	if strings.HasPrefix(q, "skip") {
		return nil, driver.ErrSkip
	}
	return n.b.query(ctx, "query newer", args)
}

type older struct{ b *bare }

func (o older) Exec(_ string, args []driver.Value) (driver.Result, error) {
	o.b.c.said.say("exec older %v", args)
	return driver.RowsAffected(1), nil
}
func (o older) Query(_ string, args []driver.Value) (driver.Rows, error) {
	return o.b.query(context.Background(), "query older", args)
}

type checker struct{ said *said }

func (c checker) CheckNamedValue(v *driver.NamedValue) error {
	c.said.say("check %v", v.Value)
	switch x := v.Value.(type) {
	case point:
		v.Value = fmt.Sprint(x.x, ",", x.y)
		return nil
	case sql.Out:
		return driver.ErrRemoveArgument
	}
	return driver.ErrSkip
}

type session struct{ said *said }

func (s session) ResetSession(context.Context) error { s.said.say("reset"); return nil }
func (s session) IsValid() bool                      { s.said.say("valid?"); return true }

type tx struct{ said *said }

func (t tx) Commit() error   { t.said.say("commit"); return nil }
func (t tx) Rollback() error { t.said.say("rollback"); return nil }

type stmt struct{ b *bare }

func (s *stmt) Close() error  { s.b.c.said.say("stmt closed"); return nil }
func (s *stmt) NumInput() int { return -1 }
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	s.b.c.said.say("stmt exec %v", args)
	return driver.RowsAffected(2), nil
}
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.b.query(context.Background(), "stmt query", args)
}

type stmtContexts struct{ s *stmt }

func (s stmtContexts) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.s.b.c.said.say("stmt exec newer %v", args)
	return driver.RowsAffected(3), nil
}
func (s stmtContexts) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.s.b.query(ctx, "stmt query newer", args)
}

type converting struct{}

func (converting) ColumnConverter(i int) driver.ValueConverter { return columns(i) }

type columns int

func (c columns) ConvertValue(v any) (driver.Value, error) {
	return fmt.Sprintf("column %d: %v", int(c), v), nil
}

type rows struct {
	said *said
	n    int
}

func (r *rows) Columns() []string { return []string{"a"} }
func (r *rows) Close() error      { r.said.say("rows closed"); return nil }
func (r *rows) Next(dest []driver.Value) error {
	if r.n++; r.n > 2 {
		return io.EOF
	}
	dest[0] = int64(r.n)
	return nil
}

type richRows struct {
	*rows
	sets int
}

func (r *richRows) HasNextResultSet() bool                             { return r.sets == 0 }
func (r *richRows) NextResultSet() error                               { r.sets++; r.n = 0; return nil }
func (r *richRows) ColumnTypeScanType(int) reflect.Type                { return reflect.TypeFor[int64]() }
func (r *richRows) ColumnTypeDatabaseTypeName(int) string              { return "BIGINT" }
func (r *richRows) ColumnTypeLength(int) (int64, bool)                 { return 8, true }
func (r *richRows) ColumnTypeNullable(int) (bool, bool)                { return true, true }
func (r *richRows) ColumnTypePrecisionScale(int) (a, b int64, ok bool) { return 3, 4, true }

type point struct{ x, y int }

// script uses everything of database/sql that looks at optional interfaces.
func script(c driver.Connector, s *said) []string {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	s.say("ping: %v", db.PingContext(ctx))
	for _, args := range [][]any{{1, "x"}, {point{1, 2}}, {sql.Named("n", 5)}, {sql.Out{}}} {
		for _, q := range []string{"do", "skip"} {
			res, err := db.ExecContext(ctx, q, args...)
			s.say("exec: %v %v", res != nil, err)
			r, err := db.QueryContext(ctx, q, args...)
			s.say("query: %v", err)
			if err == nil {
				read(r, s)
			}
		}
		st, err := db.PrepareContext(ctx, "prepared")
		if err != nil {
			s.say("prepare: %v", err)
			continue
		}
		res, err := st.ExecContext(ctx, args...)
		s.say("stmt exec: %v %v", res != nil, err)
		r, err := st.QueryContext(ctx, args...)
		s.say("stmt query: %v", err)
		if err == nil {
			read(r, s)
		}
		st.Close()
	}
	for _, o := range []*sql.TxOptions{nil, {ReadOnly: true}, {Isolation: sql.LevelSerializable}} {
		t, err := db.BeginTx(ctx, o)
		s.say("begin: %v", err)
		if err == nil {
			t.Commit()
		}
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, err := db.QueryContext(over, "late")
	s.say("late: %v", err)
	s.say("close: %v", db.Close())
	return s.lines
}

func read(r *sql.Rows, s *said) {
	types, err := r.ColumnTypes()
	s.say("types: %v", err)
	for _, t := range types {
		l, lok := t.Length()
		n, nok := t.Nullable()
		p, sc, pok := t.DecimalSize()
		s.say("%v %q %v %v %v %v %v %v %v", t.ScanType(), t.DatabaseTypeName(), l, lok, n, nok, p, sc, pok)
	}
	for {
		for r.Next() {
			var v any
			s.say("row: %v %v", r.Scan(&v), v)
		}
		if !r.NextResultSet() {
			break
		}
		s.say("next set")
	}
	s.say("rows: %v %v", r.Err(), r.Close())
}

func TestWrapperChangesNothing(t *testing.T) {
	tracer := &canceltrace.Tracer{}
	for i := range 64 {
		bit := func(n int) bool { return i>>n&1 == 1 }
		sh := shape{execQuery: bit(0), contexts: bit(1), checker: bit(2), converter: bit(3), session: bit(4), rows: bit(5)}
		want := script(&connector{shape: sh, said: &said{}}, &said{})
		got := script(herdsql.Wrap(&connector{shape: sh, said: &said{}}, "test", tracer), &said{})
		compare(t, sh, want, got)

		// What the driver was asked, too, in the same order.
		a, b := &said{}, &said{}
		compare(t, sh, script(&connector{shape: sh, said: a}, a), script(herdsql.Wrap(&connector{shape: sh, said: b}, "test", tracer), b))
	}
	if n := tracer.Counts().Total(); n != 0 {
		t.Errorf("%d events", n)
	}
}

func compare(t *testing.T, sh shape, want, got []string) {
	t.Helper()
	if len(want) < 40 {
		t.Fatalf("the script is too short: %d lines", len(want))
	}
	if !slices.Equal(want, got) {
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				t.Fatalf("%+v: line %d: without the wrapper\n%s\nwith it\n%s", sh, i, want[i], got[i])
			}
		}
		t.Fatalf("%+v: %d lines without the wrapper, %d with it", sh, len(want), len(got))
	}
}

func TestTimeoutWhileItRuns(t *testing.T) {
	c := &connector{shape: shape{execQuery: true, contexts: true, rows: true}, said: &said{}, block: true}
	// A query that the driver gets too late is not watched.
	for after := time.Millisecond; !c.begun; after *= 2 {
		events := make(chan canceltrace.Event, 1)
		tracer := &canceltrace.Tracer{Sinks: []canceltrace.Sink{func(_ context.Context, e canceltrace.Event) { events <- e }}}
		db := sql.OpenDB(herdsql.Wrap(c, "test", tracer))
		defer db.Close()
		ctx, cancel := context.WithTimeout(context.Background(), after)
		defer cancel()
		if _, err := db.QueryContext(ctx, "slow"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if !c.begun {
			continue
		}
		if e := <-events; e.Cause != canceltrace.Timeout || e.Handler != "query" || e.Protocol != "test" || e.Kind != canceltrace.SQL {
			t.Errorf("%+v", e)
		}
	}
}

func TestCancelWhileItRuns(t *testing.T) {
	full := shape{execQuery: true, contexts: true, rows: true}
	events := make(chan canceltrace.Event, 300)
	tracer := &canceltrace.Tracer{Sinks: []canceltrace.Sink{func(_ context.Context, e canceltrace.Event) { events <- e }}}

	// Between two rows the query runs, too.
	db := sql.OpenDB(herdsql.Wrap(&connector{shape: full, said: &said{}}, "test", tracer))
	defer db.Close()
	over, end := tracer.Start(context.Background(), "request")
	ctx, stop := context.WithCancel(over)
	r, err := db.QueryContext(ctx, "rows")
	if err != nil {
		t.Fatal(err)
	}
	r.Next()
	stop()
	if e := <-events; e.Cause != canceltrace.Explicit || e.Basis != canceltrace.BasisBelowParent {
		t.Errorf("%+v", e)
	}
	r.Close()

	// After the rows are closed the context may end as it likes. Many times, as
	// an event would come from a goroutine that starts with those waited for.
	var wg sync.WaitGroup
	for range 200 {
		ctx, stop = context.WithCancel(over)
		wg.Add(1)
		context.AfterFunc(ctx, wg.Done)
		if r, err = db.QueryContext(ctx, "rows"); err != nil {
			t.Fatal(err)
		}
		r.Close()
		stop()
	}
	wg.Wait()
	end(nil)
	if err := tracer.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := tracer.Counts().Total(); n != 1 {
		t.Errorf("%d events of 1", n)
	}
}

func TestUnwrap(t *testing.T) {
	tracer := new(canceltrace.Tracer)
	db := sql.OpenDB(herdsql.Wrap(&connector{shape: shape{execQuery: true}, said: &said{}}, "test", tracer))
	defer db.Close()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(d any) error {
		if _, ok := herdsql.Unwrap(d).(driver.Execer); !ok {
			t.Errorf("%T is not the driver's connection", herdsql.Unwrap(d))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if herdsql.Unwrap(5) != 5 {
		t.Error("Unwrap changes what is not its own")
	}
	if raw := (&connector{}); herdsql.Wrap(raw, "", nil) != driver.Connector(raw) {
		t.Error("a nil tracer wraps")
	}
}

func BenchmarkQuery(b *testing.B) {
	full := shape{execQuery: true, contexts: true}
	for _, watched := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "watched"}[watched], func(b *testing.B) {
			s := &said{}
			c := driver.Connector(&connector{shape: full, said: s})
			if watched {
				c = herdsql.Wrap(c, "test", new(canceltrace.Tracer))
			}
			db := sql.OpenDB(c)
			defer db.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				s.lines = s.lines[:0]
				r, err := db.QueryContext(ctx, "q")
				if err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
