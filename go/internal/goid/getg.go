// The runtime's g, where a line of assembly can read it.

//go:build (amd64 || arm64) && gc

package goid

import "unsafe"

// getg returns the runtime's record of the calling goroutine. The runtime never
// frees one.
func getg() unsafe.Pointer
