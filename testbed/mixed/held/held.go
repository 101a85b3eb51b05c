// Package held answers the commands by which a program under test prints what it knows of itself.
package held

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
)

// Serve says that the program is ready, then does what each line of standard input asks for and says when it is done.
func Serve() {
	fmt.Println("ready", runtime.Version())
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		word, path, _ := strings.Cut(input.Text(), " ")
		if err := do(word, path); err != nil {
			fmt.Println("failed", word, err)
			continue
		}
		fmt.Println("done", word)
	}
}

func do(word, path string) error {
	switch word {
	case "gc":
		runtime.GC()
		return nil
	case "exit":
		os.Exit(0)
	case "exec":
		return syscall.Exec("/bin/sleep", []string{"sleep", "60"}, os.Environ())
	case "stacks":
		return write(path, 2)
	case "profile":
		return write(path, 1)
	case "leaks":
		return leaks(path)
	case "heap":
		return heap(path)
	}
	return fmt.Errorf("unknown command %q", word)
}

// leaks writes the runtime's own list of leaked goroutines, where this build has one.
func leaks(path string) error {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		return fmt.Errorf("this build has no leak profile")
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := profile.WriteTo(file, 2); err != nil {
		return err
	}
	return file.Close()
}

// heap writes the memory profile as net/http/pprof serves it.
func heap(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {
		return err
	}
	return file.Close()
}

func write(path string, debug int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.Lookup("goroutine").WriteTo(file, debug); err != nil {
		return err
	}
	return file.Close()
}
