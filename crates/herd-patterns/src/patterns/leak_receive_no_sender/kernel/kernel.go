// Package kernel imports price files; the reader of a file ends without closing its channel.
package kernel

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
	go index(rows) // from LK002
	for line := 0; line < 3; line++ {
		rows <- row{item: file*3 + line, cents: 100 + line}
	}
}

func index(rows <-chan row) map[int]int {
	prices := make(map[int]int)
	for r := range rows { // want LK002
		prices[r.item] = r.cents
	}
	return prices
}
