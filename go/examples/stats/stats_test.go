// The example runs, and its first fault is one by construction.

package main

import (
	"testing"
	"time"
)

func TestSynchronousLogCapsTheService(t *testing.T) {
	r, err := measure(faults{syncLog: true}, 1, 1200, time.Second, 2*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	// One write at a time, two milliseconds each: at most 500 a second, and those of the last 100 ms.
	if r.onTimePerSecond > 560 {
		t.Errorf("%.0f on time per second through a log that allows 500", r.onTimePerSecond)
	}
}

func TestCuredServiceAnswers(t *testing.T) {
	r, err := measure(faults{}, 1, 50, time.Second, 2*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.onTimePerSecond == 0 {
		t.Error("nothing was answered in time")
	}
}

// TestCureUnderOverload: work for those who have gone is what lost contexts cost, and the cure does next to none of it.
func TestCureUnderOverload(t *testing.T) {
	const rate = 300
	work := windowsFor(2, rate)
	sick, err := measure(faults{loseContext: true}, work, rate, time.Second, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	cured, err := measure(faults{}, work, rate, time.Second, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if sick.wasted == 0 || cured.wasted*2 > sick.wasted {
		t.Errorf("%d answers for clients that had gone, %d with the cure", sick.wasted, cured.wasted)
	}
}
