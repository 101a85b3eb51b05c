// The race detector must see every Lock, so under it none takes the short way.

//go:build race

package fuse

func (m *Mutex) lockFast() bool { return false }
