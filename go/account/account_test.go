// Tests of the account over HTTP.

package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/labels"
	"github.com/goherd/goherd/go/runner"
)

// document is the JSON as a reader would declare it.
type document struct {
	Schema    string
	At        time.Time
	PID       int
	GoVersion string `json:"go_version"`
	UptimeS   float64
	Build     map[string]any
	Runtime   map[string]any
	Endpoints []struct {
		Service, Endpoint                         string
		Live, Started, Ended, Cancelled, Panicked int64
	}
	Tasks []struct {
		Runner, Task                                      string
		Live, Started, Ended, Cancelled, Failed, Panicked int64
	}
	Sets       struct{ Count, Limit, Refused int64 }
	Goroutines *struct {
		At    time.Time
		Total int64
		Error string
		Sets  []struct {
			Labels map[string]string
			Count  int64
		}
		Other struct{ Sets, Count int64 }
	}
}

func get(t *testing.T, client *http.Client, url string) document {
	t.Helper()
	w, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode != http.StatusOK || w.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %v %v %s", url, err, w.Status, body)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return d
}

// TestAccountOfAService has two requests under way, one with a child, one that has ended, and a task of a runner.
func TestAccountOfAService(t *testing.T) {
	table := labels.NewTable(10)
	mux := http.NewServeMux()
	release := make(chan struct{})
	var arrived sync.WaitGroup
	arrived.Add(3)
	mux.HandleFunc("GET /wait/{id}", func(_ http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "1" {
			go func() {
				arrived.Done()
				<-release
			}()
		}
		arrived.Done()
		<-release
	})
	mux.HandleFunc("GET /quick", func(http.ResponseWriter, *http.Request) {})
	mux.Handle(Path, New(table))
	s := httptest.NewServer(labels.HTTP(table, `au"th`, labels.WithEndpoint(labels.FromMux(mux)))(mux))
	defer s.Close()
	r := runner.New(labels.WithTable(context.Background(), table), "jobs", runner.WithKeepGoing())
	arrived.Add(1)
	r.Go("poll", func(context.Context) error { arrived.Done(); <-release; return nil })
	for i := range 2 {
		go func() {
			if w, err := s.Client().Get(fmt.Sprint(s.URL, "/wait/", i)); err == nil {
				w.Body.Close()
			}
		}()
	}
	if w, err := s.Client().Get(s.URL + "/quick"); err != nil {
		t.Error(err)
	} else {
		w.Body.Close()
	}
	arrived.Wait()

	d := get(t, s.Client(), s.URL+Path+"?all=1")
	close(release)
	if err := r.Wait(); err != nil {
		t.Error(err)
	}
	if d.Schema != Schema || d.PID == 0 || d.GoVersion != runtime.Version() || time.Since(d.At) > time.Hour || len(d.Build) == 0 {
		t.Errorf("head = %+v", d)
	}
	if len(d.Endpoints) != 3 || d.Sets.Count != 4 || d.Sets.Limit != 10 || d.Sets.Refused != 0 {
		t.Fatalf("endpoints = %+v, sets = %+v, want the account itself, /quick and /wait, and a task", d.Endpoints, d.Sets)
	}
	self, quick, wait := d.Endpoints[0], d.Endpoints[1], d.Endpoints[2]
	if self.Endpoint != Path || self.Live != 1 || quick.Endpoint != "GET /quick" || quick.Live != 0 || quick.Started != 1 ||
		wait.Endpoint != "GET /wait/{id}" || wait.Service != `au"th` || wait.Live != 2 || wait.Started != 2 || wait.Ended != 0 {
		t.Errorf("endpoints = %+v", d.Endpoints)
	}
	if len(d.Tasks) != 1 || d.Tasks[0].Runner != "jobs" || d.Tasks[0].Task != "poll" || d.Tasks[0].Live != 1 {
		t.Errorf("tasks = %+v, want one poll of jobs", d.Tasks)
	}
	waiting, polling, sum := int64(0), int64(0), d.Goroutines.Other.Count
	for _, set := range d.Goroutines.Sets {
		sum += set.Count
		if set.Labels["endpoint"] == "GET /wait/{id}" && set.Labels["service"] == `au"th` {
			waiting += set.Count
		}
		if set.Labels["task"] == "poll" {
			polling += set.Count
		}
	}
	if waiting != 3 || polling != 1 || sum != d.Goroutines.Total || d.Goroutines.Error != "" {
		t.Errorf("goroutines = %+v, want 3 that wait, child included, and 1 that polls", d.Goroutines)
	}
	if n, ok := d.Runtime["goroutines"].(float64); !ok || n < 4 {
		t.Errorf("runtime = %v, want goroutines", d.Runtime)
	}
	if pause, ok := d.Runtime["gc_pause_s"].(map[string]any); !ok || len(pause) != 4 {
		t.Errorf("gc_pause_s = %v, want count, p50, p99 and max", d.Runtime["gc_pause_s"])
	}
}

