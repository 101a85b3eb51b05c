package main

import (
	"fmt"
	"slices"

	"golang.org/x/exp/trace"
)

// figures is what the Reader's events add up to.
type figures struct {
	// Events counts all the Reader gives; Error is what ended it early.
	Events int    `json:"events"`
	Error  string `json:"error,omitempty"`
	// FirstNS and LastNS are the times of the first and the last event that is no Sync.
	FirstNS trace.Time `json:"first_ns"`
	LastNS  trace.Time `json:"last_ns"`
	// Kinds counts events by the Reader's kind. Section 2 of the format's facts: nothing of the file may be lost.
	Kinds map[string]int `json:"kinds"`
	// GoTransitions and ProcTransitions count state changes as "From->To"; statuses repeated at the start of a generation are
	// changes to the same state. Section 3: the order that sequence numbers give.
	GoTransitions   map[string]int `json:"go_transitions"`
	ProcTransitions map[string]int `json:"proc_transitions"`
	Metrics         map[string]int `json:"metrics"`
	Labels          map[string]int `json:"labels"`
	Clocks          []clock        `json:"clocks"`

	Goroutines goroutines `json:"goroutines"`
	// Blocks are waits by reason. Section 4: a finished wait goes from Running->Waiting to the goroutine's next change of state.
	// Those that began before the goroutine was first seen have no reason.
	Blocks map[string]*waits `json:"blocks"`
	// SyncBlocks are those of reason "sync" by the function of package sync that the program called, or where there is none by the one
	// the runtime stopped: what stands behind the reason.
	SyncBlocks map[string]*waits `json:"sync_blocks"`
	// Stops counts Running->Runnable by reason.
	Stops map[string]int `json:"stops"`
	// Wakings counts Waiting->Runnable by whether a goroutine did it.
	Wakings struct {
		ByGoroutine int `json:"by_goroutine"`
		ByRuntime   int `json:"by_runtime"`
	} `json:"wakings"`
	// Latency is Runnable->Running where the change to Runnable was seen. Section 4, scheduler latency. Switches of coroutines
	// (iter.Pull) count too: the Reader shows each as waking, blocking and starting.
	Latency latency `json:"latency"`
	// Syscalls are from Running->Syscall to the next change.
	Syscalls waits `json:"syscalls"`
	// ProcRunning is how long each P ran.
	ProcRunning map[string]int64 `json:"proc_running_ns"`
	// Ranges are stops of the world, mark phases, sweeps and assists by name. Section 6: sums of pauses.
	Ranges map[string]*ranges `json:"ranges"`
	// Sites are the goroutines created, by their function and the line of the go statement.
	Sites map[string]*site `json:"sites"`
	// Tasks and Regions are the program's own, by type.
	Tasks   map[string]*ranges `json:"tasks"`
	Regions map[string]*ranges `json:"regions"`
	Logs    map[string]int     `json:"logs"`
	Samples samples            `json:"samples"`

	states  map[trace.GoID]*goroutine
	procs   map[trace.ProcID]trace.Time
	open    map[rangeKey]trace.Time
	tasks   map[trace.TaskID]begun
	regions map[regionKey][]trace.Time
	runs    []int64
}

// clock is one reading of several clocks (Go 1.25).
type clock struct {
	TraceNS trace.Time `json:"trace_ns"`
	MonoNS  uint64     `json:"mono_ns"`
	WallNS  int64      `json:"wall_unix_ns"`
}

// goroutines counts goroutines by how they came and went. Section 5: who never ended.
type goroutines struct {
	Seen     int `json:"seen"`
	Existing int `json:"existing"`
	Created  int `json:"created"`
	Ended    int `json:"ended"`
	// Alive are those that had not ended when the trace did.
	Alive []alive `json:"alive"`
}

type alive struct {
	ID      trace.GoID `json:"id"`
	State   string     `json:"state"`
	Reason  string     `json:"reason,omitempty"`
	Created bool       `json:"created"`
	// SinceNS is when it came into its state, or was first seen in it.
	SinceNS trace.Time `json:"since_ns"`
}

