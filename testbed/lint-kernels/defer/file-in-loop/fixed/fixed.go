// Package fixed counts the words of files and closes each before the next.
package fixed

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func words(paths []string) (int, error) {
	total := 0
	for _, path := range paths {
		n, err := wordsIn(path)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		total += n
	}
	return total, nil
}

func wordsIn(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return count(file)
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