func TestAccountOfNothing(t *testing.T) {
	var d document
	b := New(nil, nil, WithAuth(nil)).Append([]byte(nil))
	if err := json.Unmarshal(b, &d); err != nil || len(d.Endpoints) != 0 || d.Endpoints == nil || d.Tasks == nil || d.Goroutines != nil {
		t.Errorf("%v in %s", err, b)
	}
	var table labels.Table
	table.Task("only", "tasks")
	d = document{}
	if err := json.Unmarshal(New(&table).Append(nil), &d); err != nil || len(d.Endpoints) != 0 || len(d.Tasks) != 1 {
		t.Errorf("%v: %+v", err, d)
	}
}

func TestAccountSeesNewSets(t *testing.T) {
	var table labels.Table
	a := New(&table)
	for i := range 300 {
		table.Endpoint("auth", fmt.Sprint("/", i)).Begin()
		var d document
		if err := json.Unmarshal(a.Append(nil), &d); err != nil {
			t.Fatal(err)
		}
		live := int64(0)
		for _, e := range d.Endpoints {
			live += e.Live
		}
		if live != int64(i+1) {
			t.Fatalf("live = %d after %d, what is over must be counted under other", live, i+1)
		}
	}
}

func TestWhoIsAnswered(t *testing.T) {
	for _, c := range []struct {
		remote, host, header string
		want                 bool
	}{
		{"127.0.0.1:5", "127.0.0.1:6060", "", true},
		{"127.0.0.1:5", "localhost:6060", "", true},
		{"127.8.8.8:5", "LOCALHOST", "", true},
		{"[::1]:5", "[::1]:6060", "", true},
		{"[::1]:5", "[::1]", "", true},
		{"[::ffff:127.0.0.1]:5", "localhost", "", true},
		{"127.0.0.1:5", "evil.example:6060", "", false},
		{"127.0.0.1:5", "localhost.evil.example", "", false},
		{"127.0.0.1:5", "", "", false},
		{"127.0.0.1:5", "localhost", "X-Forwarded-For", false},
		{"127.0.0.1:5", "localhost", "Forwarded", false},
		{"127.0.0.1:5", "localhost", "Via", false},
		{"10.0.0.1:5", "localhost", "", false},
		{"192.0.2.1:5", "127.0.0.1", "", false},
		{"@", "localhost", "", false},
		{"", "localhost", "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, Path, nil)
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.header != "" {
			r.Header.Set(c.header, "")
		}
		w := httptest.NewRecorder()
		New(nil).ServeHTTP(w, r)
		if got := w.Code == http.StatusOK; got != c.want || !got && w.Code != http.StatusForbidden {
			t.Errorf("from %q to %q with %q: code %d, want answered: %v", c.remote, c.host, c.header, w.Code, c.want)
		}
	}
}

func TestUnixSocketIsAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	s := &http.Server{Handler: New(nil)}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	defer client.CloseIdleConnections()
	if d := get(t, client, "http://unix"+Path); d.Schema != Schema {
		t.Errorf("schema = %q", d.Schema)
	}
}

func TestAuth(t *testing.T) {
	a := New(nil, WithAuth(func(r *http.Request) bool {
		if r.Header.Get("Authorization") == "boom" {
			panic("boom")
		}
		return r.Header.Get("Authorization") == "yes"
	}))
	for auth, want := range map[string]int{"yes": http.StatusOK, "no": http.StatusForbidden, "boom": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, Path, nil)
		r.Header.Set("Authorization", auth)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: code %d, want %d", auth, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, Path, nil)
	r.Header.Set("Authorization", "yes")
	if a.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: code %d, want 405", w.Code)
	}
}

