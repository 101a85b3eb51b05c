//go:build cgo

package main

// void call_from_thread(void);
import "C"

//export called
func called() { sum(1) }

// callback has a thread that the runtime does not know call into Go.
func callback() { C.call_from_thread() }
