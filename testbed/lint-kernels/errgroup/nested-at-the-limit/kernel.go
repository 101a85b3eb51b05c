// Package kernel walks a tree of folders in a group with a limit; each folder starts its subfolders in the same group.
package kernel

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
	w.group.SetLimit(limit) // via
	w.group.Go(func() error { return w.visit(root) })
	err := w.group.Wait() // stuck
	return w.files.Load(), err
}

func (w *walker) visit(f folder) error {
	w.files.Add(int64(f.files))
	for _, sub := range f.folders {
		w.group.Go(func() error { return w.visit(sub) }) // want DL005|LK001; stuck
	}
	return nil
}
