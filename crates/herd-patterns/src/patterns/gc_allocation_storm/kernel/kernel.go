// Package kernel renders price lists by adding one line after the other to a string.
package kernel

import (
	"strconv"
	"sync/atomic"
	"time"
)

type item struct {
	name  string
	price int
	next  *item
}

type catalogue struct {
	items []*item
	bytes atomic.Int64
}

var store = load(300_000)

// Run starts n clients that ask for a price list a hundred times a second each.
func Run(n int) {
	for client := 0; client < n; client++ {
		go poll(client)
	}
}

func poll(client int) {
	for range time.Tick(10 * time.Millisecond) {
		store.bytes.Add(int64(len(store.list(client*1000, 300))))
	}
}

func (c *catalogue) list(from, count int) string {
	list := ""
	for _, item := range c.items[from : from+count] {
		list += item.name + " " + strconv.Itoa(item.price) + "\n" // want GC001
	}
	return list
}

func load(count int) *catalogue {
	c := &catalogue{}
	var last *item
	for number := 0; number < count; number++ {
		last = &item{name: "article number " + strconv.Itoa(number), price: number % 1000, next: last}
		c.items = append(c.items, last)
	}
	return c
}
