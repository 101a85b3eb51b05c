// What a pool can tell about itself.

package pool

// Stats is a snapshot. The counters only grow; each is exact on its own once the pool is idle, but they are not read at one
// instant.
type Stats struct {
	Workers     int   // goroutines of the pool
	Running     int   // workers not idle
	Queued      int   // tasks in the backlog and in the workers' deques
	BacklogHigh int   // highest number of tasks that have waited in the backlog
	Done        int64 // tasks taken from a queue, submitted and forked; lags by up to 63 per busy worker
	Stolen      int64 // tasks run by another worker than the one that held them
	Panics      int64
	Failed      int64 // submitted tasks that ended with an error or panic
	Refused     int64 // TrySubmit calls answered with ErrFull
}

// Stats reads the counters; it takes the backlog's lock for an instant and costs well under a microsecond per worker.
func (p *Pool) Stats() Stats {
	s := Stats{
		Workers: len(p.workers),
		Panics:  p.panics.Load(),
		Failed:  p.failed.Load(),
		Refused: p.refused.Load(),
		Running: int(max(0, p.alive.Load()-p.parked.idleN.Load())),
	}
	s.Queued, s.BacklogHigh = p.inject.backlog()
	for _, w := range p.workers {
		s.Queued += int(w.deque.size())
		s.Done += w.done.Load()
		s.Stolen += w.stolen.Load()
	}
	return s
}
