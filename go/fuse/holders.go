// Who holds what: known from records, else guessed from stacks; and the cycles among them.

package fuse

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goherd/goherd/go/internal/stacks"
)

// maxGuesses per lock: more than these say nothing. maxGuessed locks are guessed
// for, each of which looks at every frame of the dump.
const maxGuesses, maxGuessed = 5, 64

// A holding is a goroutine that was seen to lock and not to unlock.
type holding struct {
	goroutine int64
	mode      string
}

// holdings is who holds a lock at this moment, nobody when that is not known.
func (r *record) holdings() []holding {
	if id := r.holder.Load(); id != 0 {
		return []holding{{id, "lock"}}
	}
	var out []holding
	if ids, known := r.readerIDs(); known {
		slices.Sort(ids)
		for _, id := range ids {
			out = append(out, holding{id, "rlock"})
		}
	}
	return out
}

func (s *sight) locks() []Lock {
	byRecord := map[*record][]wait{}
	var order []*record
	for _, w := range s.waits {
		if byRecord[w.rec] == nil {
			order = append(order, w.rec)
		}
		byRecord[w.rec] = append(byRecord[w.rec], w)
	}
	out := make([]Lock, 0, len(order))
	waitsFor := make(map[int64]*record, len(s.waits))
	for _, w := range s.waits {
		if held(w.rec.kind) { // who wakes from a Cond waits for its lock too
			waitsFor[w.goroutine] = w.rec
		}
	}
	guessed := 0
	for _, rec := range order {
		l := Lock{
			Address: address(rec), Kind: rec.kind, Name: rec.name, MadeAt: pcPlace(rec.madePC), Holders: s.holders(rec),
		}
		for _, w := range byRecord[rec] {
			l.Waiters = append(l.Waiters, w.goroutine)
		}
		slices.Sort(l.Waiters)
		l.HolderKnown = len(l.Holders) > 0
		if !l.HolderKnown && held(rec.kind) && guessed < maxGuessed {
			guessed++
			l.Guesses = s.guesses(rec, l.Waiters, waitsFor)
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Lock) int {
		return cmp.Or(len(b.Waiters)-len(a.Waiters), strings.Compare(a.Address, b.Address))
	})
	return out
}

func (s *sight) holders(rec *record) []Holder {
	out := []Holder{}
	for _, held := range s.held[rec] {
		h := Holder{Goroutine: held.goroutine, Mode: held.mode}
		if g := s.byID[held.goroutine]; g != nil {
			h.State, h.At = g.State, standsAt(g)
		} else {
			h.Ended = !s.cut
		}
		out = append(out, h)
	}
	return out
}

// held says whether somebody holds what is waited for.
func held(kind string) bool { return kind == KindMutex || kind == KindRWMutex }

// guesses looks for goroutines that may hold a lock whose holder was not seen:
// those that have the lock, or a struct it stands in, among a function's
// arguments, and those inside of a function that others wait for it in. A lone
// waiter can have locked it before. One that itself waits in such a function,
// for another lock, is named only when it is the only one: of many that run the
// same code on different locks none is more likely than the next. It comes
// before the lone waiter when the holder of its lock is unknown too.
func (s *sight) guesses(rec *record, waiting []int64, waitsFor map[int64]*record) []Guess {
	sites := map[string]bool{}
	for _, id := range waiting {
		if f := site(s.byID[id]); f != nil {
			sites[f.Func] = true
		}
	}
	type scored struct {
		Guess
		score int
	}
	var found []scored
	others, number := map[uintptr]bool{}, map[int]int{}
	for _, r := range waitsFor {
		others[r.address] = true
	}
	for i := range s.dump {
		g := &s.dump[i]
		other := waitsFor[g.ID]
		waits := other == rec
		score, why := suspect(g, rec.address, sites, others)
		switch {
		case waits && len(waiting) == 1:
			score, why = alone, "waits for it alone, and may have locked it before"
		case waits || score == 0:
			continue
		case score == inside && other != nil && len(s.held[other]) == 0:
			score = waitsInside
		case score == inside && other != nil:
			score = heldInside
		}
		number[score]++
		found = append(found, scored{Guess{Goroutine: g.ID, Why: why, State: g.State, At: standsAt(g)}, score})
	}
	found = slices.DeleteFunc(found, func(f scored) bool {
		return (f.score == heldInside || f.score == waitsInside) && number[f.score] > 1
	})
	slices.SortStableFunc(found, func(a, b scored) int { return b.score - a.score })
	var out []Guess
	for _, f := range found[:min(len(found), maxGuesses)] {
		out = append(out, f.Guess)
	}
	return out
}

// What speaks for a guess, from least to most.
const (
	heldInside  = 1 + iota // waits in a function that locks it, for a lock that another holds
	alone                  // waits for it, and nobody else does
	waitsInside            // waits in a function that locks it, for a lock of unknown holder
	inside                 // is in a function that locks it
	structArg              // has a struct that it stands in as an argument
	lockArg                // has it as an argument
)

