// How a worker finds its next task, and how it sleeps when there is none.

package pool

import (
	"sync"
	"sync/atomic"
)

// fairness is how many tasks a worker runs from its own deque before it looks at the backlog, so that a task that forks for ever
// cannot starve those submitted.
const fairness = 2 * batchMax

// next takes from the worker's own deque, then from the backlog.
func (w *Worker) next() *frame {
	if w.since < fairness {
		if f := w.deque.pop(); f != nil {
			return f
		}
	}
	if f := w.fetch(); f != nil {
		return f
	}
	return w.deque.pop()
}

// fetch takes a batch from the backlog. It lies in the deque in reverse, so that the worker runs it in the order of submission.
func (w *Worker) fetch() *frame {
	w.since = 0
	n := w.pool.inject.take(&w.batch, len(w.pool.workers))
	if n == 0 {
		return nil
	}
	first := w.frame(w.batch[0].fn, nil, w.batch[0].group)
	for i := n - 1; i > 0; i-- {
		w.fetched[n-1-i] = w.frame(w.batch[i].fn, nil, w.batch[i].group)
	}
	clear(w.batch[:n])
	for _, f := range w.fetched[w.deque.pushAll(w.fetched[:n-1]) : n-1] {
		w.run(f)
	}
	if n > 1 {
		w.pool.notifyForked()
	}
	return first
}

// search looks everywhere else; nil means that there was nothing at the time.
func (w *Worker) search() *frame {
	if f := w.steal(); f != nil {
		return f
	}
	return w.fetch()
}

// steal visits the other workers once, from a random one on; a lost race is tried again because it means that there is work.
func (w *Worker) steal() *frame {
	all := w.pool.workers
	if len(all) == 1 {
		return nil
	}
	w.seed ^= w.seed << 13
	w.seed ^= w.seed >> 17
	w.seed ^= w.seed << 5
	at := int(w.seed % uint32(len(all)))
	for range all {
		victim := all[at]
		if at++; at == len(all) {
			at = 0
		}
		if victim == w {
			continue
		}
		for {
			f, retry := victim.deque.steal()
			if f != nil {
				w.stolen.Add(1)
				return f
			}
			if !retry {
				break
			}
		}
	}
	return nil
}

// parkedWorkers lists the sleeping workers: idle ones, and those that wait in a join, which may take forked tasks but nothing from
// the backlog. At most one woken worker searches at a time; when it has found work it wakes the next, so a burst of tasks wakes
// as many workers as it feeds and no herd.
type parkedWorkers struct {
	mu        sync.Mutex
	idle      []*Worker
	joining   []*Worker
	idleN     atomic.Int64
	joiningN  atomic.Int64
	searching atomic.Int32
}

// notifySubmitted is called after a task has become visible in the backlog. A worker that goes to sleep lists itself first and
// looks again afterwards, so one of the two always sees the other.
func (p *Pool) notifySubmitted() {
	if p.parked.idleN.Load() != 0 {
		p.parked.wake(false)
	}
}

// notifyForked is called after a task has become visible in a deque.
func (p *Pool) notifyForked() {
	if p.parked.idleN.Load() != 0 || p.parked.joiningN.Load() != 0 {
		p.parked.wake(true)
	}
}

// wake makes one sleeping worker the searcher unless there is one.
func (k *parkedWorkers) wake(orJoining bool) {
	if k.searching.Load() != 0 || !k.searching.CompareAndSwap(0, 1) {
		return
	}
	k.mu.Lock()
	var w *Worker
	if n := len(k.idle); n > 0 {
		w = k.idle[n-1]
		k.unlist(w)
	} else if n := len(k.joining); n > 0 && orJoining {
		w = k.joining[n-1]
		k.unlist(w)
	}
	if w == nil {
		k.searching.Store(0)
		k.mu.Unlock()
		return
	}
	w.searching = true
	k.mu.Unlock()
	w.signal()
}

// unlist is called with the lock held.
func (k *parkedWorkers) unlist(w *Worker) {
	list, n := &k.idle, &k.idleN
	if w.joins {
		list, n = &k.joining, &k.joiningN
	}
	for i, other := range *list {
		if other == w {
			*list = append((*list)[:i], (*list)[i+1:]...)
			break
		}
	}
	w.listed = false
	n.Store(int64(len(*list)))
}

func (k *parkedWorkers) list(w *Worker, joins bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w.listed, w.joins = true, joins
	if joins {
		k.joining = append(k.joining, w)
		k.joiningN.Store(int64(len(k.joining)))
		return
	}
	k.idle = append(k.idle, w)
	k.idleN.Store(int64(len(k.idle)))
}

func (k *parkedWorkers) wakeIdle() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.idle {
		w.signal()
	}
}

// signal leaves at most one token: a worker that finds a stale one looks around once more and sleeps again.
func (w *Worker) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// park sleeps until there may be work or, for a worker that joins f, until all that f has forked has ended, or only one if that
// is not nil.
func (w *Worker) park(f, one *frame) {
	k := &w.pool.parked
	w.found()
	w.publish()
	k.list(w, f != nil)
	if !w.reason(f, one) {
		<-w.wake
	}
	k.mu.Lock()
	if w.listed {
		k.unlist(w)
	}
	k.mu.Unlock()
}

// reason says why a listed worker must not sleep.
func (w *Worker) reason(f, one *frame) bool {
	if one != nil {
		return one.done.Load() || w.pool.forkedWork()
	}
	if f != nil {
		return f.joined() || w.pool.forkedWork()
	}
	return w.pool.state.Load() != open || w.pool.inject.some.Load() || w.pool.forkedWork()
}

// found gives up the role of searcher, after a task was found or in order to sleep. Producers relied on it until now, so what is
// visible now needs a new one.
func (w *Worker) found() {
	if !w.searching {
		return
	}
	p := w.pool
	w.searching = false
	p.parked.searching.Store(0)
	if p.forkedWork() {
		p.notifyForked()
	} else if p.inject.some.Load() {
		p.notifySubmitted()
	}
}

func (p *Pool) forkedWork() bool {
	for _, w := range p.workers {
		if w.deque.size() > 0 {
			return true
		}
	}
	return false
}
