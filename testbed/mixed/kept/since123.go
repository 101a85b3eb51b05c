//go:build go1.23

package main

import "iter"

func init() {
	keepers["coroutine"] = keepCoroutine
	keepers["deferred from a loop's body"] = keepFromBody
}

func keepCoroutine() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		c := start()
		yield(1)
		close(c)
	})
	next()
	long()
	stop()
}

func keepFromBody() {
	once := func(yield func(chan int) bool) { yield(start()) }
	for c := range once {
		defer func() { close(c) }()
	}
	long()
}
