package rig

import (
	"os"
	"sync"
	"testing"

	"urncast/integration/rig/pg"
)

// shared is the broker that the tests of a package share, started by the first that
// asks for it.
var shared struct {
	sync.Mutex
	running bool // Run runs, and will end the broker
	kafka   *Kafka
	err     error
}

// Run runs a package's tests, for its TestMain, and then ends and removes what they
// shared: the broker, the PostgreSQL server, the program's binaries.
func Run(m *testing.M) (code int) {
	shared.running = true
	defer func() {
		if shared.kafka != nil {
			shared.kafka.end()
			os.RemoveAll(shared.kafka.dir)
		}
		removeBuilds()
	}()
	return pg.Run(m)
}

// SharedKafka gives the one broker of a package's tests. Each test has topics,
// transactional ids and groups of its own there. A test that stops the broker, sets rules
// at its proxy, or lets the program make topics starts one for itself.
func SharedKafka(tb testing.TB) *Kafka {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("a package whose tests share a broker needs a TestMain that calls rig.Run")
	}
	jars := Jars(tb)
	if shared.kafka == nil && shared.err == nil {
		shared.kafka, shared.err = startShared(jars, classes(tb, jars))
	}
	if shared.err != nil {
		tb.Fatalf("starting the shared Kafka: %v", shared.err)
	}
	k := shared.kafka
	tb.Cleanup(func() { k.tell(tb) })
	return k
}

// startShared starts a broker that no test ends.
func startShared(jars, archive string) (*Kafka, error) {
	dir, err := os.MkdirTemp("", "urncast-kafka-")
	if err != nil {
		return nil, err
	}
	k := &Kafka{dir: dir, jars: jars, archive: archive, fast: true, shared: true}
	if err = k.prepare(); err == nil {
		err = k.Start()
	}
	if err != nil {
		k.end()
		os.RemoveAll(dir)
		return nil, err
	}
	return k, nil
}