// waits are intervals that begin and end inside the trace, and apart from them those that do only one.
type waits struct {
	N       int        `json:"n"`
	TotalNS int64      `json:"total_ns"`
	MeanNS  float64    `json:"mean_ns"`
	MaxNS   int64      `json:"max_ns"`
	FirstNS trace.Time `json:"first_begin_ns"`
	LastNS  trace.Time `json:"last_end_ns"`
	// Open began and did not end.
	Open int `json:"open"`
	// Unseen ended and began before the goroutine was first seen.
	Unseen int `json:"unseen_begin"`
}

// latency has the nearest-rank percentiles: the ceil(p*n)-th smallest.
type latency struct {
	N       int   `json:"n"`
	TotalNS int64 `json:"total_ns"`
	P50NS   int64 `json:"p50_ns"`
	P99NS   int64 `json:"p99_ns"`
	MaxNS   int64 `json:"max_ns"`
}

type ranges struct {
	Begins int `json:"begins"`
	Ends   int `json:"ends"`
	// Active are ranges reported as going on at the start of a generation.
	Active int `json:"active"`
	// N, TotalNS and MaxNS are of those whose begin and end were seen.
	N       int   `json:"n"`
	TotalNS int64 `json:"total_ns"`
	MaxNS   int64 `json:"max_ns"`
}

type site struct {
	Created int `json:"created"`
	Ended   int `json:"ended"`
}

type samples struct {
	N             int            `json:"n"`
	WithGoroutine int            `json:"with_goroutine"`
	WithProc      int            `json:"with_proc"`
	ByFunction    map[string]int `json:"by_function"`
}

type goroutine struct {
	state   trace.GoState
	since   trace.Time
	seen    bool // the change to this state was seen, not only the state
	reason  string
	sync    string
	site    *site
	created bool
}

type rangeKey struct {
	name  string
	scope trace.ResourceID
}

type regionKey struct {
	goroutine trace.GoID
	task      trace.TaskID
	name      string
}

type begun struct {
	name string
	at   trace.Time
}

func newFigures() *figures {
	return &figures{
		Kinds: map[string]int{}, GoTransitions: map[string]int{}, ProcTransitions: map[string]int{}, Metrics: map[string]int{},
		Labels: map[string]int{}, Blocks: map[string]*waits{}, SyncBlocks: map[string]*waits{}, Stops: map[string]int{},
		ProcRunning: map[string]int64{}, Ranges: map[string]*ranges{}, Sites: map[string]*site{}, Tasks: map[string]*ranges{},
		Regions: map[string]*ranges{}, Logs: map[string]int{}, Samples: samples{ByFunction: map[string]int{}},
		states: map[trace.GoID]*goroutine{}, procs: map[trace.ProcID]trace.Time{}, open: map[rangeKey]trace.Time{},
		tasks: map[trace.TaskID]begun{}, regions: map[regionKey][]trace.Time{},
	}
}

func (f *figures) add(e *trace.Event) {
	f.Kinds[e.Kind().String()]++
	if e.Kind() != trace.EventSync {
		if f.FirstNS == 0 {
			f.FirstNS = e.Time()
		}
		f.LastNS = e.Time()
	}
	switch e.Kind() {
	case trace.EventSync:
		if snapshot := e.Sync().ClockSnapshot; snapshot != nil {
			f.Clocks = append(f.Clocks, clock{snapshot.Trace, snapshot.Mono, snapshot.Wall.UnixNano()})
		}
	case trace.EventMetric:
		f.Metrics[e.Metric().Name]++
	case trace.EventLabel:
		f.Labels[e.Label().Label]++
	case trace.EventStackSample:
		f.sample(e)
	case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
		f.addRange(e)
	case trace.EventTaskBegin, trace.EventTaskEnd:
		f.task(e)
	case trace.EventRegionBegin, trace.EventRegionEnd:
		f.region(e)
	case trace.EventLog:
		f.Logs[e.Log().Category+"="+e.Log().Message]++
	case trace.EventStateTransition:
		f.transition(e)
	}
}

