// Badger-store keeps sessions in four badger databases and expires them, with a writer, readers and subscribers per database.
// Waits: badger's flush, compaction, value log and publisher loops, its watermarks, subscribers that hear little.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	ctx := context.Background()
	for range 4 {
		options := badger.DefaultOptions(admin.Scratch()).WithLogger(nil).WithMemTableSize(4 << 20).WithValueThreshold(1 << 10)
		sessions, err := badger.Open(options)
		admin.Must(err)
		go write(ctx, sessions)
		go collect(sessions)
		for i := range 6 {
			go subscribe(ctx, sessions, fmt.Sprintf("tenant-%d", i))
		}
	}
	select {}
}

func write(ctx context.Context, sessions *badger.DB) {
	number := uint64(0)
	pace.Every(ctx, 10, 1, func() {
		number++
		key := binary.BigEndian.AppendUint64([]byte("session-"), number)
		err := sessions.Update(func(txn *badger.Txn) error {
			return txn.SetEntry(badger.NewEntry(key, key).WithTTL(time.Minute))
		})
		if err != nil {
			log.Print(err)
		}
	})
}

func collect(sessions *badger.DB) {
	for range time.Tick(40 * time.Second) {
		// Nothing to rewrite is the usual answer.
		_ = sessions.RunValueLogGC(0.5)
	}
}

func subscribe(ctx context.Context, sessions *badger.DB, prefix string) {
	heard := func(*badger.KVList) error { return nil }
	err := sessions.Subscribe(ctx, heard, []pb.Match{{Prefix: []byte(prefix)}})
	log.Print(err)
}
