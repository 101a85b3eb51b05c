// Package kernel keeps users and groups in package variables, each with its lock.
package kernel

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

var (
	usersMu  sync.Mutex
	users    = map[string][]string{"ada": {"admin"}}
	groupsMu sync.Mutex
	groups   = map[string][]string{"admin": {"ada"}}
)

func deleteUser(name string) {
	usersMu.Lock() // via; stuck
	defer usersMu.Unlock()
	pause()
	for _, group := range users[name] {
		groupsMu.Lock() // via; stuck
		groups[group] = slices.DeleteFunc(groups[group], func(member string) bool { return member == name })
		groupsMu.Unlock()
	}
	delete(users, name)
}

func deleteGroup(name string) {
	groupsMu.Lock() // via; stuck
	defer groupsMu.Unlock()
	pause()
	for _, member := range groups[name] {
		usersMu.Lock() // want DL002; stuck
		users[member] = slices.DeleteFunc(users[member], func(group string) bool { return group == name })
		usersMu.Unlock()
	}
	delete(groups, name)
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
