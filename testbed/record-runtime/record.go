// Package record runs one kernel for some seconds and writes what the process allocated meanwhile, or a trace of it.
package record

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"os"
	"path/filepath"
	runtimepprof "runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"
)

// Main runs a kernel as `PROGRAM KERNEL N SECONDS [FOLDER [TRACED]]` asks: it calls the kernel with N and ends after SECONDS.
//
// With a folder, it writes two profiles there as net/http/pprof serves them: allocs.delta.pb.gz, what was allocated in the
// second half of the time (`/debug/pprof/allocs?seconds=…`), and at the end allocs.pb.gz, what was allocated since the start.
//
// With a folder and a duration, it writes trace.out there instead: the execution trace of so long, after a second in which the kernel gets going,
// with the CPU profiler's samples in it.
func Main(kernels map[string]func(int)) {
	if err := run(kernels, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kernels map[string]func(int), args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: KERNEL N SECONDS [FOLDER]")
	}
	kernel := kernels[args[0]]
	if kernel == nil {
		return fmt.Errorf("no kernel %s", args[0])
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	kernel(n)
	if len(args) == 3 {
		time.Sleep(time.Duration(seconds) * time.Second)
		return nil
	}
	if len(args) > 4 {
		span, err := time.ParseDuration(args[4])
		if err != nil {
			return err
		}
		return traced(args[3], span)
	}
	half := seconds / 2
	time.Sleep(time.Duration(seconds-half) * time.Second)
	if err := write(args[3], "allocs.delta.pb.gz", fmt.Sprint("?seconds=", half)); err != nil {
		return err
	}
	return write(args[3], "allocs.pb.gz", "")
}

func traced(folder string, span time.Duration) error {
	time.Sleep(time.Second)
	target, err := os.Create(filepath.Join(folder, "trace.out"))
	if err != nil {
		return err
	}
	if err := trace.Start(target); err != nil {
		return err
	}
	if err := runtimepprof.StartCPUProfile(io.Discard); err != nil {
		return err
	}
	time.Sleep(span)
	runtimepprof.StopCPUProfile()
	trace.Stop()
	return target.Close()
}

func write(folder, name, query string) error {
	answer := httptest.NewRecorder()
	pprof.Handler("allocs").ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/pprof/allocs"+query, nil))
	if answer.Code != http.StatusOK {
		return fmt.Errorf("%s: %s", name, answer.Body)
	}
	return os.WriteFile(filepath.Join(folder, name), answer.Body.Bytes(), 0o644)
}
