// Package profile takes the goroutine profile of the own process and reads it into counts per stack and label
// set.
//
// One call of Take costs one debug=0 goroutine profile: the world is stopped for a moment to fix the count, and
// the stacks are collected while the program runs. BenchmarkTake shows it with 10,000 goroutines.
package profile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
)

// MaxBytes is the longest profile, inflated, that is read: 256 MiB.
const MaxBytes = 256 << 20

// ErrTooLong says that a profile is longer than MaxBytes.
var ErrTooLong = errors.New("goroutine profile is longer than 256 MiB")

// Profile is one goroutine profile. Stacks are resolved only when asked for.
type Profile struct {
	Samples   []Sample
	locations map[uint64][]line
	functions map[uint64]function
	strings   []string
}

// Sample is a number of goroutines with the same stack and the same labels.
type Sample struct {
	Count  int64
	Labels []Label // in order of their keys
	stack  []uint64
}

// Label is one label of a goroutine.
type Label struct{ Key, Value string }

// Frame is one function of a stack.
type Frame struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

type line struct {
	function uint64
	number   int64
}

type function struct{ name, file int64 }

// Take takes a goroutine profile of this process.
func Take() (*Profile, error) {
	p := pprof.Lookup("goroutine")
	if p == nil {
		return nil, errors.New("this program has no goroutine profile")
	}
	var raw bytes.Buffer
	if err := p.WriteTo(&raw, 0); err != nil {
		return nil, fmt.Errorf("take goroutine profile: %w", err)
	}
	return Parse(raw.Bytes())
}

// Parse reads a goroutine profile in the form of profile.proto, with gzip or without.
func Parse(raw []byte) (*Profile, error) {
	if len(raw) >= 2 && raw[0] == 0x1f && raw[1] == 0x8b {
		zr, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("inflate goroutine profile: %w", err)
		}
		raw, err = io.ReadAll(io.LimitReader(zr, MaxBytes+1))
		if err != nil {
			return nil, fmt.Errorf("inflate goroutine profile: %w", err)
		}
	}
	if len(raw) > MaxBytes {
		return nil, ErrTooLong
	}
	return decode(raw)
}

// Total is the number of goroutines.
func (p *Profile) Total() int64 {
	var n int64
	for i := range p.Samples {
		n += p.Samples[i].Count
	}
	return n
}

// Value is the value of a label, empty where the sample has no such label.
func (s *Sample) Value(key string) string {
	for _, l := range s.Labels {
		if l.Key == key {
			return l.Value
		}
	}
	return ""
}

// Stack resolves the frames of a sample, the innermost first. Functions that were inlined have frames of their
// own.
func (p *Profile) Stack(s *Sample) []Frame {
	frames := make([]Frame, 0, len(s.stack))
	for _, id := range s.stack {
		for _, l := range p.locations[id] {
			f := p.functions[l.function]
			frames = append(frames, Frame{Func: p.text(f.name), File: p.text(f.file), Line: int(l.number)})
		}
	}
	return frames
}

func (p *Profile) text(i int64) string {
	if i < 0 || i >= int64(len(p.strings)) {
		return ""
	}
	return p.strings[i]
}