// TestCountIsKept asks for all goroutines many times at once.
func TestCountIsKept(t *testing.T) {
	a := New(nil)
	times := make(chan time.Time, 20)
	for range cap(times) {
		go func() {
			g, _ := a.count()
			times <- g.At
		}()
	}
	taken := map[time.Time]bool{}
	first := time.Now()
	for range cap(times) {
		taken[<-times] = true
	}
	if most := 1 + int(time.Since(first)/keep); len(taken) > most {
		t.Errorf("%d profiles were taken, want %d", len(taken), most)
	}
}

func TestGoroutinesOverTheList(t *testing.T) {
	g := Goroutines{At: time.Now()}
	for i := range maxListed + 7 {
		g.Sets = append(g.Sets, LabelSet{Labels: []Label{{Key: "k", Value: fmt.Sprint(i)}}, Count: 2})
		g.Total += 2
	}
	var d document
	b := append([]byte(`{"goroutines":`), appendGoroutines(nil, func() (Goroutines, error) { return g, nil })...)
	if err := json.Unmarshal(append(b, '}'), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Goroutines.Sets) != maxListed || d.Goroutines.Other.Sets != 7 || d.Goroutines.Other.Count != 14 {
		t.Errorf("%d sets, other %+v; want %d, 7 sets and 14 goroutines", len(d.Goroutines.Sets), d.Goroutines.Other, maxListed)
	}
	b = append([]byte(`{"goroutines":`), appendGoroutines(nil, func() (Goroutines, error) { return g, errors.New("no") })...)
	d = document{}
	if err := json.Unmarshal(append(b, '}'), &d); err != nil || d.Goroutines.Error != "no" || d.Goroutines.Total != g.Total {
		t.Errorf("%v: %+v, want the error and the total", err, d.Goroutines)
	}
}

// full is an account of a full table.
func full() *Account {
	var table labels.Table
	for i := range table.Limit() {
		s := table.Endpoint("auth", fmt.Sprint("GET /v1/things/", i, "/{id}"))
		s.Begin()
		s.End(labels.Cancelled)
	}
	return New(&table)
}

func TestAppendAllocatesNothing(t *testing.T) {
	a := full()
	b := a.Append(nil)
	if n := testing.AllocsPerRun(100, func() { b = a.Append(b[:0]) }); n > 0 {
		t.Errorf("Append into room that is there allocates %v times, want 0", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name string
		a    *Account
	}{{"empty", New(nil)}, {"256 sets", full()}} {
		b.Run(c.name, func(b *testing.B) {
			buf := c.a.Append(nil)
			b.ReportAllocs()
			for b.Loop() {
				buf = c.a.Append(buf[:0])
			}
			b.ReportMetric(float64(len(buf)), "bytes")
		})
	}
}

func BenchmarkServeHTTP(b *testing.B) {
	a := full()
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+Path, nil)
	r.RemoteAddr = "127.0.0.1:5"
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		w.Body.Reset()
		a.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Error(w.Code)
	}
}

func BenchmarkCount(b *testing.B) {
	var table labels.Table
	stop := make(chan struct{})
	var up, down sync.WaitGroup
	for i := range 10_000 {
		up.Add(1)
		down.Add(1)
		go table.Endpoint("auth", fmt.Sprint(i%50)).Do(context.Background(), func(context.Context) {
			defer down.Done()
			up.Done()
			<-stop
		})
	}
	up.Wait()
	b.ReportAllocs()
	for b.Loop() {
		if g, err := Count(); err != nil || len(g.Sets) < 50 {
			b.Fatal(err, len(g.Sets))
		}
	}
	close(stop)
	down.Wait()
}

func ExampleNew() {
	var table labels.Table
	table.Endpoint("auth", "GET /login").Do(context.Background(), func(context.Context) {
		text := string(New(&table).Append(nil))
		_, rows, _ := strings.Cut(text, `"endpoints":`)
		rows, _, _ = strings.Cut(rows, `,"tasks"`)
		fmt.Println(rows)
	})
	// Output: [{"service":"auth","endpoint":"GET /login","live":1,"started":1,"ended":0,"cancelled":0,"panicked":0}]
}
