// WaitTimeout and its report: who did not stop, since when, and where.

package runner

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goherd/goherd/go/internal/profile"
	"github.com/goherd/goherd/go/labels"
)

// Frame is one function of a stack.
type Frame = profile.Frame

// Report says which tasks still ran when WaitTimeout gave up.
type Report struct {
	Runner string    `json:"runner"`
	At     time.Time `json:"at"`    // when it was taken; zero if all tasks had stopped
	Stuck  []Stuck   `json:"stuck"` // the one that runs longest first
	// Err says why there are no stacks, if the goroutine profile could not be taken.
	Err error `json:"-"`
}

// Stuck is the tasks of one name that did not stop.
type Stuck struct {
	Task   string    `json:"task"`
	Count  int       `json:"count"`
	Oldest time.Time `json:"oldest"` // when the first of them was started
	Newest time.Time `json:"newest"`
	// Stacks are where they are, the most frequent first. The tasks' own goroutines come before those that they
	// started.
	Stacks []Stack `json:"stacks"`
	// Unseen is how many of the tasks no stack was found for: their code has replaced the goroutine's labels.
	Unseen int `json:"unseen"`
	// Shared says that there are more goroutines with these labels than tasks: another Runner of the same name
	// has its own among the stacks. WithInstance keeps them apart.
	Shared bool `json:"shared"`
}

// Stack is a place where goroutines of a task stand.
type Stack struct {
	Count int `json:"count"`
	// Child is true for goroutines that the task, or something below it, started by a go statement.
	Child bool `json:"child"`
	// Waits is what they wait for: "chan receive", "select", "mutex", "IO wait" …, "running" if for nothing
	// known.
	Waits  string  `json:"waits"`
	Frames []Frame `json:"frames"` // innermost first, without those of the runtime
}

// WaitTimeout is Wait for at most d. When all tasks have ended by then it returns an empty report and what Wait
// returns. Otherwise the error is ErrStuck, joined with the first error if there is one, and the report says who
// still runs: it takes one goroutine profile (10,000 goroutines: tens of milliseconds). The Runner goes on as
// before; wait again, Cancel, or give up. WaitTimeout does not cancel: call Cancel before, to stop the tasks and
// see who obeys. With d of 0 or less it looks once.
func (r *Runner) WaitTimeout(d time.Duration) (Report, error) {
	var expired <-chan time.Time = past
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		expired = timer.C
	}
	in, err := r.wait(expired)
	if in {
		return Report{Runner: r.name}, err
	}
	report := r.report()
	if len(report.Stuck) == 0 {
		if in, err := r.wait(past); in { // the last ones ended while the profile was taken
			return Report{Runner: r.name}, err
		}
	}
	if err != nil {
		return report, fmt.Errorf("%s: %s %w within %v; first error: %w", r.name, report.count(), ErrStuck, d, err)
	}
	return report, fmt.Errorf("%s: %s %w within %v", r.name, report.count(), ErrStuck, d)
}

// past is a timer that has fired for ever.
var past = func() chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}()

// report takes a profile. Tasks that ended before it, or were started behind it, do not count as stuck.
func (r *Runner) report() Report {
	before := r.running()
	p, err := profile.Take()
	report := Report{Runner: r.name, At: time.Now(), Err: err}
	after := r.running()
	most := map[string]int{} // how many of a name can have been in the profile
	union := maps.Clone(before)
	maps.Copy(union, after)
	for _, of := range union {
		most[of.name]++
	}
	byName := map[string]int{}
	for t, of := range after {
		if _, ok := before[t]; !ok {
			continue
		}
		i, ok := byName[of.name]
		if !ok {
			i = len(report.Stuck)
			byName[of.name] = i
			report.Stuck = append(report.Stuck, Stuck{Task: of.name, Oldest: t.started, Newest: t.started})
		}
		s := &report.Stuck[i]
		s.Count++
		if t.started.Before(s.Oldest) {
			s.Oldest = t.started
		}
		if t.started.After(s.Newest) {
			s.Newest = t.started
		}
	}
	for i := range report.Stuck {
		s := &report.Stuck[i]
		s.Unseen = s.Count
		if p != nil {
			s.place(p, r.label)
		}
		s.Shared = s.own() > most[s.Task]
	}
	slices.SortFunc(report.Stuck, func(a, b Stuck) int {
		if c := a.Oldest.Compare(b.Oldest); c != 0 {
			return c
		}
		return strings.Compare(a.Task, b.Task)
	})
	return report
}

