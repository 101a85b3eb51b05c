package main

import "unsafe"

// byHand holds what no generator comes across often enough.
var byHand = []func(){
	fallingCases, defaultFirst, jumps, labelledSelect, iterators, methodValues, notEvaluated, recovered, started, assignments, forever,
	nestedLogic, chained, shadowed, alias, rangeOnce,
}

func fallingCases() {
	f := enter(1)
	defer f.leave()
	switch n := f.n(2); {
	case n == 0, f.b(3):
		f.v(4)
		fallthrough
	default:
		f.v(5)
		if f.b(6) {
			break
		}
		fallthrough
	case f.b(7) && f.b(8):
		f.v(9)
	case n == 2:
		f.v(10)
	}
	f.v(11)
}

func defaultFirst() {
	f := enter(20)
	defer f.leave()
	switch f.n(21) {
	default:
		f.v(22)
	case f.n(23):
		f.v(24)
	case f.n(25), f.n(26):
		f.v(27)
	}
	switch {
	}
	switch f.v(28); f.n(29) {
	}
	switch f.b(30) {
	case f.b(31) || f.b(32):
		f.v(33)
	case false:
	}
}

func jumps() {
	f := enter(40)
	defer f.leave()
	i := 0
again:
	f.v(41)
	if i++; i < f.n(42) {
		goto again
	}
	{
		if f.b(43) {
			goto done
		}
		for {
			switch {
			case f.b(44):
				goto again
			case f.b(45):
				goto done
			}
			f.v(46)
		}
	}
done:
	f.v(47)
}

func labelledSelect() {
	f := enter(60)
	defer f.leave()
outer:
	for i := 0; ; f.v(61) {
		i++
	wait:
		select {
		case v, ok := <-f.perhaps(62):
			if v == 1 && ok {
				continue outer
			}
			f.v(63)
		case f.s(64)[f.n(65)] = <-f.perhaps(66):
			f.v(67)
			break wait
		case f.maybe(68) <- f.n(69):
			if f.b(70) {
				break outer
			}
		default:
			f.v(71)
			if f.b(72) {
				break
			}
			return
		}
		f.v(73)
	}
	f.v(74)
}

func iterators() {
	f := enter(80)
	defer f.leave()
outer:
	for i := range f.sequence(81) {
		for _, on := range f.pairs(82) {
			switch {
			case f.b(83):
				continue outer
			case on && f.b(84):
				break outer
			case f.b(85):
				return
			}
			defer f.put(f.n(86))
		}
		if i > 1 {
			f.v(87)
		}
	}
	f.v(88)
}

func methodValues() {
	f := enter(100)
	defer f.leave()
	sum := point{f.n(101), f.n(102)}.sum
	f.fn(103)(sum(f.fn(104)(f.n(105))))
	go func(int) {}(f.n(106))
	defer func(a, b int) {}(f.fn(107)(f.n(108)), f.n(109))
	func(a int, b bool) {}(f.n(110), f.b(111) && f.b(112) || f.b(113))
}

func notEvaluated() {
	f := enter(120)
	defer f.leave()
	_ = unsafe.Sizeof(f.n(121))
	for range len([3]int{}) {
		f.v(122)
	}
	var list [4]int
	for i := range list {
		f.v(123, i)
	}
	_ = []int{2: f.n(124), 1: f.n(125)}
}

func recovered() {
	f := enter(140)
	defer f.leave()
	defer func() {
		f := enter(141)
		defer f.leave()
		if recover() != nil {
			f.v(142)
		}
	}()
	if f.b(143) {
		f.panics(144)
	}
	for f.b(145) {
		if f.b(146) {
			f.panics(147)
			f.v(148)
		}
	}
	f.v(149)
}

func started() {
	f := enter(160)
	defer f.leave()
	done := make(chan bool)
	go func() {
		f := enter(161)
		defer close(done)
		defer f.leave()
		defer func() { recover() }()
		if f.b(162) {
			return
		}
		f.v(163)
	}()
	<-done
	f.v(164)
}

func assignments() {
	f := enter(180)
	defer f.leave()
	f.s(181)[f.n(182)], *f.p(183), f.m(184)[f.n(185)] = f.n(186), f.n(187), f.n(188)
	f.m(189)[f.n(190)] |= f.n(191)
	*f.p(192)++
	var a, b = f.n(193), f.b(194) || f.b(195)
	x, y := func() (int, bool) {
		f := enter(196)
		defer f.leave()
		return f.n(197), f.b(198)
	}()
	_, _, _, _ = a, b, x, y
	f.s(199)[f.n(200)], f.s(201)[f.n(202)] = func() (int, int) { return 1, 2 }()
}

func forever() {
	f := enter(220)
	defer f.leave()
	for {
		for range f.closed(221) {
			if f.b(222) {
				break
			}
		}
		if !(f.b(223) && !f.b(224)) {
			return
		}
	}
}

func nestedLogic() {
	f := enter(240)
	defer f.leave()
	if !((f.b(241) || !f.b(242)) && (f.b(243) || f.b(244) && !f.b(245))) {
		f.v(246)
	} else if x := f.b(247) && (f.b(248) || f.b(249)); x != f.b(250) {
		f.v(251)
	}
	for !f.b(252) && !!f.b(253) {
		f.v(254)
	}
	f.is(255, f.is(256, f.b(257) || f.b(258)) && f.b(259))
}

func chained() {
	f := enter(280)
	defer f.leave()
	if on := f.b(281); on {
		f.v(282)
	} else if off := f.b(283); off && f.b(288) {
		f.v(284)
	} else if on == off {
		f.v(285)
		if !off {
			f.v(286)
		}
	} else {
		f.v(287)
	}
}

func shadowed() {
	f := enter(300)
	defer f.leave()
	on := f.b(301)
	for range 3 {
		if on {
			f.v(302)
			on := f.b(303)
			if on {
				f.v(304)
			}
			if !on {
				f.v(305)
			}
		}
		if on {
			f.v(306)
			continue
		}
		if !on {
			f.v(307)
			on = f.b(308)
		}
	}
}

func alias() {
	f := enter(320)
	defer f.leave()
	on, off := f.b(321), f.b(322)
	change := func() { on = !on }
	pointer := &off
	for range 3 {
		if on {
			f.v(323)
		}
		if off {
			f.v(324)
		}
		change()
		*pointer = f.b(325)
		if on {
			f.v(326)
		}
		if !off {
			f.v(327)
		}
	}
}

func rangeOnce() {
	f := enter(340)
	defer f.leave()
	for f.s(341)[f.n(342)], f.s(343)[f.n(350)] = range f.s(344)[:f.n(345)&3] {
		f.v(346)
	}
	for i := range f.n(347) {
		if i == 1 {
			f.v(348)
		}
		if i != 1 {
			f.v(349)
		}
	}
}