// suspect says what on a goroutine's stack has to do with the lock at address.
func suspect(g *stacks.Goroutine, address uintptr, sites map[string]bool, others map[uintptr]bool) (score int, why string) {
	for i := range g.Frames {
		f := &g.Frames[i]
		if strings.HasPrefix(f.Func, here+".") || waitsIn(f.Func) {
			continue
		}
		off, ok := argBefore(f.Args, address, others)
		switch {
		case ok && off == 0 && score < lockArg:
			score, why = lockArg, f.Func+" has the lock as an argument"
		case ok && score < structArg:
			score, why = structArg, fmt.Sprintf("%s has the lock at offset %d of an argument", f.Func, off)
		case sites[f.Func] && score < inside:
			score, why = inside, "is inside of "+f.Func+", where others wait for it"
		}
	}
	return score, why
}

// structSize is how far into an argument's struct a lock is looked for.
const structSize = 256

// argBefore finds the argument that points at the address or least before it. A
// pointer to another lock is not a struct that holds this one.
func argBefore(args []byte, address uintptr, others map[uintptr]bool) (offset uintptr, ok bool) {
	for _, word := range strings.FieldsFunc(string(args), func(r rune) bool { return strings.ContainsRune("{}, ?", r) }) {
		hex, is := strings.CutPrefix(word, "0x")
		if !is {
			continue
		}
		v, err := strconv.ParseUint(hex, 16, 64)
		p := uintptr(v)
		if err != nil || p > address || address-p >= structSize || (p != address && others[p]) {
			continue
		}
		if !ok || address-p < offset {
			offset, ok = address-p, true
		}
	}
	return offset, ok
}

// here is this package's path, whose frames are not the service's.
const here = "github.com/goherd/goherd/go/fuse"

// site is where a goroutine called into this package, or else where it stands.
func site(g *stacks.Goroutine) *stacks.Frame {
	if g == nil || len(g.Frames) == 0 {
		return nil
	}
	last := -1
	for i := range g.Frames {
		name := strings.TrimPrefix(g.Frames[i].Func, here)
		for _, own := range []string{".(*Mutex).", ".(*RWMutex).", ".(*rlocker).", ".(*Cond).", ".(*WaitGroup)."} {
			if len(name) < len(g.Frames[i].Func) && strings.HasPrefix(name, own) {
				last = i
			}
		}
	}
	if last+1 < len(g.Frames) && last >= 0 {
		return &g.Frames[last+1]
	}
	for i := range g.Frames {
		if !waitsIn(g.Frames[i].Func) {
			return &g.Frames[i]
		}
	}
	return &g.Frames[0]
}

// waitsIn says whether a function is of the packages through which code waits.
func waitsIn(fn string) bool {
	first, _, _ := strings.Cut(fn, "/")
	first, _, _ = strings.Cut(first, ".")
	switch first {
	case "runtime", "internal", "sync", "time", "syscall":
		return true
	}
	return false
}

func standsAt(g *stacks.Goroutine) *Place {
	if f := site(g); f != nil {
		return place(f)
	}
	return nil
}

// cycles follows waiter, lock, holder until it comes back. Where the holder is
// a guess it follows the best one.
func cycles(waiters []Waiter, locks []Lock) []Cycle {
	type step struct {
		lock  string
		next  []int64
		known bool
	}
	byAddress := map[string]*Lock{}
	for i := range locks {
		byAddress[locks[i].Address] = &locks[i]
	}
	steps := map[int64]step{}
	for _, w := range waiters {
		if !held(w.Kind) {
			continue
		}
		l := byAddress[w.Lock]
		s := step{lock: l.Address, known: l.HolderKnown}
		for _, h := range l.Holders {
			s.next = append(s.next, h.Goroutine)
		}
		if !s.known && len(l.Guesses) > 0 {
			s.next = []int64{l.Guesses[0].Goroutine}
		}
		steps[w.Goroutine] = s
	}
	out, done := []Cycle{}, map[int64]int{} // 1: on the path, 2: finished
	var path []int64
	var walk func(id int64)
	walk = func(id int64) {
		switch done[id] {
		case 2:
			return
		case 1:
			c := Cycle{Known: true, Goroutines: slices.Clone(path[slices.Index(path, id):])}
			for _, g := range c.Goroutines {
				c.Known = c.Known && steps[g].known
				c.Locks = append(c.Locks, steps[g].lock)
			}
			out = append(out, c)
			return
		}
		done[id] = 1
		path = append(path, id)
		for _, next := range steps[id].next {
			walk(next)
		}
		path = path[:len(path)-1]
		done[id] = 2
	}
	for _, w := range waiters {
		walk(w.Goroutine)
	}
	return out
}