func (f *figures) sample(e *trace.Event) {
	f.Samples.N++
	if e.Goroutine() != trace.NoGoroutine {
		f.Samples.WithGoroutine++
	}
	if e.Proc() != trace.NoProc {
		f.Samples.WithProc++
	}
	for frame := range e.Stack().Frames() {
		f.Samples.ByFunction[frame.Func]++
		break
	}
}

func (f *figures) addRange(e *trace.Event) {
	r := e.Range()
	row, key := entry(f.Ranges, r.Name), rangeKey{r.Name, r.Scope}
	switch e.Kind() {
	case trace.EventRangeActive:
		row.Active++
	case trace.EventRangeBegin:
		row.Begins++
		f.open[key] = e.Time()
	case trace.EventRangeEnd:
		row.Ends++
		if at, ok := f.open[key]; ok {
			delete(f.open, key)
			row.finish(e.Time() - at)
		}
	}
}

func (r *ranges) finish(length trace.Time) {
	r.N++
	r.TotalNS += int64(length)
	r.MaxNS = max(r.MaxNS, int64(length))
}

func (f *figures) task(e *trace.Event) {
	task := e.Task()
	if e.Kind() == trace.EventTaskBegin {
		entry(f.Tasks, task.Type).Begins++
		f.tasks[task.ID] = begun{task.Type, e.Time()}
		return
	}
	// The Reader knows no type where the begin is missing.
	row := entry(f.Tasks, task.Type)
	row.Ends++
	if begin, ok := f.tasks[task.ID]; ok {
		delete(f.tasks, task.ID)
		row.finish(e.Time() - begin.at)
	}
}

func (f *figures) region(e *trace.Event) {
	region := e.Region()
	row, key := entry(f.Regions, region.Type), regionKey{e.Goroutine(), region.Task, region.Type}
	if e.Kind() == trace.EventRegionBegin {
		row.Begins++
		f.regions[key] = append(f.regions[key], e.Time())
		return
	}
	row.Ends++
	if begins := f.regions[key]; len(begins) > 0 {
		row.finish(e.Time() - begins[len(begins)-1])
		f.regions[key] = begins[:len(begins)-1]
	}
}

func (f *figures) transition(e *trace.Event) {
	change := e.StateTransition()
	switch change.Resource.Kind {
	case trace.ResourceGoroutine:
		f.goTransition(e, &change)
	case trace.ResourceProc:
		from, to := change.Proc()
		f.ProcTransitions[from.String()+"->"+to.String()]++
		proc := change.Resource.Proc()
		since, running := f.procs[proc]
		if running && to != trace.ProcRunning {
			f.ProcRunning[fmt.Sprint(proc)] += int64(e.Time() - since)
			delete(f.procs, proc)
		} else if !running && to == trace.ProcRunning {
			f.procs[proc] = e.Time()
		}
	}
}

func (f *figures) goTransition(e *trace.Event, change *trace.StateTransition) {
	from, to := change.Goroutine()
	f.GoTransitions[from.String()+"->"+to.String()]++
	id := change.Resource.Goroutine()
	g, known := f.states[id]
	if !known {
		g = &goroutine{}
		f.states[id] = g
		f.Goroutines.Seen++
		if from == trace.GoNotExist {
			g.created = true
			f.Goroutines.Created++
			g.site = entry(f.Sites, siteOf(e, change))
			g.site.Created++
		} else {
			f.Goroutines.Existing++
		}
	}
	if known && from == to {
		return
	}
	if known {
		f.leave(g, e, to)
	}
	if to == trace.GoNotExist {
		f.Goroutines.Ended++
		if g.site != nil {
			g.site.Ended++
		}
		delete(f.states, id)
		return
	}
	*g = goroutine{state: to, since: e.Time(), seen: from != trace.GoUndetermined, site: g.site, created: g.created}
	switch {
	case from == trace.GoRunning && to == trace.GoWaiting:
		g.reason = change.Reason
		if g.reason == "sync" {
			g.sync = syncFunction(change.Stack)
		}
	case from == trace.GoRunning && to == trace.GoRunnable:
		f.Stops[change.Reason]++
	}
}

