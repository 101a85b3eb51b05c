// The report: what a trip writes, as JSON, and how it is put together from waits and a dump.

package fuse

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/goherd/goherd/go/internal/stacks"
)

// Schema is the name and version of a report's JSON. Within a version fields
// are added, never renamed or taken away.
const Schema = "goherd-fuse/1"

// A Report is what a trip knows. Goroutines are named by the numbers that dumps
// print, locks by address. No report holds arguments of functions.
type Report struct {
	Schema    string    `json:"schema"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"` // "blocked" or "leak"
	Program   string    `json:"program"`
	PID       int       `json:"pid"`
	GoVersion string    `json:"go_version"`
	LimitS    float64   `json:"limit_s"`
	DumpMs    float64   `json:"dump_ms"` // how long the dump took, with the world stopped
	Truncated bool      `json:"truncated"`
	// Goroutine count of the dump, and by state.
	Total  int            `json:"goroutines_total"`
	States map[string]int `json:"states"`
	// Leaked is the runtime's own count, where it has a leak profile.
	Leaked *int `json:"leaked,omitempty"`

	Waiters    []Waiter    `json:"waiters"`
	Locks      []Lock      `json:"locks"`
	Cycles     []Cycle     `json:"cycles"`
	Goroutines []Goroutine `json:"goroutines"`
	Stacks     []Stack     `json:"stacks"`
	Graph      Graph       `json:"graph"`
	// Hidden counts entries that were left out, by the name of their list.
	Hidden map[string]int `json:"hidden,omitempty"`
}

// A Waiter is a goroutine that waits for a lock and was found waiting by two
// looks at least BlockedS seconds apart.
type Waiter struct {
	Goroutine int64   `json:"goroutine"`
	Lock      string  `json:"lock"`
	Kind      string  `json:"kind"` // "mutex", "rwmutex", "waitgroup", "cond"
	Mode      string  `json:"mode"` // "lock", "rlock", "wait"
	BlockedS  float64 `json:"blocked_s"`
	Overdue   bool    `json:"overdue"` // longer than the limit
	At        *Place  `json:"at,omitempty"`
}

// A Lock is one that somebody waits for.
type Lock struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Name    string `json:"name,omitempty"`
	MadeAt  *Place `json:"made_at,omitempty"` // where Watch was called
	// HolderKnown says that Holders were seen to lock it. Otherwise Holders is
	// empty, and Guesses tells who may hold it and what speaks for it.
	HolderKnown bool     `json:"holder_known"`
	Holders     []Holder `json:"holders"`
	Guesses     []Guess  `json:"guesses,omitempty"`
	Waiters     []int64  `json:"waiters"`
}

// A Holder is a goroutine that has locked and not unlocked.
type Holder struct {
	Goroutine int64  `json:"goroutine"`
	Mode      string `json:"mode"` // "lock" or "rlock"
	// Ended says that the goroutine is not there any more: it never unlocked.
	Ended bool   `json:"ended"`
	State string `json:"state,omitempty"`
	At    *Place `json:"at,omitempty"`
}

// A Guess is a goroutine that may hold a lock.
type Guess struct {
	Goroutine int64  `json:"goroutine"`
	Why       string `json:"why"`
	State     string `json:"state"`
	At        *Place `json:"at,omitempty"`
}

// A Cycle is goroutines that wait for each other: the first waits for the first
// lock, which the second holds, and so on round to the first.
type Cycle struct {
	Known      bool     `json:"known"` // false when a holder in it is a guess
	Goroutines []int64  `json:"goroutines"`
	Locks      []string `json:"locks"`
}

