// What the runtime's text of all stacks says of who created which goroutine.

package leaktest

import (
	"github.com/goherd/goherd/go/internal/profile"
	"github.com/goherd/goherd/go/internal/stacks"
)

// goroutine is one goroutine of a text, with frames as a profile has them.
type goroutine struct {
	id, parent int64 // parent is 0 where the text names none
	state      string
	frames     []profile.Frame
	creator    profile.Frame
}

// maxText is the longest text of stacks that is asked for: 64 MiB. What is beyond is not seen.
const maxText = 64 << 20

func running() []goroutine {
	text, _ := stacks.Take(maxText)
	return read(text)
}

func read(text []byte) []goroutine {
	parsed := stacks.Parse(text)
	all := make([]goroutine, len(parsed))
	for i := range parsed {
		g := &parsed[i]
		frames := make([]profile.Frame, len(g.Frames))
		for j := range g.Frames {
			frames[j] = inProfile(&g.Frames[j])
		}
		all[i] = goroutine{
			id: g.ID, parent: g.Creator, state: g.State,
			frames: profile.Own(frames), creator: inProfile(&g.CreatedBy),
		}
	}
	return all
}

func inProfile(f *stacks.Frame) profile.Frame {
	return profile.Frame{Func: f.Func, File: f.File, Line: f.Line}
}
