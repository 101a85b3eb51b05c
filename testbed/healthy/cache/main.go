// Cache answers from go-redis (against miniredis), ristretto and groupcache, with singleflight in front of a slow origin.
// Waits: blocking pops and subscriptions on Redis, ristretto's item loops, callers that share one flight, Redis connections.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"log"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/golang/groupcache"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		pace.Every(ctx, 60, 128, func() { pace.Get(ctx, fmt.Sprintf("%s/item?id=%d", server, rand.IntN(500))) })
	})
	admin.Start()
	store := miniredis.NewMiniRedis()
	admin.Must(store.Start())
	shared := redis.NewClient(&redis.Options{Addr: store.Addr(), PoolSize: 60, MinIdleConns: 10})
	for i := range 16 {
		go pop(shared, fmt.Sprintf("queue-%d", i))
	}
	for range 8 {
		go listen(shared)
	}
	items := &items{shared: shared, origin: origin()}
	for range 11 {
		items.near = append(items.near, nearCache())
	}
	mux := http.NewServeMux()
	mux.Handle("/item", items)
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

// pop blocks until something is queued, and most queues stay empty.
func pop(client *redis.Client, queue string) {
	for {
		_, err := client.BLPop(context.Background(), 30*time.Second, queue).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			time.Sleep(time.Second)
		}
	}
}

func listen(client *redis.Client) {
	for message := range client.Subscribe(context.Background(), "invalidate").Channel() {
		log.Print(message.Payload)
	}
}

func nearCache() *ristretto.Cache[string, string] {
	cache, err := ristretto.NewCache(&ristretto.Config[string, string]{NumCounters: 1e4, MaxCost: 1 << 20, BufferItems: 64})
	admin.Must(err)
	return cache
}

func origin() *groupcache.Group {
	slow := func(_ context.Context, key string, sink groupcache.Sink) error {
		time.Sleep(300 * time.Millisecond)
		return sink.SetString("value of " + key)
	}
	return groupcache.NewGroup("items", 1<<16, groupcache.GetterFunc(slow))
}

type items struct {
	shared *redis.Client
	near   []*ristretto.Cache[string, string]
	origin *groupcache.Group
	flight singleflight.Group
}

func (i *items) nearest(key string) *ristretto.Cache[string, string] {
	return i.near[crc32.ChecksumIEEE([]byte(key))%uint32(len(i.near))]
}

func (i *items) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("id")
	if value, found := i.nearest(key).Get(key); found {
		_, _ = fmt.Fprint(w, value)
		return
	}
	value, err, _ := i.flight.Do(key, func() (any, error) { return i.load(r.Context(), key) })
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = fmt.Fprint(w, value)
}

func (i *items) load(ctx context.Context, key string) (string, error) {
	value, err := i.shared.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		if err := i.origin.Get(ctx, key, groupcache.StringSink(&value)); err != nil {
			return "", err
		}
		err = i.shared.Set(ctx, key, value, 5*time.Second).Err()
	}
	i.nearest(key).SetWithTTL(key, value, 1, 2*time.Second)
	return value, err
}
