// Package lostcancel shows what go vet's lostcancel reports and what it does not.
package lostcancel

import (
	"context"
	"errors"
	"time"

	std "context"
)

var errBusy = errors.New("busy")

func ask(ctx context.Context, question string) error {
	if question == "" {
		return errBusy
	}
	return ctx.Err()
}

// The cancel function goes nowhere.
func dropped(parent context.Context) error {
	ctx, _ := context.WithCancel(parent) // want lostcancel "the cancel function returned by context.WithCancel should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

func droppedTimeout(parent context.Context) error {
	ctx, _ := context.WithTimeout(parent, time.Second) // want lostcancel "the cancel function returned by context.WithTimeout should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

func droppedDeadline(parent context.Context, at time.Time) error {
	ctx, _ := context.WithDeadline(parent, at) // want lostcancel "the cancel function returned by context.WithDeadline should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

func droppedCause(parent context.Context) error {
	ctx, _ := context.WithCancelCause(parent) // want lostcancel "the cancel function returned by context.WithCancelCause should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

func droppedTimeoutCause(parent context.Context) error {
	ctx, _ := context.WithTimeoutCause(parent, time.Second, errBusy) // want lostcancel "the cancel function returned by context.WithTimeoutCause should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

func droppedDeadlineCause(parent context.Context, at time.Time) error {
	ctx, _ := context.WithDeadlineCause(parent, at, errBusy) // want lostcancel "the cancel function returned by context.WithDeadlineCause should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

// The package goes by another name.
func droppedUnderAlias(parent std.Context) error {
	ctx, _ := std.WithCancel(parent) // want lostcancel "the cancel function returned by context.WithCancel should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

// A declaration with var is read like one with :=.
func droppedByVar(parent context.Context) error {
	var ctx, _ = context.WithCancel(parent) // want lostcancel "the cancel function returned by context.WithCancel should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

// An assignment to variables that exist already.
func droppedByAssignment(parent context.Context) error {
	var ctx context.Context
	ctx, _ = context.WithTimeout(parent, time.Second) // want lostcancel "the cancel function returned by context.WithTimeout should be called, not discarded, to avoid a context leak"
	return ask(ctx, "price")
}

// A function literal is a function of its own.
func droppedInLiteral(parent context.Context) func() error {
	return func() error {
		ctx, _ := context.WithCancel(parent) // want lostcancel "the cancel function returned by context.WithCancel should be called, not discarded, to avoid a context leak"
		return ask(ctx, "price")
	}
}

// A package variable is never left, so there is no path to look at.
var background, _ = context.WithCancel(context.Background())

// Through a variable that holds the function, nobody knows what is called.
func droppedThroughVariable(parent context.Context) error {
	derive := context.WithCancel
	ctx, _ := derive(parent)
	return ask(ctx, "price")
}

// A wrapper's second result is not known to be a cancel function.
func droppedFromWrapper(parent context.Context) error {
	ctx, _ := limited(parent)
	return ask(ctx, "price")
}

func limited(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(parent, time.Second)
}
