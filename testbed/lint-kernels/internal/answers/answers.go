// Package answers asks go vet and staticcheck what they say of the cases in peers/, and reads what the cases say of themselves.
package answers

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Answer is one report of a peer.
type Answer struct {
	Check string `json:"check"`
	// File is relative to peers/, with slashes.
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Record is what is kept of a run of the peers.
type Record struct {
	Go          string   `json:"go"`
	Staticcheck string   `json:"staticcheck"`
	Answers     []Answer `json:"answers"`
}

// Staticcheck is the version that is asked, as the Go module proxy knows it.
const Staticcheck = "v0.8.2"

var (
	vetChecks    = []string{"lostcancel", "copylocks", "waitgroup", "testinggoroutine"}
	staticChecks = []string{"SA2000", "SA2001", "SA2002", "SA2003"}
)

// Vet asks the installed go vet, in the folder above peers/. An error is a failure to run, not a report.
func Vet() ([]Answer, error) {
	arguments := []string{"vet", "-json"}
	for _, check := range vetChecks {
		arguments = append(arguments, "-"+check)
	}
	output, err := run(exec.Command("go", append(arguments, "./peers/...")...))
	if err != nil {
		return nil, err
	}
	type diagnostic struct {
		Posn, Message string
	}
	var answers []Answer
	for decoder := json.NewDecoder(bytes.NewReader(withoutHeaders(output))); ; {
		var packages map[string]map[string][]diagnostic
		if err := decoder.Decode(&packages); errors.Is(err, io.EOF) {
			return sorted(answers), nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go vet printed: %w", err)
		}
		for _, checks := range packages {
			for check, diagnostics := range checks {
				for _, d := range diagnostics {
					answer, err := placed(check, d.Posn, d.Message)
					if err != nil {
						return nil, err
					}
					answers = append(answers, answer)
				}
			}
		}
	}
}

// Static asks staticcheck, which is built for it.
func Static() ([]Answer, error) {
	output, err := run(exec.Command("go", "run", "honnef.co/go/tools/cmd/staticcheck@"+Staticcheck, "-checks", strings.Join(staticChecks, ","), "-f", "json", "./peers/..."))
	if err != nil && len(output) == 0 {
		return nil, err
	}
	var answers []Answer
	for decoder := json.NewDecoder(bytes.NewReader(withoutHeaders(output))); ; {
		var report struct {
			Code, Message string
			Location      struct {
				File         string
				Line, Column int
			}
		}
		if err := decoder.Decode(&report); errors.Is(err, io.EOF) {
			return sorted(answers), nil
		} else if err != nil {
			return nil, fmt.Errorf("read what staticcheck printed: %w", err)
		}
		answer, err := placed(report.Code, fmt.Sprintf("%s:%d:%d", report.Location.File, report.Location.Line, report.Location.Column), report.Message)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
}

// run gives both streams: where go vet prints its JSON depends on its version.
func run(command *exec.Cmd) ([]byte, error) {
	output, err := command.CombinedOutput()
	if err != nil {
		return output, fmt.Errorf("%s: %w\n%s", command, err, output)
	}
	return output, nil
}

// withoutHeaders drops what the go command prints between reports: the names of packages, and how a program ended.
func withoutHeaders(output []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(output) {
		if !bytes.HasPrefix(line, []byte("#")) && !bytes.HasPrefix(line, []byte("exit status")) && !bytes.HasPrefix(line, []byte("go: ")) {
			kept = append(kept, line...)
		}
	}
	return kept
}

func placed(check, place, message string) (Answer, error) {
	parts := strings.Split(place, ":")
	if len(parts) < 3 {
		return Answer{}, fmt.Errorf("%q is no place", place)
	}
	line, lineErr := strconv.Atoi(parts[len(parts)-2])
	column, columnErr := strconv.Atoi(parts[len(parts)-1])
	_, file, found := strings.Cut(filepath.ToSlash(strings.Join(parts[:len(parts)-2], ":")), "lint-kernels/peers/")
	if lineErr != nil || columnErr != nil || !found {
		return Answer{}, fmt.Errorf("%q is no place in peers/", place)
	}
	return Answer{Check: check, File: file, Line: line, Column: column, Message: message}, nil
}

// sorted orders answers and drops those that come twice because a package was looked at with and without its tests.
func sorted(answers []Answer) []Answer {
	slices.SortFunc(answers, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(answers)
}

// All puts the answers of several peers in one order.
func All(lists ...[]Answer) []Answer {
	return sorted(slices.Concat(lists...))
}

// Read reads the record that is kept.
func Read(path string) (Record, error) {
	var record Record
	text, err := os.ReadFile(path)
	if err != nil {
		return record, err
	}
	return record, json.Unmarshal(text, &record)
}

// OfVet tells the checks that the installed toolchain answers.
func OfVet(a Answer) bool {
	return slices.Contains(vetChecks, a.Check)
}

var (
	wanted = regexp.MustCompile(`// want ((?:[A-Za-z0-9]+ "[^"]*"(?:; )?)+)$`)
	want   = regexp.MustCompile(`([A-Za-z0-9]+) "([^"]*)"`)
)

// Marked lists what the cases themselves say that peers report; a message is given up to where it starts to name packages.
func Marked(folder string) ([]Answer, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*/*.go"))
	if err != nil {
		return nil, err
	}
	var marked []Answer
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := filepath.Rel(folder, path)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for line := 1; lines.Scan(); line++ {
			found := wanted.FindStringSubmatch(lines.Text())
			if found == nil {
				continue
			}
			for _, parts := range want.FindAllStringSubmatch(found[1], -1) {
				marked = append(marked, Answer{Check: parts[1], File: filepath.ToSlash(file), Line: line, Message: parts[2]})
			}
		}
	}
	return marked, nil
}
