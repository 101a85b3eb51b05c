// A simulation in virtual time of a queue with workers, to compare the rule of admission with none and with the simple one
// "admit if queue length < remaining time / mean cost". It uses the rule itself and fixed seeds, so every figure repeats.

package stream_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/goherd/goherd/go/stream"
)

const (
	arrivals = 60_000
	meanCost = 0.010
	allowed  = 0.100
	room     = 1024
)

// A cell is one setting; cost is lognormal with sigma 1, and the deadline 100 ms after arrival.
type cell struct {
	workers int
	load    float64
	triple  bool // the cost is three times as high from the middle on
}

func (c cell) String() string {
	s := fmt.Sprintf("%d workers, load %.1f", c.workers, c.load)
	if c.triple {
		s += ", cost x3 from the middle"
	}
	return s
}

type policy interface {
	admit(remaining float64, waiting, running int) bool
	begin(remaining float64) bool
	done(cost float64, late bool)
}

type none struct{}

func (none) admit(float64, int, int) bool { return true }
func (none) begin(float64) bool           { return true }
func (none) done(float64, bool)           {}

// simple has the same estimate as the rule: a mean over the last 64.
type simple struct {
	mean float64
	n    int
}

func (s *simple) admit(remaining float64, waiting, _ int) bool {
	return s.mean == 0 || float64(waiting) < remaining/s.mean
}
func (s *simple) begin(float64) bool { return true }
func (s *simple) done(cost float64, _ bool) {
	s.n++
	s.mean += (cost - s.mean) / float64(min(s.n, 64))
}

type ruled struct{ r *stream.Rule }

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

func (p ruled) admit(remaining float64, waiting, running int) bool {
	return p.r.Admit(seconds(remaining), waiting, running)
}
func (p ruled) begin(remaining float64) bool { return p.r.Begin(seconds(remaining)) }
func (p ruled) done(cost float64, late bool) { p.r.Done(seconds(cost), late) }

type job struct{ deadline, cost, ends float64 }

type running []job

func (r running) Len() int           { return len(r) }
func (r running) Less(i, j int) bool { return r[i].ends < r[j].ends }
func (r running) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *running) Push(x any)        { *r = append(*r, x.(job)) }
func (r *running) Pop() any          { old := *r; x := old[len(old)-1]; *r = old[:len(old)-1]; return x }

// outcome: of all arrivals the part on time, and of those admitted.
type outcome struct{ goodput, onTime float64 }

func simulate(c cell, p policy, seed uint64) outcome {
	rng := rand.New(rand.NewPCG(seed, 1))
	var waiting []job
	var busy running
	admitted, good := 0, 0
	begin := func(now float64) {
		for len(busy) < c.workers && len(waiting) > 0 {
			j := waiting[0]
			waiting = waiting[1:]
			if p.begin(j.deadline - now) {
				j.ends = now + j.cost
				heap.Push(&busy, j)
			}
		}
	}
	finish := func(until float64) {
		for len(busy) > 0 && busy[0].ends <= until {
			j := heap.Pop(&busy).(job)
			late := j.ends > j.deadline
			if !late {
				good++
			}
			p.done(j.cost, late)
			begin(j.ends)
		}
	}
	now, rate := 0.0, c.load*float64(c.workers)/meanCost
	for i := range arrivals {
		now += rng.ExpFloat64() / rate
		cost := meanCost * math.Exp(rng.NormFloat64()-0.5)
		if c.triple && i >= arrivals/2 {
			cost *= 3
		}
		finish(now)
		if len(waiting) < room && p.admit(allowed, len(waiting), len(busy)) {
			admitted++
			waiting = append(waiting, job{deadline: now + allowed, cost: cost})
			begin(now)
		}
	}
	finish(math.Inf(1))
	return outcome{float64(good) / arrivals, float64(good) / float64(max(1, admitted))}
}

func mean(c cell, p func() policy) outcome {
	const seeds = 5
	var sum outcome
	for seed := range uint64(seeds) {
		o := simulate(c, p(), seed)
		sum.goodput += o.goodput / seeds
		sum.onTime += o.onTime / seeds
	}
	return sum
}

func TestAdmissionInEveryCell(t *testing.T) {
	const points = 0.03
	for _, workers := range []int{1, 2, 4, 8} {
		for _, load := range []float64{0.7, 1.5} {
			for _, triple := range []bool{false, true} {
				c := cell{workers, load, triple}
				without := mean(c, func() policy { return none{} })
				plain := mean(c, func() policy { return &simple{} })
				rule := mean(c, func() policy { return ruled{stream.NewRule(c.workers)} })
				t.Logf("%-45v goodput none %.3f simple %.3f rule %.3f   on time none %.3f simple %.3f rule %.3f", c,
					without.goodput, plain.goodput, rule.goodput, without.onTime, plain.onTime, rule.onTime)
				slack := points
				if workers == 1 && load > 1 {
					slack = 0
				}
				if best := max(without.goodput, plain.goodput); rule.goodput < best-slack {
					t.Errorf("%v: goodput %.3f, the better of the others %.3f", c, rule.goodput, best)
				}
				if best := max(without.onTime, plain.onTime); rule.onTime < best-slack {
					t.Errorf("%v: on time %.3f, the better of the others %.3f", c, rule.onTime, best)
				}
			}
		}
	}
}
