// Finds the goroutines of a test by their label, and by who created them, and describes them.

package leaktest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goherd/goherd/go/internal/profile"
)

// leak is goroutines that stand at the same place.
type leak struct {
	count  int
	waits  string
	frames []profile.Frame
	// creator is zero when the text of the stacks does not show the goroutine any more.
	creator profile.Frame
}

// find looks for the test's goroutines.
func (c *check) find() ([]leak, error) {
	labelled, err := c.labelled()
	if err != nil {
		return nil, err
	}
	own, others := c.created(running())
	return join(labelled, own, others), nil
}

// labelled is what wears the label of the test.
func (c *check) labelled() ([]leak, error) {
	p, err := profile.Take()
	if err != nil {
		return nil, err
	}
	var leaks []leak
	for i := range p.Samples {
		s := &p.Samples[i]
		if s.Value(Label) != c.label {
			continue
		}
		frames := p.Stack(s)
		if own := profile.Own(frames); !c.ignore(names(own)) {
			leaks = append(leaks, leak{count: int(s.Count), waits: profile.Waits(frames), frames: own})
		}
	}
	return leaks, nil
}

// created is, of all goroutines, those that the test's created, and theirs, as far as the chain is unbroken; all
// others are kept beside them to describe what was found by its label.
func (c *check) created(all []goroutine) (own, others []goroutine) {
	mine := map[int64]bool{c.self: true}
	for grew := true; grew; {
		grew = false
		for _, g := range all {
			if !mine[g.id] && mine[g.parent] && !c.ignore(names(g.frames)) {
				mine[g.id], grew = true, true
			}
		}
	}
	for _, g := range all {
		switch {
		case g.id == c.self:
		case mine[g.id]:
			own = append(own, g)
		default:
			others = append(others, g)
		}
	}
	return own, others
}

// join adds creators to what was found by its label, and what was found by its creator only.
func join(labelled []leak, own, others []goroutine) []leak {
	for i := range labelled {
		l := &labelled[i]
		own = l.take(own, l.count)
		if l.creator.Func == "" {
			l.take(others, 1)
		}
	}
	for len(own) > 0 {
		l := leak{waits: own[0].state, frames: own[0].frames}
		own = l.take(own, len(own))
		labelled = append(labelled, l)
	}
	return labelled
}

// take removes up to n goroutines at the place of the leak and notes their creator.
func (l *leak) take(from []goroutine, n int) (rest []goroutine) {
	counted := l.count > 0
	for _, g := range from {
		if n == 0 || key(g.frames) != key(l.frames) {
			rest = append(rest, g)
			continue
		}
		n--
		if l.creator.Func == "" {
			l.creator = g.creator
		}
		if !counted {
			l.count++
		}
	}
	return rest
}

// all is every goroutine but the caller's own.
func (c *check) all() ([]leak, error) {
	var own []goroutine
	for _, g := range running() {
		if g.id != c.self && !c.ignore(names(g.frames)) {
			own = append(own, g)
		}
	}
	return join(nil, own, nil), nil
}

// keyed is how many of the innermost frames make two stacks the same. The two witnesses differ further out, in
// wrappers and in how much they keep.
const keyed = 6

func key(frames []profile.Frame) string {
	var b strings.Builder
	n := 0
	for _, f := range frames {
		if strings.HasPrefix(f.Func, "runtime.") {
			continue
		}
		b.WriteString(f.Func)
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(f.Line))
		b.WriteByte('\n')
		if n++; n == keyed {
			break
		}
	}
	return b.String()
}

func names(frames []profile.Frame) []string {
	names := make([]string, len(frames))
	for i, f := range frames {
		names[i] = f.Func
	}
	return names
}

// text describes leaks, the most frequent first.
func text(leaks []leak) string {
	slices.SortStableFunc(leaks, func(a, b leak) int { return b.count - a.count })
	var b strings.Builder
	for _, l := range leaks {
		fmt.Fprintf(&b, "  %d in %s:\n", l.count, l.waits)
		for _, f := range l.frames {
			fmt.Fprintf(&b, "    %s\n      %s:%d\n", f.Func, f.File, f.Line)
		}
		if l.creator.Func != "" {
			fmt.Fprintf(&b, "    created by %s\n      %s:%d\n", l.creator.Func, l.creator.File, l.creator.Line)
		}
	}
	return b.String()
}
