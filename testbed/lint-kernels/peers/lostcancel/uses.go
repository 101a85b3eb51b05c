package lostcancel

import (
	"context"
	"errors"
	"time"
)

type session struct {
	ctx    context.Context
	cancel context.CancelFunc
}

var stopAll context.CancelFunc

// Any mention counts as a use.
func mentioned(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	_ = cancel
	return ask(ctx, "price")
}

func passedOn(parent context.Context, keep func(context.CancelFunc)) error {
	ctx, cancel := context.WithCancel(parent)
	keep(cancel)
	return ask(ctx, "price")
}

func capturedByLiteral(parent context.Context) func() error {
	ctx, cancel := context.WithCancel(parent)
	return func() error {
		defer cancel()
		return ask(ctx, "price")
	}
}

func returned(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(parent, time.Second)
	return ctx, cancel
}

// A return without operands uses the named results.
func returnedByName(parent context.Context, limit time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	ctx, cancel = context.WithTimeout(parent, limit)
	return
}

// A return with other operands does not.
func namedAndNotReturned(parent context.Context, limit time.Duration) (ctx context.Context, cancel context.CancelFunc, err error) {
	ctx, cancel = context.WithTimeout(parent, limit) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	if limit == 0 {
		return nil, nil, errBusy // want lostcancel "this return statement may be reached without using the cancel var"
	}
	return ctx, cancel, nil
}

func storedInLiteral(parent context.Context) *session {
	ctx, cancel := context.WithCancel(parent)
	return &session{ctx: ctx, cancel: cancel}
}

// A field is not followed, whatever becomes of it.
func storedInField(parent context.Context, s *session) error {
	s.ctx, s.cancel = context.WithCancel(parent)
	return ask(s.ctx, "price")
}

// A package variable is not followed either.
func storedInPackage(parent context.Context) error {
	var ctx context.Context
	ctx, stopAll = context.WithCancel(parent)
	return ask(ctx, "price")
}

// The second cancel function takes the place of the first, which is lost.
func overwritten(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	if err := ask(ctx, "price"); err == nil {
		cancel()
		return nil
	}
	ctx, cancel = context.WithTimeout(parent, time.Second)
	defer cancel()
	return ask(ctx, "price")
}

// So does that of the next round.
func overwrittenInLoop(parent context.Context, questions []string) error {
	var cancel context.CancelFunc = func() {}
	var ctx context.Context
	for _, question := range questions {
		ctx, cancel = context.WithTimeout(parent, time.Second)
		if err := ask(ctx, question); err != nil {
			break
		}
	}
	cancel()
	return nil
}

// The inner cancel function is another variable.
func shadowed(parent context.Context, limit time.Duration) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	if limit > 0 {
		ctx, cancel := context.WithTimeout(ctx, limit) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
		if err := ask(ctx, "price"); err != nil {
			return errors.Join(err, errBusy) // want lostcancel "this return statement may be reached without using the cancel var"
		}
		cancel()
	}
	return ask(ctx, "price")
}

// A literal assigns to the variable of the function around it.
func assignedInLiteral(parent context.Context) error {
	var cancel context.CancelFunc
	start := func() error {
		var ctx context.Context
		ctx, cancel = context.WithCancel(parent)
		return ask(ctx, "price")
	}
	err := start()
	cancel()
	return err
}

func deferredInBranch(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	if question != "" {
		defer cancel()
	}
	return ask(ctx, question) // want lostcancel "this return statement may be reached without using the cancel var"
}

func launched(parent context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		<-done
		cancel()
	}()
	return ask(ctx, "price")
}

// WithoutCancel and WithValue have nothing to cancel.
func nothingToCancel(parent context.Context) error {
	return ask(context.WithoutCancel(parent), "price")
}
