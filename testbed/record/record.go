// Package record runs one kernel and writes profiles of its own process, as told on standard input.
package record

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
)

// tenants are the label values of successive runs; the last two need quoting in a traceback.
var tenants = []string{"acme", "blue moon", `corner "shop" [eu]: 7`}

// Main runs the kernel named by the first argument until SIGTERM or the end of standard input; "peer" runs Peer instead.
//
// With the second argument "labels" the kernel's goroutines carry pprof labels. Each line of standard input is a
// command, answered by one line, "ok" or an error:
//
//	run N                  call the kernel with N, in a goroutine that ends with it
//	gc                     collect garbage, which is what dates a wait in a traceback
//	write NAME DEBUG FILE  write the profile NAME in the form DEBUG (0, 1, 2) to FILE
func Main(kernels map[string]func(int)) {
	if os.Args[1] == "peer" {
		Peer()
		return
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	kernel := kernels[os.Args[1]]
	if kernel == nil {
		fmt.Println("no kernel", os.Args[1])
		os.Exit(2)
	}
	labelled := len(os.Args) > 2 && os.Args[2] == "labels"
	go obey(os.Stdin, os.Stdout, kernel, labelled)
	<-stop
}

func obey(commands io.Reader, answers io.Writer, kernel func(int), labelled bool) {
	runs := 0
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		words := strings.SplitN(lines.Text(), " ", 4)
		var err error
		switch {
		case len(words) == 2 && words[0] == "run":
			err = run(words[1], kernel, labelled, runs)
			runs++
		case len(words) == 1 && words[0] == "gc":
			runtime.GC()
		case len(words) == 4 && words[0] == "write":
			err = write(words[1], words[2], words[3])
		default:
			err = fmt.Errorf("no such command: %s", lines.Text())
		}
		if err != nil {
			fmt.Fprintln(answers, err)
			continue
		}
		fmt.Fprintln(answers, "ok")
	}
	os.Exit(0)
}

func run(count string, kernel func(int), labelled bool, runs int) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !labelled {
			kernel(n)
			return
		}
		labels := pprof.Labels("tenant", tenants[runs%len(tenants)], "route", "/v1/orders/{id}")
		pprof.Do(context.Background(), labels, func(context.Context) { kernel(n) })
	}()
	<-done
	return nil
}

func write(name, debug, file string) error {
	form, err := strconv.Atoi(debug)
	if err != nil {
		return err
	}
	profile := pprof.Lookup(name)
	if profile == nil {
		return fmt.Errorf("this build has no profile %s", name)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := profile.WriteTo(out, form); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
