// Cwaits waits in C, on threads that Go does not know, in each way a wait can be interrupted, and counts the waits that did not end as
// they must.
package main

/*
#cgo LDFLAGS: -lpthread -lm
#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_long rounds[6], wrong;

static void judge(int of, int right) { atomic_fetch_add(&rounds[of], 1); if (!right) atomic_fetch_add(&wrong, 1); }

static void *naps(void *unused) {
	for (;;) { struct timespec t = {0, 4000000}; judge(0, nanosleep(&t, 0) == 0); }
	return unused;
}

static void *polls(void *unused) {
	int ends[2];
	if (pipe(ends)) return unused;
	for (;;) { struct pollfd p = {ends[0], POLLIN, 0}; judge(1, poll(&p, 1, 4) == 0); }
	return unused;
}

static void *semaphores(void *unused) {
	sem_t s;
	sem_init(&s, 0, 0);
	for (;;) {
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 4000000;
		if (t.tv_nsec >= 1000000000) { t.tv_nsec -= 1000000000; t.tv_sec++; }
		judge(2, sem_timedwait(&s, &t) == -1 && errno == ETIMEDOUT);
	}
	return unused;
}

static int chat[2];

static void *writes(void *unused) {
	for (char c = 0;; c++) { struct timespec t = {0, 2000000}; nanosleep(&t, 0); judge(3, write(chat[1], &c, 1) == 1); }
	return unused;
}

static void *reads(void *unused) {
	for (char c = 0, got;; c++) { judge(4, read(chat[0], &got, 1) == 1 && got == c); }
	return unused;
}

// Numbers go on being rounded as this thread wants it.
static void *rounds_up(void *unused) {
	fesetround(FE_UPWARD);
	for (;;) {
		volatile double one = 1, three = 3, sum = 0;
		for (int i = 0; i < 1000; i++) sum += one / three;
		struct timespec t = {0, 1000000};
		nanosleep(&t, 0);
		judge(5, fegetround() == FE_UPWARD && sum > 333.33333333333331);
	}
	return unused;
}

static int start(void) {
	void *(*all[])(void *) = {naps, polls, semaphores, writes, reads, rounds_up};
	pthread_t thread;
	if (pipe(chat)) return 1;
	for (int i = 0; i < 6; i++) if (pthread_create(&thread, 0, all[i], 0)) return 1;
	return 0;
}

// The rounds of the wait that lags most.
static long all_rounds(void) {
	long least = atomic_load(&rounds[0]);
	for (int i = 1; i < 6; i++) if (atomic_load(&rounds[i]) < least) least = atomic_load(&rounds[i]);
	return least;
}

static atomic_long signals;

static void count(int unused) { atomic_fetch_add(&signals, 1); }

// Signals of this number queue up, and each is counted.
static int listen(void) {
	struct sigaction a = {0};
	a.sa_handler = count;
	a.sa_flags = SA_ONSTACK | SA_RESTART;
	return sigaction(SIGRTMIN + 6, &a, 0);
}

static long all_signals(void) { return atomic_load(&signals); }
static long all_wrong(void) { return atomic_load(&wrong); }
*/
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-signals" {
		if C.listen() != 0 {
			panic("no handler")
		}
		for i := 0; i < 4; i++ {
			go churn()
		}
	} else if C.start() != 0 {
		panic("no threads")
	}
	fmt.Println("ready", runtime.Version())
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		word, path, _ := strings.Cut(input.Text(), " ")
		if word == "report" {
			text := fmt.Sprintf("%d %d 0 %d 0", int64(C.all_rounds()), int64(C.all_wrong()), int64(C.all_signals()))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				panic(err)
			}
		}
		fmt.Println("done", word)
	}
}

func churn() {
	for {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}
}
