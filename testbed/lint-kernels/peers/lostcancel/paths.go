package lostcancel

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"time"
)

// One way out does not mention cancel.
func onePathWithout(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	if question == "" {
		return errBusy // want lostcancel "this return statement may be reached without using the cancel var"
	}
	err := ask(ctx, question)
	cancel()
	return err
}

// The way out is the end of the function.
func endWithout(parent context.Context, question string) {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	if ask(ctx, question) != nil {
		cancel()
	}
} // want lostcancel "this return statement may be reached without using the cancel var"

func deferred(parent context.Context, question string) error {
	ctx, cancel := context.WithTimeout(parent, time.Second)
	defer cancel()
	if question == "" {
		return errBusy
	}
	return ask(ctx, question)
}

// The return before the definition does not count.
func returnBefore(parent context.Context, question string) error {
	if question == "" {
		return errBusy
	}
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	return ask(ctx, question)
}

// A switch without default has a path past all its cases.
func switchWithoutDefault(parent context.Context, kind int) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	switch kind {
	case 1:
		cancel()
	case 2:
		cancel()
	}
	return ask(ctx, "price") // want lostcancel "this return statement may be reached without using the cancel var"
}

func switchWithDefault(parent context.Context, kind int) error {
	ctx, cancel := context.WithCancel(parent)
	err := ask(ctx, "price")
	switch kind {
	case 1:
		cancel()
	default:
		cancel()
	}
	return err
}

// One arm of a select forgets.
func selectArm(parent context.Context, answers <-chan error) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	go func() { _ = ask(ctx, "price") }()
	select {
	case err := <-answers:
		cancel()
		return err
	case <-parent.Done():
		return parent.Err() // want lostcancel "this return statement may be reached without using the cancel var"
	}
}

// A loop may run no time at all.
func loopOnly(parent context.Context, questions []string) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	for range questions {
		cancel()
	}
	return ctx.Err() // want lostcancel "this return statement may be reached without using the cancel var"
}

// A loop without an end is never left.
func endless(parent context.Context, questions <-chan string) {
	ctx, cancel := context.WithCancel(parent)
	for {
		if err := ask(ctx, <-questions); err == errBusy {
			cancel()
		}
	}
}

// A path that ends in a panic is no way out.
func panics(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent)
	if question == "" {
		panic("no question")
	}
	defer cancel()
	return ask(ctx, question)
}

// Nor is one that ends the process.
func exits(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent)
	if question == "" {
		os.Exit(2)
	}
	defer cancel()
	return ask(ctx, question)
}

func logsFatal(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent)
	if question == "" {
		log.Fatal("no question")
	}
	defer cancel()
	return ask(ctx, question)
}

func exitsGoroutine(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent)
	if question == "" {
		runtime.Goexit()
	}
	defer cancel()
	return ask(ctx, question)
}

// A function of the package that never returns.
func dies(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent)
	if question == "" {
		die("no question")
	}
	defer cancel()
	return ask(ctx, question)
}

func die(reason string) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(2)
}

// A goto past the call.
func jumps(parent context.Context, question string) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	err := ask(ctx, question)
	if err == errBusy {
		goto done
	}
	cancel()
done:
	return err // want lostcancel "this return statement may be reached without using the cancel var"
}

// A break out of a labelled loop past the call.
func breaksOut(parent context.Context, questions []string) error {
	ctx, cancel := context.WithCancel(parent) // want lostcancel "the cancel function is not used on all paths (possible context leak)"
	var err error
ask:
	for {
		for _, question := range questions {
			if err = ask(ctx, question); err != nil {
				break ask
			}
		}
		cancel()
		return nil
	}
	return err // want lostcancel "this return statement may be reached without using the cancel var"
}
