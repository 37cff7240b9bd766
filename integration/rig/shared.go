package rig

import (
	"os"
	"sync"
	"testing"

	"urncast/integration/rig/pg"
)

// shared is the broker that the tests of a package share. The first call of SharedKafka starts
// it.
var shared struct {
	sync.Mutex
	running bool // within Run, which ends the broker
	kafka   *Kafka
	err     error
}

// Run runs the tests of a package, for its TestMain, and then removes what they shared: the
// broker, the PostgreSQL server and the built binaries.
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

// SharedKafka returns the broker that the tests of a package share. Each test uses topics,
// transactional ids and consumer groups of its own. A test that stops the broker, needs a
// proxy, or lets urncast create topics must start its own.
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
	tb.Cleanup(func() { k.logTail(tb) })
	return k
}

// startShared starts the shared broker, which only Run ends.
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
