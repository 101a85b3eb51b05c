// Package fixed backs up volumes; a volume that is skipped is not counted.
package fixed

import "sync"

type volume struct {
	name  string
	dirty bool
}

func backup(volumes []volume, upload func(volume)) {
	var uploads sync.WaitGroup
	for _, v := range volumes {
		if !v.dirty {
			continue
		}
		uploads.Add(1)
		go func() {
			defer uploads.Done()
			upload(v)
		}()
	}
	uploads.Wait()
}
