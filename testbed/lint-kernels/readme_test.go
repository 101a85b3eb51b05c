package lintkernels

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme checks the counts in the table of classes.
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
		class, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		all[class]++
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
