// Package stacks takes the stacks of all goroutines of the process and reads
// their text.
package stacks

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
)

// Take returns the stacks of all goroutines, and whether they were cut. The
// world stands still meanwhile, so the buffer is made before, by the number of
// goroutines, and made larger once when that was too little.
func Take(limit int) (text []byte, cut bool) {
	size := min(1<<20+runtime.NumGoroutine()*1536, limit)
	for grown := false; ; grown = true {
		buf := make([]byte, size)
		n := runtime.Stack(buf, true)
		if n < size {
			return buf[:n], false
		}
		if grown || size == limit {
			return buf[:n], true
		}
		size = min(size*4, limit)
	}
}

// Goroutine is one stack of a text.
type Goroutine struct {
	ID        int64
	State     string
	Minutes   int  // it has waited, 0 below one
	Leaked    bool // so says the runtime
	Labels    map[string]string
	Frames    []Frame // innermost first
	CreatedBy Frame
	Creator   int64 // 0 where the text names none
}

// Frame is one call.
type Frame struct {
	Func, File string
	Line       int
	Args       []byte // as printed
}

// Parse reads what runtime.Stack printed. It takes what it can from text
// that was cut or that it does not know, and never fails.
func Parse(text []byte) []Goroutine {
	var all []Goroutine
	for len(text) > 0 {
		var block []byte
		block, text, _ = bytes.Cut(text, []byte("\n\n"))
		if g, ok := parseGoroutine(block); ok {
			all = append(all, g)
		}
	}
	return all
}

func parseGoroutine(block []byte) (g Goroutine, ok bool) {
	head, rest, _ := bytes.Cut(bytes.TrimLeft(block, "\n"), []byte("\n"))
	if g, ok = parseHead(string(head)); !ok {
		return g, false
	}
	for len(rest) > 0 {
		var line, place []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(line) == 0 || line[0] == '\t' || bytes.HasPrefix(line, []byte("...")) || line[0] == '[' {
			continue
		}
		if bytes.HasPrefix(rest, []byte("\t")) {
			place, rest, _ = bytes.Cut(rest, []byte("\n"))
		}
		file, number := parsePlace(place)
		if by, created := bytes.CutPrefix(line, []byte("created by ")); created {
			name, in, _ := strings.Cut(string(by), " in goroutine ")
			g.CreatedBy = Frame{Func: name, File: file, Line: number}
			g.Creator, _ = strconv.ParseInt(in, 10, 64)
			continue
		}
		f := Frame{Func: string(line), File: file, Line: number}
		if i := bytes.LastIndexByte(line, '('); i > 0 {
			f.Func, f.Args = string(line[:i]), bytes.TrimSuffix(line[i+1:], []byte(")"))
		}
		g.Frames = append(g.Frames, f)
	}
	return g, true
}

// parseHead reads "goroutine 7 [chan receive, 2 minutes] {key: value}:", also
// with the labels inside of the brackets, as Go 1.26 can print them.
func parseHead(head string) (g Goroutine, ok bool) {
	head, ok = strings.CutPrefix(head, "goroutine ")
	if !ok {
		return g, false
	}
	number, rest, _ := strings.Cut(head, " ")
	var err error
	if g.ID, err = strconv.ParseInt(number, 10, 64); err != nil {
		return g, false
	}
	_, rest, ok = strings.Cut(rest, "[")
	if !ok {
		return g, false
	}
	in, after, _ := strings.Cut(rest, "]")
	if before, labels, has := strings.Cut(rest, " labels:{"); has && len(before) < len(in) {
		in = before
		g.Labels = parseLabels(labels)
	} else if _, labels, has := strings.Cut(after, "{"); has {
		g.Labels = parseLabels(labels)
	}
	for i, part := range strings.Split(in, ", ") {
		if minutes, is := strings.CutSuffix(part, " minutes"); is {
			g.Minutes, _ = strconv.Atoi(minutes)
		} else if i == 0 {
			g.State = part
		}
	}
	if i := strings.Index(g.State, " (leaked)"); i >= 0 {
		g.Leaked = true
		g.State = g.State[:i]
	}
	g.State = strings.TrimSuffix(g.State, " (scan)")
	return g, true
}

// parseLabels reads key: value pairs up to the closing brace; either side may be
// quoted. It gives up at what it cannot read.
func parseLabels(s string) map[string]string {
	labels := map[string]string{}
	for {
		key, rest, ok := parseWord(s, ":")
		if !ok {
			break
		}
		value, rest, ok := parseWord(strings.TrimPrefix(rest, ": "), ",}")
		if !ok {
			break
		}
		labels[key] = value
		if s, ok = strings.CutPrefix(rest, ", "); !ok {
			break
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return labels
}

func parseWord(s, ends string) (word, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", false
		}
		word, err = strconv.Unquote(quoted)
		return word, s[len(quoted):], err == nil
	}
	i := strings.IndexAny(s, ends)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i:], true
}

// parsePlace reads "\t/path/file.go:12 +0x1d".
func parsePlace(line []byte) (file string, number int) {
	s := string(bytes.TrimLeft(line, "\t"))
	s, _, _ = strings.Cut(s, " +0x")
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0
	}
	number, _ = strconv.Atoi(strings.TrimSpace(s[i+1:]))
	return s[:i], number
}
