// Builds a consumer of the module under the go lines and toolchains that decide whether and how debug=2 shows
// labels, and reads its dumps.

package labels

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/goherd/goherd/go/tests/internal/consumer"
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
	consumer.Each(t, func(t *testing.T, command string, minor, line int) {
		binary := consumer.Build(t, command, line, program)
		for _, on := range []string{"", "tracebacklabels=1"} {
			t.Run("GODEBUG="+on, func(t *testing.T) { dumps(t, binary, minor, line, on) })
		}
	})
}

// dumps checks what a consumer prints.
func dumps(t *testing.T, binary string, minor, line int, godebug string) {
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
