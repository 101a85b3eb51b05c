// Mapped holds memory of kinds that a core file cannot hold as it holds others: excluded from it, wiped in copies, behind the end of
// a mapped file, and of a file that is deleted.
package main

import (
	"bytes"
	"os"
	"syscall"

	"example.com/mixed/held"
)

const (
	page = 4096
	// linux/mman.h
	dontDump   = 16
	wipeOnFork = 18
)

// kept are the mappings.
var kept [][]byte

func main() {
	for index, advice := range []int{0, dontDump, wipeOnFork} {
		b := filled(syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE))
		fill(b[page:2*page], byte('A'+index))
		if advice != 0 {
			check(syscall.Madvise(b, advice))
		}
	}
	file := file(page)
	longer := filled(syscall.Mmap(file, 0, 4*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE))
	fill(longer[:page], 'F')
	filled(syscall.Mmap(file, 0, page, syscall.PROT_READ, syscall.MAP_SHARED))
	held.Serve()
}

// file is one that no path leads to.
func file(size int) int {
	file, err := os.CreateTemp("", "mapped")
	check(err)
	check(os.Remove(file.Name()))
	_, err = file.Write(bytes.Repeat([]byte{'D'}, size))
	check(err)
	fd, err := syscall.Dup(int(file.Fd()))
	check(err)
	return fd
}

// fill leaves no copy elsewhere.
func fill(b []byte, letter byte) {
	for i := range b {
		b[i] = letter
	}
}

func filled(b []byte, err error) []byte {
	check(err)
	kept = append(kept, b)
	return b
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
