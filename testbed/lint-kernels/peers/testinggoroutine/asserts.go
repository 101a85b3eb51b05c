// Package testinggoroutine shows what go vet's testinggoroutine reports and what it does not; staticcheck's SA2002 looks at the same.
package testinggoroutine

import (
	"errors"
	"sync"
	"testing"
)

var errDown = errors.New("down")

func dial(up bool) error {
	if up {
		return nil
	}
	return errDown
}

func checkFatal(t *testing.T) {
	done := make(chan struct{})
	go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
		defer close(done)
		if err := dial(true); err != nil {
			t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
		}
	}()
	<-done
}

func checkFatalf(t *testing.T) {
	go func() { // want SA2002 "the goroutine calls T.Fatalf, which must be called in the same goroutine as the test"
		if err := dial(true); err != nil {
			t.Fatalf("dial: %v", err) // want testinggoroutine "call to (*testing.T).Fatalf from a non-test goroutine"
		}
	}()
}

func checkFailNow(t *testing.T) {
	go func() { // want SA2002 "the goroutine calls T.FailNow, which must be called in the same goroutine as the test"
		if dial(true) != nil {
			t.FailNow() // want testinggoroutine "call to (*testing.T).FailNow from a non-test goroutine"
		}
	}()
}

func checkSkip(t *testing.T) {
	go func() { // want SA2002 "the goroutine calls T.Skip, which must be called in the same goroutine as the test"
		if dial(true) != nil {
			t.Skip("no network") // want testinggoroutine "call to (*testing.T).Skip from a non-test goroutine"
		}
	}()
}

func checkSkipf(t *testing.T) {
	go func() { // want SA2002 "the goroutine calls T.Skipf, which must be called in the same goroutine as the test"
		if err := dial(true); err != nil {
			t.Skipf("no network: %v", err) // want testinggoroutine "call to (*testing.T).Skipf from a non-test goroutine"
		}
	}()
}

func checkSkipNow(t *testing.T) {
	go func() { // want SA2002 "the goroutine calls T.SkipNow, which must be called in the same goroutine as the test"
		if dial(true) != nil {
			t.SkipNow() // want testinggoroutine "call to (*testing.T).SkipNow from a non-test goroutine"
		}
	}()
}

// Error and Fail do not end the goroutine.
func checkError(t *testing.T) {
	go func() {
		if err := dial(true); err != nil {
			t.Error(err)
			t.Fail()
			t.Log("not connected")
		}
	}()
}

func checkOutside(t *testing.T) {
	errs := make(chan error, 1)
	go func() { errs <- dial(true) }()
	if err := <-errs; err != nil {
		t.Fatal(err)
	}
}

func benchmarkFatal(b *testing.B) {
	go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
		if err := dial(true); err != nil {
			b.Fatal(err) // want testinggoroutine "call to (*testing.B).Fatal from a non-test goroutine"
		}
	}()
}

func checkTB(tb testing.TB) {
	go func() {
		if err := dial(true); err != nil {
			tb.Fatal(err)
		}
	}()
}

func checkNamed(t *testing.T) {
	go mustDial(t, true) // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"; testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine (mustDial calls (*testing.T).Fatal)"
}

func mustDial(t *testing.T, up bool) {
	if err := dial(up); err != nil {
		t.Fatal(err)
	}
}

// The call to a helper that ends the test is one step away.
func checkThroughHelper(t *testing.T) {
	go func() {
		mustDial(t, true)
	}()
}

func checkVariable(t *testing.T) {
	try := func() {
		if err := dial(true); err != nil {
			t.Fatal(err)
		}
	}
	go try() // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"; testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine (try calls (*testing.T).Fatal)"
}

func checkMethodValue(t *testing.T) {
	go t.FailNow() // want testinggoroutine "call to (*testing.T).FailNow from a non-test goroutine"
}

func checkNestedLiteral(t *testing.T) {
	go func() {
		func() {
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
	}()
}

func checkDeferredLiteral(t *testing.T) {
	go func() {
		defer func() {
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
	}()
}

// A subtest inside the goroutine has a t of its own.
func checkSubtestInside(t *testing.T) {
	go func() {
		t.Run("up", func(t *testing.T) {
			if err := dial(true); err != nil {
				t.Fatal(err)
			}
		})
	}()
}

// A goroutine inside a subtest.
func checkInsideSubtest(t *testing.T) {
	t.Run("up", func(t *testing.T) {
		go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
	})
}

// The goroutine of a subtest ends the test around it.
func checkOuterT(t *testing.T) {
	t.Run("up", func(sub *testing.T) {
		go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
		sub.Log("started")
	})
}

func checkParameter(t *testing.T) {
	go func(own *testing.T) { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
		if err := dial(true); err != nil {
			own.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
		}
	}(t)
}

func checkLoop(t *testing.T) {
	for range 3 {
		go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
	}
}

func checkWaitGroupGo(t *testing.T) {
	var running sync.WaitGroup
	running.Go(func() {
		if err := dial(true); err != nil {
			t.Fatal(err)
		}
	})
	running.Wait()
}

func checkCleanup(t *testing.T) {
	t.Cleanup(func() {
		if err := dial(true); err != nil {
			t.Fatal(err)
		}
	})
}

func checkTwoLevels(t *testing.T) {
	go func() {
		go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
			if err := dial(true); err != nil {
				t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
			}
		}()
	}()
}

// suite is no test of the package testing, whatever its methods are called.
type suite struct{ failed bool }

func (s *suite) Fatal(...any) { s.failed = true }

func checkSuite(s *suite) {
	go func() {
		if err := dial(true); err != nil {
			s.Fatal(err)
		}
	}()
}
