// Where reports go: a file, a log line, a webhook.

package fuse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func makeDir(dir string) error { return os.MkdirAll(dir, 0o750) }

// writeFile writes a report under a temporary name, has it reach the disk, and
// renames it, so that nobody ever reads half of one.
func writeFile(dir string, keep int, r *Report) (string, error) {
	tmp, err := os.CreateTemp(dir, ".fuse-*.tmp")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename there is none
	err = json.NewEncoder(tmp).Encode(r)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	mine := fmt.Sprintf("-%d.json", r.PID)
	file := filepath.Join(dir, "fuse-"+r.At.Format("20060102T150405.000000Z")+mine)
	if err := os.Rename(tmp.Name(), file); err != nil {
		return "", err
	}
	prune(dir, mine, keep)
	return file, nil
}

// prune removes this process's oldest reports; their names sort by time.
func prune(dir, suffix string, keep int) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "fuse-") && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names[:max(0, len(names)-keep)] {
		_ = os.Remove(filepath.Join(dir, name))
	}
}

// summary names the first locks of a report in a line.
func summary(r *Report) string {
	var b strings.Builder
	for i, l := range r.Locks {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(r.Locks)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s %s: %d waiting", l.Kind, l.Address, l.Name, len(l.Waiters))
		for _, h := range l.Holders {
			fmt.Fprintf(&b, ", held by goroutine %d", h.Goroutine)
			if h.Ended {
				b.WriteString(" (ended)")
			} else if h.At != nil {
				fmt.Fprintf(&b, " in %s [%s]", h.At.Func, h.State)
			}
		}
	}
	return b.String()
}

// post sends the redacted report; the answer must be a 2xx.
func (s *Scanner) post(ctx context.Context, r *Report) error {
	body, err := s.opt.body(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.opt.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, 4096)
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

// body is a report fit to leave the machine: no labels, no folders of files, and
// only the goroutines that wait or hold. Lists are halved until it is no longer
// than the limit; Hidden counts what was left out.
func (o *Options) body(r *Report) ([]byte, error) {
	small := redacted(r)
	for {
		body, err := json.Marshal(small)
		if err != nil || len(body) <= o.MaxBody {
			return body, err
		}
		if !halve(small) {
			return nil, fmt.Errorf("the least report has %d bytes, the limit is %d", len(body), o.MaxBody)
		}
	}
}

func redacted(r *Report) *Report {
	c := *r
	c.Hidden = map[string]int{}
	c.Graph = Graph{Nodes: []Node{}, Edges: []Edge{}}
	c.Hidden["graph.nodes"], c.Hidden["graph.edges"] = len(r.Graph.Nodes), len(r.Graph.Edges)

	involved := map[int64]bool{}
	c.Waiters = slices.Clone(r.Waiters)
	for i := range c.Waiters {
		involved[c.Waiters[i].Goroutine] = true
		c.Waiters[i].At = base(c.Waiters[i].At)
	}
	c.Locks = slices.Clone(r.Locks)
	for i := range c.Locks {
		l := &c.Locks[i]
		l.MadeAt = base(l.MadeAt)
		l.Holders, l.Guesses = slices.Clone(l.Holders), slices.Clone(l.Guesses)
		for j := range l.Holders {
			involved[l.Holders[j].Goroutine] = true
			l.Holders[j].At = base(l.Holders[j].At)
		}
		for j := range l.Guesses {
			involved[l.Guesses[j].Goroutine] = true
			l.Guesses[j].At = base(l.Guesses[j].At)
		}
	}
	c.Goroutines, c.Stacks = []Goroutine{}, []Stack{}
	stacks := map[int]int{}
	for _, g := range r.Goroutines {
		if !involved[g.ID] {
			c.Hidden["goroutines"]++
			continue
		}
		at, ok := stacks[g.Stack]
		if !ok {
			at = len(c.Stacks)
			stacks[g.Stack] = at
			from := r.Stacks[g.Stack]
			frames := slices.Clone(from.Frames)
			for i := range frames {
				frames[i] = *base(&frames[i])
			}
			c.Stacks = append(c.Stacks, Stack{Count: from.Count, Frames: frames, CreatedBy: base(from.CreatedBy)})
		}
		g.Labels, g.Stack = nil, at
		c.Goroutines = append(c.Goroutines, g)
	}
	return &c
}

func base(p *Place) *Place {
	if p == nil {
		return nil
	}
	return &Place{Func: p.Func, File: filepath.Base(p.File), Line: p.Line}
}

// halve shortens the lists from the one that says least, and reports whether
// there was anything to shorten.
func halve(r *Report) bool {
	switch {
	case len(r.Goroutines) > 0:
		r.Hidden["goroutines"] += len(r.Goroutines)
		r.Hidden["stacks"] += len(r.Stacks)
		r.Goroutines, r.Stacks = []Goroutine{}, []Stack{}
	case len(r.Waiters) > 1 || len(r.Locks) > 1 || len(r.Cycles) > 1:
		r.Waiters = cutHalf(r, "waiters", r.Waiters)
		r.Locks = cutHalf(r, "locks", r.Locks)
		r.Cycles = cutHalf(r, "cycles", r.Cycles)
		for i := range r.Locks {
			r.Locks[i].Waiters = cutHalf(r, "locks.waiters", r.Locks[i].Waiters)
			r.Locks[i].Holders = cutHalf(r, "locks.holders", r.Locks[i].Holders)
		}
	case len(r.States) > 0:
		r.Hidden["states"] = len(r.States)
		r.States = nil
	default:
		return false
	}
	return true
}

func cutHalf[T any](r *Report, name string, list []T) []T {
	keep := (len(list) + 1) / 2
	if keep == len(list) {
		return list
	}
	r.Hidden[name] += len(list) - keep
	return list[:keep]
}