func (r *Runner) running() map[*task]*named {
	r.mu.Lock()
	defer r.mu.Unlock()
	tasks := make(map[*task]*named, r.live)
	for t := r.first; t != nil; t = t.next {
		tasks[t] = t.of
	}
	return tasks
}

// Frames at the root of each task's own goroutine.
const (
	rootRun  = "github.com/goherd/goherd/go/runner.(*Runner).run"
	rootCall = "github.com/goherd/goherd/go/runner.call"
)

// place adds the stacks of the goroutines that wear the labels of these tasks.
func (s *Stuck) place(p *profile.Profile, runner string) {
	for i := range p.Samples {
		sample := &p.Samples[i]
		if sample.Value(labels.Runner) != runner || sample.Value(labels.Task) != s.Task {
			continue
		}
		frames := p.Stack(sample)
		stack := Stack{Count: int(sample.Count), Waits: profile.Waits(frames), Child: true}
		frames = profile.Own(frames)
		if at := slices.IndexFunc(frames, func(f Frame) bool { return f.Func == rootRun || f.Func == rootCall }); at >= 0 {
			stack.Child = false
			frames = frames[:max(at, 1)]
			s.Unseen = max(0, s.Unseen-stack.Count)
		}
		stack.Frames = frames
		s.Stacks = append(s.Stacks, stack)
	}
	slices.SortStableFunc(s.Stacks, func(a, b Stack) int {
		switch {
		case a.Child != b.Child && b.Child:
			return -1
		case a.Child != b.Child:
			return 1
		}
		return b.Count - a.Count
	})
}

// own is how many goroutines of tasks the stacks show.
func (s *Stuck) own() (n int) {
	for _, stack := range s.Stacks {
		if !stack.Child {
			n += stack.Count
		}
	}
	return n
}

func (r *Report) count() string {
	n := 0
	for _, s := range r.Stuck {
		n += s.Count
	}
	if n == 1 {
		return "1 task"
	}
	return strconv.Itoa(n) + " tasks"
}

// shown is how many frames of a stack String prints.
const shown = 8

// String is the report as text, a line for each name of tasks, and below it where they are.
func (r Report) String() string {
	if len(r.Stuck) == 0 {
		return r.Runner + ": all tasks stopped\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %v\n", r.Runner, r.count(), ErrStuck)
	for _, s := range r.Stuck {
		fmt.Fprintf(&b, "  %s: %d, the oldest since %v\n", s.Task, s.Count, r.At.Sub(s.Oldest).Round(time.Millisecond))
		for _, stack := range s.Stacks {
			whose := "in"
			if stack.Child {
				whose = "started by it, in"
			}
			fmt.Fprintf(&b, "    %d %s %s\n", stack.Count, whose, stack.Waits)
			for _, f := range stack.Frames[:min(shown, len(stack.Frames))] {
				fmt.Fprintf(&b, "      %s %s:%d\n", f.Func, f.File, f.Line)
			}
			if more := len(stack.Frames) - shown; more > 0 {
				fmt.Fprintf(&b, "      … %d more\n", more)
			}
		}
		if s.Unseen > 0 {
			fmt.Fprintf(&b, "    %d without a known place, as their labels were replaced\n", s.Unseen)
		}
		if s.Shared {
			b.WriteString("    another Runner of this name has goroutines among these\n")
		}
	}
	if r.Err != nil {
		fmt.Fprintf(&b, "  no stacks: %v\n", r.Err)
	}
	return b.String()
}
