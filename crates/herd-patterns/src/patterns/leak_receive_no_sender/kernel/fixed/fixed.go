// Package fixed imports price files; the reader of a file closes its channel when it ends.
package fixed

type row struct {
	item  int
	cents int
}

// Run imports n files.
func Run(n int) {
	for file := 0; file < n; file++ {
		go importFile(file)
	}
}

func importFile(file int) {
	rows := make(chan row)
	defer close(rows)
	go index(rows)
	for line := 0; line < 3; line++ {
		rows <- row{item: file*3 + line, cents: 100 + line}
	}
}

func index(rows <-chan row) map[int]int {
	prices := make(map[int]int)
	for r := range rows {
		prices[r.item] = r.cents
	}
	return prices
}
