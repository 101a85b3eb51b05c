package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// wire is what stands in a file, event by event, without putting the threads' streams in order (section 2 of the format's facts).
// It was written from the format's description in internal/trace/tracev2 (spec.go and events.go of Go 1.27.3), not with its code.
type wire struct {
	// Version is the number behind "go 1." in the header.
	Version     int `json:"version"`
	Generations int `json:"generations"`
	// Ends counts the marks that end a generation (Go 1.26).
	Ends    int `json:"generation_ends"`
	Batches int `json:"batches"`
	// Experimental counts batches of experiments and their bytes, which are not looked into.
	Experimental      int `json:"experimental_batches"`
	ExperimentalBytes int `json:"experimental_bytes"`
	// Threads is the number of threads with timed events. Statuses of goroutines that did nothing in a generation belong to none
	// (traceAdvance, runtime/trace.go), as do strings, stacks and samples.
	Threads int `json:"threads"`
	// Hertz are clock units a second, a row a generation.
	Hertz   []uint64 `json:"units_per_s"`
	Strings int      `json:"strings"`
	Stacks  int      `json:"stacks"`
	Frames  int      `json:"frames"`
	Samples int      `json:"cpu_samples"`
	// Timed is the number of timed events, Events the same by name.
	Timed  int            `json:"timed"`
	Events map[string]int `json:"events"`
	// Pauses are stops of the world by kind, from begin to end in one thread's stream, in clock units (section 6).
	Pauses map[string]*pause `json:"pauses"`

	// A pause may begin in one batch of a thread and end in its next.
	threads map[uint64]*stop
	seen    map[uint64]bool
	names   map[[2]uint64]string
	stops   []stop
}

type pause struct {
	N     int    `json:"n"`
	Units uint64 `json:"units"`
	Max   uint64 `json:"max_units"`
}

// stop is a pause; its kind is still the number of a string, which may stand behind it.
type stop struct {
	generation, kind, began, units uint64
}

// spec is a timed event's name and the number of arguments behind the time.
type spec struct {
	name string
	args int
}

var specs = [...]spec{
	9: {"ProcsChange", 2}, 10: {"ProcStart", 2}, 11: {"ProcStop", 0}, 12: {"ProcSteal", 3}, 13: {"ProcStatus", 2},
	14: {"GoCreate", 3}, 15: {"GoCreateSyscall", 1}, 16: {"GoStart", 2}, 17: {"GoDestroy", 0}, 18: {"GoDestroySyscall", 0},
	19: {"GoStop", 2}, 20: {"GoBlock", 2}, 21: {"GoUnblock", 3}, 22: {"GoSyscallBegin", 2}, 23: {"GoSyscallEnd", 0},
	24: {"GoSyscallEndBlocked", 0}, 25: {"GoStatus", 3}, 26: {"STWBegin", 2}, 27: {"STWEnd", 0}, 28: {"GCActive", 1},
	29: {"GCBegin", 2}, 30: {"GCEnd", 1}, 31: {"GCSweepActive", 1}, 32: {"GCSweepBegin", 1}, 33: {"GCSweepEnd", 2},
	34: {"GCMarkAssistActive", 1}, 35: {"GCMarkAssistBegin", 1}, 36: {"GCMarkAssistEnd", 0}, 37: {"HeapAlloc", 1}, 38: {"HeapGoal", 1},
	39: {"GoLabel", 1}, 40: {"UserTaskBegin", 4}, 41: {"UserTaskEnd", 2}, 42: {"UserRegionBegin", 3}, 43: {"UserRegionEnd", 3},
	44: {"UserLog", 4}, 45: {"GoSwitch", 2}, 46: {"GoSwitchDestroy", 2}, 47: {"GoCreateBlocked", 3}, 48: {"GoStatusStack", 4},
	128: {"Span", 3}, 129: {"SpanAlloc", 3}, 130: {"SpanFree", 1}, 131: {"HeapObject", 2}, 132: {"HeapObjectAlloc", 2},
	133: {"HeapObjectFree", 1}, 134: {"GoroutineStack", 2}, 135: {"GoroutineStackAlloc", 2}, 136: {"GoroutineStackFree", 1},
}

const (
	batchMark, stacksMark, stackMark, stringsMark, stringMark = 1, 2, 3, 4, 5
	samplesMark, sampleMark, frequencyMark                    = 6, 7, 8
	experimentalMark, syncMark, clockMark, endMark            = 49, 50, 51, 52
	stwBegin, stwEnd                                          = 26, 27

	headerBytes = 16
	noThread    = ^uint64(0)
)

