// Package kernel exchanges keys between two peers that both send before they receive.
package kernel

type peer struct {
	name string
	key  string
	out  chan<- string
	in   <-chan string
}

func connect() (*peer, *peer) {
	aToB, bToA := make(chan string), make(chan string) // via
	return &peer{name: "a", key: "1", out: aToB, in: bToA}, &peer{name: "b", key: "2", out: bToA, in: aToB}
}

func (p *peer) dial() string {
	p.out <- p.key // via; stuck
	return p.key + <-p.in
}

func (p *peer) accept() string {
	p.out <- p.key // want DL005; stuck
	return <-p.in + p.key
}
