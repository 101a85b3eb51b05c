// Reads the text of runtime.Stack: ids, states, frames and creators of goroutines.

package leaktest

import (
	"runtime"
	"strconv"
	"strings"

	"github.com/goherd/goherd/go/internal/profile"
)

// goroutine is one goroutine of a text.
type goroutine struct {
	id, parent uint64 // parent is 0 where the text names none
	state      string
	frames     []profile.Frame
	creator    profile.Frame
}

// maxText is the longest text of stacks that is asked for: 64 MiB. What is beyond is not seen.
const maxText = 64 << 20

func stacks() []goroutine {
	for size := 256 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= maxText {
			return parse(string(buf[:n]))
		}
	}
}

func currentID() uint64 {
	var buf [64]byte
	id, _ := header(string(buf[:runtime.Stack(buf[:], false)]))
	return id
}

// parse reads as much as it understands.
func parse(text string) []goroutine {
	var all []goroutine
	for block := range strings.SplitSeq(text, "\n\n") {
		head, rest, _ := strings.Cut(strings.TrimLeft(block, "\n"), "\n")
		id, state := header(head)
		if id == 0 {
			continue
		}
		g := goroutine{id: id, state: state}
		for rest != "" {
			var call, place string
			call, rest, _ = strings.Cut(rest, "\n")
			if strings.HasPrefix(rest, "\t") {
				place, rest, _ = strings.Cut(rest[1:], "\n")
			}
			file, line := position(place)
			if creator, ok := strings.CutPrefix(call, "created by "); ok {
				name, parent, _ := strings.Cut(creator, " in goroutine ")
				g.parent, _ = strconv.ParseUint(parent, 10, 64)
				g.creator = profile.Frame{Func: name, File: file, Line: line}
			} else if at := strings.LastIndexByte(call, '('); at > 0 {
				g.frames = append(g.frames, profile.Frame{Func: call[:at], File: file, Line: line})
			}
		}
		g.frames = profile.Own(g.frames)
		all = append(all, g)
	}
	return all
}

// header reads "goroutine 7 [chan receive, 2 minutes]:". The id is 0 when it is none.
func header(line string) (id uint64, state string) {
	rest, ok := strings.CutPrefix(line, "goroutine ")
	if !ok {
		return 0, ""
	}
	number, rest, ok := strings.Cut(rest, " ")
	if !ok {
		return 0, ""
	}
	id, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0, ""
	}
	if at := strings.IndexByte(rest, '['); at >= 0 {
		state = rest[at+1:]
		if end := strings.IndexAny(state, ",]"); end >= 0 {
			state = state[:end]
		}
		state, _, _ = strings.Cut(state, " labels:")
	}
	return id, state
}

// position reads "/path/file.go:12 +0x1d".
func position(place string) (file string, line int) {
	place, _, _ = strings.Cut(place, " +0x")
	at := strings.LastIndexByte(place, ':')
	if at < 0 {
		return place, 0
	}
	line, err := strconv.Atoi(place[at+1:])
	if err != nil {
		return place, 0
	}
	return place[:at], line
}
