// Raft-store is a cluster of five hashicorp/raft nodes over loopback TCP in one process, with steady writes through the leader.
// Waits: per node the main, state machine and snapshot loops; per peer replication, heartbeat and pipeline loops; transports.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/hashicorp/raft"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	var nodes []*raft.Raft
	var members []raft.Server
	for i := range 5 {
		transport, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 10*time.Second, io.Discard)
		admin.Must(err)
		id := raft.ServerID(fmt.Sprintf("node-%d", i))
		members = append(members, raft.Server{ID: id, Address: transport.LocalAddr()})
		nodes = append(nodes, start(id, transport))
	}
	admin.Must(nodes[0].BootstrapCluster(raft.Configuration{Servers: members}).Error())
	for _, node := range nodes {
		go followLeader(node)
	}
	pace.Every(context.Background(), 10, 16, func() {
		for _, node := range nodes {
			if node.State() == raft.Leader {
				if err := node.Apply([]byte("set"), 5*time.Second).Error(); err != nil {
					log.Print(err)
				}
			}
		}
	})
}

func start(id raft.ServerID, transport raft.Transport) *raft.Raft {
	config := raft.DefaultConfig()
	config.LocalID = id
	config.LogOutput = io.Discard
	store := raft.NewInmemStore()
	node, err := raft.NewRaft(config, counter{}, store, store, raft.NewInmemSnapshotStore(), transport)
	admin.Must(err)
	return node
}

func followLeader(node *raft.Raft) {
	for range node.LeaderCh() {
		continue
	}
}

// counter is the smallest state machine there is.
type counter struct{}

func (counter) Apply(*raft.Log) any                  { return nil }
func (counter) Snapshot() (raft.FSMSnapshot, error)  { return counter{}, nil }
func (counter) Restore(snapshot io.ReadCloser) error { return snapshot.Close() }
func (counter) Persist(sink raft.SnapshotSink) error { return sink.Close() }
func (counter) Release()                             {}
