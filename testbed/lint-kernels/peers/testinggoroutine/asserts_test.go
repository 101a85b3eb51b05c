package testinggoroutine

import "testing"

func TestFatalInGoroutine(t *testing.T) {
	done := make(chan struct{})
	go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
		defer close(done)
		if err := dial(true); err != nil {
			t.Fatal(err) // want testinggoroutine "call to (*testing.T).Fatal from a non-test goroutine"
		}
	}()
	<-done
}

func BenchmarkFatalInGoroutine(b *testing.B) {
	done := make(chan struct{})
	go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
		defer close(done)
		if err := dial(true); err != nil {
			b.Fatal(err) // want testinggoroutine "call to (*testing.B).Fatal from a non-test goroutine"
		}
	}()
	<-done
}

func FuzzFatalInGoroutine(f *testing.F) {
	f.Add(true)
	f.Fuzz(func(t *testing.T, up bool) {
		done := make(chan struct{})
		go func() { // want SA2002 "the goroutine calls T.Fatal, which must be called in the same goroutine as the test"
			defer close(done)
			if err := dial(up || true); err != nil {
				t.Fatal(err)
			}
		}()
		<-done
	})
}