// A Goroutine is one of the dump.
type Goroutine struct {
	ID        int64             `json:"id"`
	State     string            `json:"state"`
	WaitS     int               `json:"wait_s,omitempty"` // whole minutes, as the runtime prints them
	Leaked    bool              `json:"leaked,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	CreatedBy int64             `json:"created_by,omitempty"`
	Stack     int               `json:"stack"` // index into Stacks
}

// A Stack is one that Count goroutines share.
type Stack struct {
	Count     int     `json:"count"`
	Frames    []Place `json:"frames"` // innermost first
	CreatedBy *Place  `json:"created_by,omitempty"`
}

// A Place is a line of a function.
type Place struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// A Graph is who calls whom, over all goroutines of the dump.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// A Node is a function. Goroutines have it on their stack; Leaves stand in it.
type Node struct {
	Func       string `json:"func"`
	Goroutines int    `json:"goroutines"`
	Leaves     int    `json:"leaves"`
}

// An Edge is a call between two nodes, on the stacks of Count goroutines. A
// spawn is the go statement that started them.
type Edge struct {
	From  int  `json:"from"`
	To    int  `json:"to"`
	Count int  `json:"count"`
	Spawn bool `json:"spawn,omitempty"`
}

// A sight is what is known of one moment: the dump, with those who waited and
// held before it was taken and still did after.
type sight struct {
	at    time.Time
	took  time.Duration
	dump  []stacks.Goroutine
	byID  map[int64]*stacks.Goroutine
	cut   bool
	waits []wait
	held  map[*record][]holding
}

// look takes the dump.
func look(maxDump int) *sight {
	before := map[[2]any][]holding{}
	for _, w := range listed(time.Now()) {
		before[[2]any{w.rec, w.goroutine}] = w.rec.holdings()
	}
	started := time.Now()
	text, cut := stacks.Take(maxDump)
	s := &sight{at: time.Now(), took: time.Since(started), cut: cut, held: map[*record][]holding{}}
	for _, w := range listed(s.at) {
		was, waited := before[[2]any{w.rec, w.goroutine}]
		if !waited {
			continue
		}
		s.waits = append(s.waits, w)
		if is := w.rec.holdings(); slices.Equal(is, was) {
			s.held[w.rec] = is
		}
	}
	s.read(stacks.Parse(text))
	return s
}

func (s *sight) read(dump []stacks.Goroutine) {
	s.dump, s.byID = dump, make(map[int64]*stacks.Goroutine, len(dump))
	for i := range dump {
		s.byID[dump[i].ID] = &dump[i]
	}
}

// report puts a report together.
func (s *sight) report(limit time.Duration) *Report {
	r := &Report{
		Schema: Schema, At: s.at.UTC(), Reason: "blocked", Program: filepath.Base(os.Args[0]), PID: os.Getpid(),
		GoVersion: runtime.Version(), LimitS: limit.Seconds(), Total: len(s.dump), States: map[string]int{},
		DumpMs: s.took.Seconds() * 1e3, Truncated: s.cut,
		Waiters: []Waiter{}, Locks: []Lock{}, Cycles: []Cycle{},
	}
	for i := range s.dump {
		r.States[s.dump[i].State]++
	}
	for _, w := range s.waits {
		r.Waiters = append(r.Waiters, Waiter{
			Goroutine: w.goroutine, Lock: address(w.rec), Kind: w.rec.kind, Mode: w.mode,
			BlockedS: s.at.Sub(w.seen).Seconds(), Overdue: overdue(w, s.at, limit), At: standsAt(s.byID[w.goroutine]),
		})
	}
	slices.SortStableFunc(r.Waiters, func(a, b Waiter) int { return int(a.Goroutine - b.Goroutine) })
	r.Locks = s.locks()
	r.Cycles = cycles(r.Waiters, r.Locks)
	r.addGoroutines(s.dump)
	r.Graph = graph(s.dump)
	return r
}

func (r *Report) addGoroutines(dump []stacks.Goroutine) {
	r.Goroutines, r.Stacks = make([]Goroutine, 0, len(dump)), []Stack{}
	index := map[string]int{}
	var key []byte
	for i := range dump {
		g := &dump[i]
		key = key[:0]
		for _, f := range append(g.Frames[:len(g.Frames):len(g.Frames)], g.CreatedBy) {
			key = append(strconv.AppendInt(append(append(key, f.Func...), f.File...), int64(f.Line), 10), '\n')
		}
		at, ok := index[string(key)]
		if !ok {
			at = len(r.Stacks)
			index[string(key)] = at
			s := Stack{Frames: make([]Place, 0, len(g.Frames))}
			for _, f := range g.Frames {
				s.Frames = append(s.Frames, *place(&f))
			}
			if g.CreatedBy.Func != "" {
				s.CreatedBy = place(&g.CreatedBy)
			}
			r.Stacks = append(r.Stacks, s)
		}
		r.Stacks[at].Count++
		r.Goroutines = append(r.Goroutines, Goroutine{
			ID: g.ID, State: g.State, WaitS: g.Minutes * 60, Leaked: g.Leaked, Labels: g.Labels, CreatedBy: g.Creator, Stack: at,
		})
	}
}

func graph(dump []stacks.Goroutine) Graph {
	out := Graph{Nodes: []Node{}, Edges: []Edge{}}
	nodes, edges := map[string]int{}, map[Edge]int{}
	node := func(fn string) int {
		i, ok := nodes[fn]
		if !ok {
			i = len(out.Nodes)
			nodes[fn] = i
			out.Nodes = append(out.Nodes, Node{Func: fn})
		}
		return i
	}
	for i := range dump {
		g := &dump[i]
		seen, calls := map[int]bool{}, map[Edge]bool{}
		callee := -1
		for j := range g.Frames {
			n := node(g.Frames[j].Func)
			if j == 0 {
				out.Nodes[n].Leaves++
			}
			if !seen[n] {
				seen[n] = true
				out.Nodes[n].Goroutines++
			}
			if callee >= 0 {
				calls[Edge{From: n, To: callee}] = true
			}
			callee = n
		}
		if g.CreatedBy.Func != "" && callee >= 0 {
			calls[Edge{From: node(g.CreatedBy.Func), To: callee, Spawn: true}] = true
		}
		for e := range calls {
			edges[e]++
		}
	}
	for e, n := range edges {
		e.Count = n
		out.Edges = append(out.Edges, e)
	}
	slices.SortFunc(out.Edges, func(a, b Edge) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return a.To - b.To
	})
	return out
}

func place(f *stacks.Frame) *Place { return &Place{Func: f.Func, File: f.File, Line: f.Line} }

func pcPlace(pc uintptr) *Place {
	if pc == 0 {
		return nil
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return &Place{Func: f.Function, File: f.File, Line: f.Line}
}

func address(r *record) string { return fmt.Sprintf("%#x", r.address) }
