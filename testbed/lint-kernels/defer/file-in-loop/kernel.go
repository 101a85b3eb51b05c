// Package kernel counts the words of files and keeps all of them open until the last.
//
// Not run: nothing hangs until the process has no file descriptors left.
package kernel

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func words(paths []string) (int, error) {
	total := 0
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer file.Close() // want LO002
		n, err := count(file)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		total += n
	}
	return total, nil
}

func count(from io.Reader) (int, error) {
	scanner := bufio.NewScanner(from)
	scanner.Split(bufio.ScanWords)
	n := 0
	for scanner.Scan() {
		n++
	}
	return n, scanner.Err()
}
