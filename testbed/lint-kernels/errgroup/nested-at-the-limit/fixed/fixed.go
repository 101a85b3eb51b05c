// Package fixed walks a tree of folders; the walk itself takes no place of the group.
package fixed

import (
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

type folder struct {
	files   int
	folders []folder
}

type walker struct {
	group errgroup.Group
	files atomic.Int64
}

func (w *walker) count(root folder, limit int) (int64, error) {
	w.group.SetLimit(limit)
	w.visit(root)
	err := w.group.Wait()
	return w.files.Load(), err
}

func (w *walker) visit(f folder) {
	w.group.Go(func() error { return w.read(f) })
	for _, sub := range f.folders {
		w.visit(sub)
	}
}

func (w *walker) read(f folder) error {
	w.files.Add(int64(f.files))
	return nil
}
