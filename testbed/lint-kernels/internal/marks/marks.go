// Package marks reads the truth of the corpus from the comments of its sources. The README says what each mark means.
package marks

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Mark is one thing that a comment at the end of a line says of the line.
type Mark struct {
	// File is relative to the folder that was read, with slashes.
	File string
	Line int
	// Kind is want, via, stuck or crash.
	Kind string
	// IDs are the patterns that are right on a line marked want.
	IDs []string
	// In is the function of another package in which goroutines hang or crash for a line so marked; empty where it is the line itself.
	In string
}

var (
	comment = regexp.MustCompile(`//\s*((?:want [A-Z]{2}\d{3}|via|stuck|crash)\b.*)$`)
	item    = regexp.MustCompile(`^(?:(want) ([A-Z]{2}\d{3}(?:\|[A-Z]{2}\d{3})*)|(via)|(stuck|crash)(?: in (\S+))?)$`)
)

// Read lists the marks of the Go files in a kernel's folder and below it, except those of its cured twin. A comment that begins like a
// mark and is none is an error.
func Read(folder string) ([]Mark, error) {
	var marks []Mark
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "fixed" && path != folder {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		file, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		found, err := read(path)
		for _, mark := range found {
			mark.File = filepath.ToSlash(file)
			marks = append(marks, mark)
		}
		return err
	})
	return marks, err
}

func read(path string) ([]Mark, error) {
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
			mark := Mark{Line: line, Kind: parts[1] + parts[3] + parts[4], In: parts[5]}
			if parts[2] != "" {
				mark.IDs = strings.Split(parts[2], "|")
			}
			marks = append(marks, mark)
		}
	}
	return marks, lines.Err()
}
