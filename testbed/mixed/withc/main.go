// Withc holds goroutines that are in C, that C has called back, and that live on threads of C.
package main

/*
#include <pthread.h>
#include <unistd.h>

extern void goCall(int);

static void hold(void) { sleep(3600); }
static void back(void) { goCall(1); }
static void *run(void *unused) { goCall(2); return unused; }
static int start(void) { pthread_t thread; return pthread_create(&thread, 0, run, 0); }
*/
import "C"

import (
	"time"

	"example.com/mixed/held"
)

//export goCall
func goCall(C.int) { <-make(chan int) }

func main() {
	for i := 0; i < 5; i++ {
		go func() { C.hold() }()
		go func() { C.back() }()
		if C.start() != 0 {
			panic("no thread")
		}
		go func() { <-make(chan int) }()
	}
	time.Sleep(300 * time.Millisecond)
	held.Serve()
}
