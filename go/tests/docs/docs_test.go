// The programs in the pages of docs/module compile, and those in both languages are the same.

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages and the module, from here, by which the programs of each are built.
var pages = map[string]string{
	"labels":      "../..",
	"runner":      "../..",
	"account":     "../..",
	"prom":        "../../prom",
	"deadline":    "../..",
	"canceltrace": "../..",
	"pool":        "../..",
	"stream":      "../..",
	"fuse":        "../..",
	"gray":        "../../otel",
}

func TestPrograms(t *testing.T) {
	for page, module := range pages {
		t.Run(page, func(t *testing.T) {
			english, chinese := blocks(t, page+".en.md"), blocks(t, page+".zh-CN.md")
			if uncommented(strings.Join(english, "\n")) != uncommented(strings.Join(chinese, "\n")) {
				t.Error("the two languages show different code")
			}
			programs := 0
			for _, block := range english {
				if !strings.HasPrefix(block, "package main\n") {
					continue
				}
				programs++
				if n := strings.Count(block, "\n"); n > 26 {
					t.Errorf("%d lines, imports included: too long for a page", n)
				}
				file := filepath.Join(t.TempDir(), "main.go")
				if err := os.WriteFile(file, []byte(block), 0o644); err != nil {
					t.Fatal(err)
				}
				vet := exec.Command("go", "vet", file)
				vet.Dir = module
				if out, err := vet.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			}
			if programs == 0 {
				t.Error("no program on the page")
			}
		})
	}
}

// blocks are the pieces of Go on a page.
func blocks(t *testing.T, page string) []string {
	text, err := os.ReadFile(filepath.Join("../../../docs/module", page))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

func uncommented(code string) string { return regexp.MustCompile(`//.*`).ReplaceAllString(code, "") }
