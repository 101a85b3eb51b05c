//go:build cgo

package main

import "C" // where there is a C compiler the program's threads are started by C
