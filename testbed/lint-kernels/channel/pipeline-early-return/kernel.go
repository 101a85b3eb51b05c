// Package kernel parses, enriches and stores records in three stages; storing gives up at the first error.
package kernel

import "fmt"

type record struct {
	line string
	city string
}

func parse(lines []string) <-chan record {
	out := make(chan record)
	go func() {
		defer close(out)
		for _, line := range lines {
			out <- record{line: line} // via; stuck
		}
	}()
	return out
}

func enrich(in <-chan record) <-chan record {
	out := make(chan record)
	go func() {
		defer close(out)
		for r := range in {
			r.city = "Oslo"
			out <- r // via; stuck
		}
	}()
	return out
}

func store(lines []string, insert func(record) error) error {
	for r := range enrich(parse(lines)) {
		if err := insert(r); err != nil {
			return fmt.Errorf("insert %q: %w", r.line, err) // want LK014
		}
	}
	return nil
}
