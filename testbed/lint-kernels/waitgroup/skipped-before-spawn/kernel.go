// Package kernel backs up volumes; a volume is counted first and skipped after.
package kernel

import "sync"

type volume struct {
	name  string
	dirty bool
}

func backup(volumes []volume, upload func(volume)) {
	var uploads sync.WaitGroup
	for _, v := range volumes {
		uploads.Add(1)
		if !v.dirty {
			continue // want LK006
		}
		go func() {
			defer uploads.Done()
			upload(v)
		}()
	}
	uploads.Wait() // via; stuck
}