// walk counts a whole file; the first thing it cannot read is an error with its place.
func walk(file []byte) (*wire, error) {
	w := &wire{
		Events: map[string]int{}, Pauses: map[string]*pause{}, threads: map[uint64]*stop{}, seen: map[uint64]bool{},
		names: map[[2]uint64]string{},
	}
	if len(file) < headerBytes {
		return nil, errors.New("no header")
	}
	if _, err := fmt.Sscanf(string(file[:headerBytes]), "go 1.%d trace", &w.Version); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	at := cursor{bytes: file[headerBytes:]}
	for len(at.bytes) > 0 && at.err == nil {
		w.batch(&at)
	}
	if at.err != nil {
		return nil, fmt.Errorf("byte %d: %w", len(file)-len(at.bytes), at.err)
	}
	for _, s := range w.stops {
		row := entry(w.Pauses, w.names[[2]uint64{s.generation, s.kind}])
		row.N++
		row.Units += s.units
		row.Max = max(row.Max, s.units)
	}
	delete(w.threads, noThread)
	w.Generations, w.Threads = len(w.seen), len(w.threads)
	return w, nil
}

func (w *wire) batch(at *cursor) {
	mark := at.byte()
	switch mark {
	case endMark:
		w.Ends++
		return
	case batchMark:
	case experimentalMark:
		at.byte()
	default:
		at.fail(fmt.Errorf("byte %d begins no batch", mark))
		return
	}
	generation, thread, base := at.number(), at.number(), at.number()
	payload := cursor{bytes: at.take(at.number()), err: at.err}
	w.seen[generation] = true
	if mark == experimentalMark {
		w.Experimental++
		w.ExperimentalBytes += len(payload.bytes)
		return
	}
	w.Batches++
	if len(payload.bytes) > 0 {
		w.payload(&payload, generation, thread, base)
	}
	at.fail(payload.err)
}

func (w *wire) payload(p *cursor, generation, thread, base uint64) {
	switch p.bytes[0] {
	case stringsMark:
		p.byte()
		for p.more() {
			w.string(p, generation)
		}
	case stacksMark:
		p.byte()
		for p.more() {
			w.stack(p)
		}
	case samplesMark:
		p.byte()
		for p.more() {
			p.expect(sampleMark)
			p.numbers(5)
			w.Samples++
		}
	case frequencyMark:
		p.byte()
		w.Hertz = append(w.Hertz, p.number())
	case syncMark:
		p.byte()
		for p.more() {
			w.sync(p)
		}
	default:
		w.timed(p, generation, entry(w.threads, thread), base)
	}
}

func (w *wire) string(p *cursor, generation uint64) {
	p.expect(stringMark)
	id := p.number()
	w.names[[2]uint64{generation, id}] = string(p.take(p.number()))
	w.Strings++
}

func (w *wire) stack(p *cursor) {
	p.expect(stackMark)
	p.number()
	frames := p.number()
	for i := uint64(0); i < frames && p.err == nil; i++ {
		p.numbers(4)
		w.Frames++
	}
	w.Stacks++
}

// sync is the clock's frequency and a reading of other clocks (Go 1.25).
func (w *wire) sync(p *cursor) {
	switch mark := p.byte(); mark {
	case frequencyMark:
		w.Hertz = append(w.Hertz, p.number())
	case clockMark:
		p.numbers(4)
	default:
		p.fail(fmt.Errorf("byte %d is no part of a sync batch", mark))
	}
}

func (w *wire) timed(p *cursor, generation uint64, open *stop, now uint64) {
	for p.more() {
		mark := p.byte()
		if int(mark) >= len(specs) || specs[mark].name == "" {
			p.fail(fmt.Errorf("byte %d is no timed event", mark))
			return
		}
		now += p.number()
		first := p.numbers(specs[mark].args)
		w.Timed++
		w.Events[specs[mark].name]++
		switch mark {
		case stwBegin:
			*open = stop{generation: generation, kind: first, began: now}
		case stwEnd:
			// A flight recording may begin inside a pause.
			if open.generation != 0 {
				open.units = now - open.began
				w.stops = append(w.stops, *open)
				*open = stop{}
			}
		}
	}
}

// cursor goes through bytes; behind an error it gives zeros.
type cursor struct {
	bytes []byte
	err   error
}

func (c *cursor) more() bool { return len(c.bytes) > 0 && c.err == nil }

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *cursor) byte() byte {
	if len(c.bytes) == 0 {
		c.fail(errors.New("cut"))
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return b
}

func (c *cursor) expect(want byte) {
	if got := c.byte(); got != want {
		c.fail(fmt.Errorf("byte %d where %d belongs", got, want))
	}
}

func (c *cursor) number() uint64 {
	n, length := binary.Uvarint(c.bytes)
	if length <= 0 {
		c.fail(errors.New("cut or overlong number"))
		return 0
	}
	c.bytes = c.bytes[length:]
	return n
}

// numbers goes over some numbers and answers the first.
func (c *cursor) numbers(count int) uint64 {
	var first uint64
	for i := 0; i < count && c.err == nil; i++ {
		if n := c.number(); i == 0 {
			first = n
		}
	}
	return first
}

func (c *cursor) take(length uint64) []byte {
	if length > uint64(len(c.bytes)) {
		c.fail(errors.New("cut"))
		return nil
	}
	taken := c.bytes[:length]
	c.bytes = c.bytes[length:]
	return taken
}
