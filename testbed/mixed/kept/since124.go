//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

var weakly []weak.Pointer[box]

func init() {
	keepers["cleanup"] = func() { runtime.AddCleanup(&box{name: "owner"}, end, start()) }
	keepers["cleanup's closure"] = func() {
		c := start()
		runtime.AddCleanup(&box{name: "owner"}, func(int) { close(c) }, 0)
	}
	once["weak pointer"] = func() { weakly = append(weakly, weak.Make(&box{"", start()})) }
}
