// Says from the frames of a stack what a goroutine waits for.

package profile

import "strings"

// waits maps the beginning of a function's name to what a goroutine in it waits for. The first frame, from the
// innermost, that is on the list decides.
var waits = []struct{ prefix, state string }{
	{"runtime.chanrecv", "chan receive"},
	{"runtime.chansend", "chan send"},
	{"runtime.selectgo", "select"},
	{"runtime.block", "select without cases"},
	{"time.Sleep", "sleep"},
	{"internal/poll.", "IO wait"},
	{"internal/sync.(*Mutex)", "mutex"},
	{"sync.(*Mutex)", "mutex"},
	{"sync.(*RWMutex)", "rwmutex"},
	{"sync.(*WaitGroup)", "WaitGroup"},
	{"sync.(*Cond)", "Cond"},
	{"syscall.", "syscall"},
	{"internal/syscall", "syscall"},
	{"os/signal.", "signal"},
}

// Waits names what a goroutine with this stack waits for: "chan receive", "select", "mutex" …; "running" where
// no frame says so, which includes goroutines that are merely runnable.
func Waits(stack []Frame) string {
	for _, f := range stack {
		for _, w := range waits {
			if strings.HasPrefix(f.Func, w.prefix) {
				return w.state
			}
		}
		if !internal(f.Func) {
			break
		}
	}
	return "running"
}

// Own leaves out the frames by which the runtime and the packages of locks park a goroutine, and the runtime's
// own frames at the root.
func Own(stack []Frame) []Frame {
	for len(stack) > 1 && internal(stack[0].Func) {
		stack = stack[1:]
	}
	for len(stack) > 1 && strings.HasPrefix(stack[len(stack)-1].Func, "runtime.") {
		stack = stack[:len(stack)-1]
	}
	return stack
}

func internal(name string) bool {
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "internal/") ||
		strings.HasPrefix(name, "syscall.") || name == "time.Sleep"
}
