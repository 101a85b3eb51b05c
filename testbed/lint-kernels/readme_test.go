package lintkernels

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme checks the counts in the table of classes, and the list of what is not run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	kernels, err := filepath.Glob("*/*/kernel.go")
	if err != nil {
		t.Fatal(err)
	}
	all, run := map[string]int{}, map[string]int{}
	for _, path := range kernels {
		name := filepath.ToSlash(filepath.Dir(path))
		class, _, _ := strings.Cut(name, "/")
		all[class]++
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, reasoned := strings.Cut(string(source), "\n// Not run: ")
		reason, _, _ := strings.Cut(rest, ".\n")
		if row := fmt.Sprintf("\n| `%s` | %s |\n", name, reason); reasoned && !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
	for _, k := range runnable {
		class, _, _ := strings.Cut(k.name, "/")
		run[class]++
	}
	for class, kernels := range all {
		if row := fmt.Sprintf("\n| `%s/` | %d | %d | ", class, kernels, run[class]); !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row that begins with %q", row)
		}
	}
}