// leave counts what ends when a goroutine leaves its state.
func (f *figures) leave(g *goroutine, e *trace.Event, to trace.GoState) {
	length := e.Time() - g.since
	switch g.state {
	case trace.GoWaiting:
		if to == trace.GoRunnable && e.Goroutine() != trace.NoGoroutine {
			f.Wakings.ByGoroutine++
		} else if to == trace.GoRunnable {
			f.Wakings.ByRuntime++
		}
		// A goroutine that is created waiting (iter.Pull) has not blocked.
		if g.reason == "" && g.seen {
			return
		}
		entry(f.Blocks, g.reason).finish(g, e.Time(), length)
		if g.reason == "sync" {
			entry(f.SyncBlocks, g.sync).finish(g, e.Time(), length)
		}
	case trace.GoRunnable:
		if to == trace.GoRunning && g.seen {
			f.runs = append(f.runs, int64(length))
		}
	case trace.GoSyscall:
		f.Syscalls.finish(g, e.Time(), length)
	}
}

func (w *waits) finish(g *goroutine, now, length trace.Time) {
	if !g.seen {
		w.Unseen++
		return
	}
	if w.N == 0 || g.since < w.FirstNS {
		w.FirstNS = g.since
	}
	w.LastNS = now
	w.N++
	w.TotalNS += int64(length)
	w.MaxNS = max(w.MaxNS, int64(length))
}

// finish closes the books at the end of the trace.
func (f *figures) finish(events int, err error) {
	f.Events = events
	if err != nil {
		f.Error = err.Error()
	}
	for proc, since := range f.procs {
		f.ProcRunning[fmt.Sprint(proc)] += int64(f.LastNS - since)
	}
	for id, g := range f.states {
		f.Goroutines.Alive = append(f.Goroutines.Alive, alive{id, g.state.String(), g.reason, g.created, g.since})
		switch {
		case !g.seen:
		case g.state == trace.GoWaiting && g.reason != "":
			entry(f.Blocks, g.reason).Open++
			if g.reason == "sync" {
				entry(f.SyncBlocks, g.sync).Open++
			}
		case g.state == trace.GoSyscall:
			f.Syscalls.Open++
		}
	}
	slices.SortFunc(f.Goroutines.Alive, func(a, b alive) int { return int(a.ID - b.ID) })
	for _, table := range []map[string]*waits{f.Blocks, f.SyncBlocks, {"": &f.Syscalls}} {
		for _, row := range table {
			row.MeanNS = float64(row.TotalNS) / float64(max(row.N, 1))
		}
	}
	slices.Sort(f.runs)
	if n := len(f.runs); n > 0 {
		f.Latency = latency{N: n, P50NS: f.runs[(n*50+99)/100-1], P99NS: f.runs[(n*99+99)/100-1], MaxNS: f.runs[n-1]}
	}
	for _, length := range f.runs {
		f.Latency.TotalNS += length
	}
}

// siteOf is a new goroutine's function and the place of its go statement; timers and the runtime have none.
func siteOf(e *trace.Event, change *trace.StateTransition) string {
	function, by := "", ""
	for frame := range change.Stack.Frames() {
		function = frame.Func
		break
	}
	for frame := range e.Stack().Frames() {
		by = fmt.Sprintf("%s:%d", frame.Func, frame.Line)
		break
	}
	return function + " < " + by
}

// syncFunction is the outermost function of package sync that a stack waits in: what the program called.
func syncFunction(stack trace.Stack) string {
	name := ""
	for frame := range stack.Frames() {
		switch {
		case len(frame.Func) > 5 && frame.Func[:5] == "sync.", len(frame.Func) > 14 && frame.Func[:14] == "internal/sync.":
			name = frame.Func
		case name != "":
			return name
		case len(frame.Func) < 8 || frame.Func[:8] != "runtime.":
			return frame.Func
		}
	}
	return name
}

func entry[K comparable, V any](table map[K]*V, name K) *V {
	row, ok := table[name]
	if !ok {
		row = new(V)
		table[name] = row
	}
	return row
}
