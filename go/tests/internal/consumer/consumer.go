// Package consumer builds programs that use the module, by several toolchains and go lines.
package consumer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// Each calls f for each toolchain and each go line from 1.24 to its own. GO_TOOLCHAINS may list go commands, separated by colons;
// the default is the one on PATH.
func Each(t *testing.T, f func(t *testing.T, command string, minor, line int)) {
	commands := filepath.SplitList(os.Getenv("GO_TOOLCHAINS"))
	if len(commands) == 0 {
		commands = []string{"go"}
	}
	for _, command := range commands {
		version, err := exec.Command(command, "env", "GOVERSION").Output()
		if err != nil {
			t.Fatal(err)
		}
		minor, err := strconv.Atoi(regexp.MustCompile(`^go1\.(\d+)`).FindStringSubmatch(string(version))[1])
		if err != nil {
			t.Fatal(err)
		}
		for line := 24; line <= minor; line++ {
			t.Run(fmt.Sprintf("go1.%d/line1.%d", minor, line), func(t *testing.T) { f(t, command, minor, line) })
		}
	}
}

// Build builds the program in a module of that go line and returns the binary.
func Build(t *testing.T, command string, line int, program string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	module := filepath.Join(filepath.Dir(here), "..", "..", "..")
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", program)
	write("go.mod", fmt.Sprintf("module consumer\n\ngo 1.%d\n\nrequire github.com/goherd/goherd/go v0.0.0\n\nreplace github.com/goherd/goherd/go => %s\n", line, module))
	binary := filepath.Join(dir, "consumer")
	build := exec.Command(command, "build", "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
