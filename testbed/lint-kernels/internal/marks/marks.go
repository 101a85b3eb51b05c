// Package marks reads the truth of the corpus from the comments of its sources. The README says what each mark means.
package marks

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Mark is one thing that a comment at the end of a line says of the line.
type Mark struct {
	Line int
	// Kind is want, via, stuck or crash.
	Kind string
	// IDs are the patterns that are right on a line marked want.
	IDs []string
	// In is the function of another package in which goroutines hang for a line marked stuck; empty where it is the line itself.
	In string
}

var (
	comment = regexp.MustCompile(`//\s*((?:want [A-Z]{2}\d{3}|via|stuck|crash).*)$`)
	item    = regexp.MustCompile(`^(?:(want) ([A-Z]{2}\d{3}(?:\|[A-Z]{2}\d{3})*)|(via)|(stuck)(?: in (\S+))?|(crash))$`)
)

// Read lists the marks of a file in order. A comment that begins like a mark and is none is an error.
func Read(path string) ([]Mark, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var marks []Mark
	lines := bufio.NewScanner(file)
	for line := 1; lines.Scan(); line++ {
		found := comment.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		for _, text := range strings.Split(found[1], "; ") {
			parts := item.FindStringSubmatch(text)
			if parts == nil {
				return nil, fmt.Errorf("%s:%d: %q is no mark", path, line, text)
			}
			mark := Mark{Line: line, Kind: parts[1] + parts[3] + parts[4] + parts[6], In: parts[5]}
			if parts[2] != "" {
				mark.IDs = strings.Split(parts[2], "|")
			}
			marks = append(marks, mark)
		}
	}
	return marks, lines.Err()
}
