package timers

import (
	"context"
	"errors"
	"time"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	untilReady(ctx, func() bool { return true })
	beats := make(chan struct{}, 1)
	beats <- struct{}{}
	reset(beats, time.Millisecond)
	failing := errors.New("refused")
	retried(ctx, func(context.Context) error { return failing })
	thrice(func() error { return failing })
	newCache(time.Millisecond, func() {}).close()
	delayed(time.Hour, func() {})()
	once(nil, time.Millisecond)
	paced(context.Background(), []string{"a", "b"}, func(string) error { return nil })
	everySecond(ctx, func() {})
}
