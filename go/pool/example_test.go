// The main use, as the page of the pool shows it.

package pool_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/goherd/goherd/go/pool"
)

type node struct{ left, right *node }

func full(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{full(depth - 1), full(depth - 1)}
}

func count(w *pool.Worker, n *node) int {
	if n == nil {
		return 0
	}
	var left, right int
	w.Go(func(w *pool.Worker) error { left = count(w, n.left); return nil })
	w.Go(func(w *pool.Worker) error { right = count(w, n.right); return nil })
	_ = w.Join()
	return 1 + left + right
}

func ExampleWorker_Join() {
	p := pool.New()
	defer p.Close()

	tree := full(10)
	var nodes int
	err := p.Run(context.Background(), func(w *pool.Worker) error { nodes = count(w, tree); return nil })
	fmt.Println(nodes, err)
	// Output: 1023 <nil>
}

func ExampleGroup() {
	ctx := context.Background()
	p := pool.New()
	defer p.Close()

	var sum atomic.Int64
	g := p.Group()
	for i := range int64(100) {
		if err := g.Submit(ctx, func(*pool.Worker) error { sum.Add(i); return nil }); err != nil {
			fmt.Println(err)
		}
	}
	err := g.Wait(ctx)
	fmt.Println(sum.Load(), err)
	// Output: 4950 <nil>
}
