// Build-oracle says what Go's own packages make of build constraints, one JSON answer a line for each JSON question a line.
//
// A question of kind "line" holds a constraint line and the tags that hold; "file" a file's name and text, matched for the tags and the
// platform of the flags; "language" a file's text and the version of its module.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
)

type question struct {
	Kind string   `json:"kind"`
	Name string   `json:"name"`
	Text string   `json:"text"`
	Tags []string `json:"tags"`
}

type answer struct {
	Holds  bool   `json:"holds"`
	Go     string `json:"go,omitempty"`
	Error  string `json:"error,omitempty"`
	Offset int    `json:"offset,omitempty"`
}

func main() {
	goos := flag.String("os", "linux", "GOOS of files")
	goarch := flag.String("arch", "amd64", "GOARCH of files")
	cgo := flag.Bool("cgo", false, "cgo for files")
	flag.Parse()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		var asked question
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		var said answer
		switch asked.Kind {
		case "line":
			said = line(asked)
		case "file":
			context := build.Default
			context.GOOS, context.GOARCH, context.CgoEnabled = *goos, *goarch, *cgo
			context.BuildTags, context.ToolTags = asked.Tags, nil
			context.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(asked.Text)), nil }
			holds, err := context.MatchFile("/folder", asked.Name)
			said = answer{Holds: holds}
			if err != nil {
				said.Error = err.Error()
			}
		case "language":
			said = language(asked)
		}
		text, err := json.Marshal(said)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintf(out, "%s\n", text)
	}
	if err := errors.Join(in.Err(), out.Flush()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func line(asked question) answer {
	expr, err := constraint.Parse(asked.Text)
	if err != nil {
		said := answer{Error: err.Error()}
		if syntax := new(constraint.SyntaxError); errors.As(err, &syntax) {
			said.Offset = syntax.Offset
		}
		return said
	}
	holds := expr.Eval(func(tag string) bool { return slices.Contains(asked.Tags, tag) })
	return answer{Holds: holds, Go: constraint.GoVersion(expr)}
}

// Language is the version that go/types takes for the only file of a package whose module has the version Name.
func language(asked question) answer {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "x.go", asked.Text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return answer{Error: err.Error()}
	}
	info := types.Info{FileVersions: map[*ast.File]string{}}
	config := types.Config{GoVersion: asked.Name, Error: func(error) {}}
	_, _ = config.Check("x", set, []*ast.File{file}, &info)
	return answer{Go: info.FileVersions[file]}
}
