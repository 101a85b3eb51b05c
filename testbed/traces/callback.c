//go:build cgo

#include <pthread.h>

extern void called(void);

static void *run(void *arg) {
	called();
	called();
	return arg;
}

void call_from_thread(void) {
	pthread_t thread;
	if (pthread_create(&thread, 0, run, 0) == 0) {
		pthread_join(thread, 0);
	}
}
