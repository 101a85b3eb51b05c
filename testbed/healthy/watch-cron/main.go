// Watch-cron reloads its configuration through fsnotify, runs robfig/cron jobs and keeps leases alive in the background.
// Waits: fsnotify's reader and its users, cron's run loop, ticker loops, singletons in time.Sleep, main on signals.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/robfig/cron/v3"

	"github.com/goherd/goherd/testbed/internal/admin"
)

func main() {
	admin.Start()
	folder := admin.Scratch()
	var reloads atomic.Int64
	for i := range 20 {
		tenant := filepath.Join(folder, fmt.Sprintf("tenant-%02d", i))
		admin.Must(os.Mkdir(tenant, 0o755))
		go follow(tenant, &reloads)
		go keepLease(filepath.Join(tenant, "lease"))
	}
	for range 5 {
		schedule()
	}
	go func() {
		for now := range time.Tick(7 * time.Second) {
			path := filepath.Join(folder, "tenant-00", "config.toml")
			admin.Must(os.WriteFile(path, []byte(now.String()), 0o644))
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

func follow(folder string, reloads *atomic.Int64) {
	watcher, err := fsnotify.NewWatcher()
	admin.Must(err)
	defer watcher.Close()
	admin.Must(watcher.Add(folder))
	for {
		select {
		case _, open := <-watcher.Events:
			if !open {
				return
			}
			reloads.Add(1)
		case err := <-watcher.Errors:
			log.Print(err)
		}
	}
}

func keepLease(path string) {
	for {
		admin.Must(os.WriteFile(path, []byte(time.Now().String()), 0o644))
		time.Sleep(45 * time.Second)
	}
}

func schedule() {
	jobs := cron.New(cron.WithSeconds())
	_, err := jobs.AddFunc("*/15 * * * * *", func() { time.Sleep(3 * time.Second) })
	admin.Must(err)
	_, err = jobs.AddFunc("0 0 3 * * *", func() { log.Print("nightly") })
	admin.Must(err)
	jobs.Start()
}
