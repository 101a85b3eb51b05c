// Package kernel unpacks archives and keeps the folder of each until the last has been read.
package kernel

import (
	"os"
	"path/filepath"
)

// Run unpacks n archives.
func Run(n int) {
	archives := make([]string, n)
	for i := range archives {
		archives[i] = "photos.tar"
	}
	readAll(archives)
}

func readAll(archives []string) (int, error) {
	total := 0
	for _, archive := range archives {
		folder, err := os.MkdirTemp("", "unpacked")
		if err != nil {
			return total, err
		}
		defer os.RemoveAll(folder) // want LO002
		files, err := unpack(archive, folder)
		if err != nil {
			return total, err
		}
		total += files
	}
	return total, nil
}

func unpack(archive, into string) (int, error) {
	return 1, os.WriteFile(filepath.Join(into, "0001.jpg"), []byte(archive), 0o600)
}
