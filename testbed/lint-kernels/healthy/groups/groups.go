// Package groups has goroutines that are waited for, though not always where they start.
package groups

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// server counts its connections where it accepts them and waits for them where it is closed.
type server struct {
	conns   sync.WaitGroup
	handle  func(int)
	stopped chan struct{}
}

func (s *server) accept(conn int) {
	s.conns.Add(1)
	go s.serve(conn)
}

func (s *server) serve(conn int) {
	defer s.conns.Done()
	s.handle(conn)
}

func (s *server) close() {
	s.conns.Wait()
	close(s.stopped)
}

// byPointer shares one group with its workers.
func byPointer(pictures []string, resize func(string)) {
	var workers sync.WaitGroup
	for _, picture := range pictures {
		workers.Add(1)
		go work(&workers, picture, resize)
	}
	workers.Wait()
}

func work(workers *sync.WaitGroup, picture string, resize func(string)) {
	defer workers.Done()
	resize(picture)
}

// allAtOnce counts before the loop, which starts as many as were counted.
func allAtOnce(tables []string, move func(string)) {
	var moves sync.WaitGroup
	moves.Add(len(tables))
	for _, table := range tables {
		go func() {
			defer moves.Done()
			move(table)
		}()
	}
	moves.Wait()
}

// counted uses the method that counts by itself.
func counted(domains []string, check func(string)) {
	var checks sync.WaitGroup
	for _, domain := range domains {
		checks.Go(func() { check(domain) })
	}
	checks.Wait()
}

// growing counts inside a goroutine that is itself counted, so that the count cannot reach nought before.
func growing(root string, list func(string) []string) int64 {
	var walk sync.WaitGroup
	var seen atomic.Int64
	var visit func(folder string)
	visit = func(folder string) {
		defer walk.Done()
		seen.Add(1)
		for _, sub := range list(folder) {
			walk.Add(1)
			go visit(sub)
		}
	}
	walk.Add(1)
	go visit(root)
	walk.Wait()
	return seen.Load()
}

// doneInClosure counts down together with what else is to be done at the end.
func doneInClosure(jobs []func() error) []error {
	var running sync.WaitGroup
	failed := make([]error, len(jobs))
	for at, job := range jobs {
		running.Add(1)
		go func() {
			defer func() {
				if reason := recover(); reason != nil {
					failed[at] = fmt.Errorf("job %d: %v", at, reason)
				}
				running.Done()
			}()
			failed[at] = job()
		}()
	}
	running.Wait()
	return failed
}

// doneByCallback counts down where the answer comes in.
func doneByCallback(questions []string, ask func(string, func(string))) []string {
	var pending sync.WaitGroup
	var mu sync.Mutex
	var answers []string
	for _, question := range questions {
		pending.Add(1)
		ask(question, func(answer string) {
			defer pending.Done()
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, answer)
		})
	}
	pending.Wait()
	return answers
}

// inRounds uses one group again after it was waited for.
func inRounds(rounds [][]func()) {
	var running sync.WaitGroup
	for _, round := range rounds {
		for _, job := range round {
			running.Add(1)
			go func() {
				defer running.Done()
				job()
			}()
		}
		running.Wait()
	}
}

// inBackground waits in a goroutine of its own, so that the results can be read meanwhile.
func inBackground(files []string, load func(string) int) int {
	results := make(chan int)
	var loads sync.WaitGroup
	for _, file := range files {
		loads.Go(func() { results <- load(file) })
	}
	go func() {
		loads.Wait()
		close(results)
	}()
	sum := 0
	for result := range results {
		sum += result
	}
	return sum
}

// skipping counts only what it starts.
func skipping(volumes []string, clean func(string) bool, upload func(string)) {
	var uploads sync.WaitGroup
	for _, volume := range volumes {
		if clean(volume) {
			continue
		}
		uploads.Add(1)
		go func() {
			defer uploads.Done()
			upload(volume)
		}()
	}
	uploads.Wait()
}

// limited starts from outside the group; its members start none.
func limited(ctx context.Context, pages []string, fetch func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, page := range pages {
		group.Go(func() error { return fetch(ctx, page) })
	}
	return group.Wait()
}

// nested does by itself what the group has no place for.
func nested(root string, list func(string) []string, read func(string) error) error {
	var group errgroup.Group
	group.SetLimit(2)
	var visit func(folder string) error
	visit = func(folder string) error {
		for _, sub := range list(folder) {
			if !group.TryGo(func() error { return visit(sub) }) {
				if err := visit(sub); err != nil {
					return err
				}
			}
		}
		return read(folder)
	}
	group.Go(func() error { return visit(root) })
	return group.Wait()
}

// pipeline is a group that is waited for elsewhere.
type pipeline struct {
	group *errgroup.Group
	ctx   context.Context
	stop  context.CancelFunc
}

func start(parent context.Context, stages ...func(context.Context) error) *pipeline {
	ctx, stop := context.WithCancel(parent)
	p := &pipeline{stop: stop}
	p.group, p.ctx = errgroup.WithContext(ctx)
	for _, stage := range stages {
		p.group.Go(func() error { return stage(p.ctx) })
	}
	return p
}

func (p *pipeline) close() error {
	p.stop()
	return p.group.Wait()
}

// storedAfter uses the group's context in the group and the caller's after it.
func storedAfter(ctx context.Context, load func(context.Context) error, store func(context.Context) error) error {
	group, loading := errgroup.WithContext(ctx)
	group.Go(func() error { return load(loading) })
	if err := group.Wait(); err != nil {
		return err
	}
	return store(ctx)
}

// weighed gives back what it took, in the goroutine that used it.
func weighed(ctx context.Context, limit *semaphore.Weighted, films []string, convert func(string)) error {
	for _, film := range films {
		if err := limit.Acquire(ctx, 1); err != nil {
			return err
		}
		go func() {
			defer limit.Release(1)
			convert(film)
		}()
	}
	return nil
}
