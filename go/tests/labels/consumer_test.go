// Builds a consumer of the module under the go lines and toolchains that decide whether and how debug=2 shows
// labels, and reads its dumps.
//
// GO_TOOLCHAINS may list go commands, separated by colons; the default is the one on PATH.

package labels

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const program = `package main

import (
	"context"
	"os"
	"runtime/pprof"
	"strconv"

	"github.com/goherd/goherd/go/labels"
	"github.com/goherd/goherd/go/runner"
)

func main() {
	var table labels.Table
	up, stop := make(chan struct{}), make(chan struct{})
	go table.Endpoint("auth", "GET /login").Do(context.Background(), func(context.Context) { up <- struct{}{}; <-stop })
	<-up
	r := runner.New(context.Background(), "ingest")
	r.Go("read", func(context.Context) error { up <- struct{}{}; <-stop; return nil })
	<-up
	debug, _ := strconv.Atoi(os.Args[1])
	_ = pprof.Lookup("goroutine").WriteTo(os.Stdout, debug)
}
`

func TestConsumers(t *testing.T) {
	toolchains := filepath.SplitList(os.Getenv("GO_TOOLCHAINS"))
	if len(toolchains) == 0 {
		toolchains = []string{"go"}
	}
	for _, command := range toolchains {
		version, err := exec.Command(command, "env", "GOVERSION").Output()
		if err != nil {
			t.Fatal(err)
		}
		minor, err := strconv.Atoi(regexp.MustCompile(`^go1\.(\d+)`).FindStringSubmatch(string(version))[1])
		if err != nil {
			t.Fatal(err)
		}
		for line := 24; line <= minor; line++ {
			for _, on := range []string{"", "tracebacklabels=1"} {
				t.Run(fmt.Sprintf("go1.%d/line1.%d/%s", minor, line, on), func(t *testing.T) {
					consume(t, command, minor, line, on)
				})
			}
		}
	}
}

// consume builds the program and checks its dumps.
func consume(t *testing.T, command string, minor, line int, godebug string) {
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), program)
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf("module consumer\n\ngo 1.%d\n\nrequire github.com/goherd/goherd/go v0.0.0\n\nreplace github.com/goherd/goherd/go => %s\n", line, module))
	binary := filepath.Join(dir, "consumer")
	build := exec.Command(command, "build", "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dump := func(debug string) string {
		run := exec.Command(binary, debug)
		run.Env = append(os.Environ(), "GODEBUG="+godebug)
		out, err := run.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, set := range []struct{ one, inside, behind string }{
		{`# labels: {"endpoint":"GET /login", "service":"auth"}`, `labels:{"endpoint": "GET /login", "service": "auth"}]:`, `] {endpoint: "GET /login", service: auth}:`},
		{`# labels: {"runner":"ingest", "task":"read"}`, `labels:{"runner": "ingest", "task": "read"}]:`, `] {runner: ingest, task: read}:`},
	} {
		if text := dump("1"); !strings.Contains(text, set.one) {
			t.Errorf("no %s in debug=1:\n%s", set.one, text)
		}
		text := dump("2")
		// By Go's history of the setting: 1.26 knows it and has it off, 1.27 turns it on for modules with its
		// own go line.
		want := map[string]bool{
			set.inside: minor == 26 && godebug != "",
			set.behind: minor >= 27 && (line >= 27 || godebug != ""),
		}
		for part, want := range want {
			if strings.Contains(text, part) != want {
				t.Errorf("%s in debug=2: want %v\n%s", part, want, text)
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
