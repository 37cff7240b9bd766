//go:build crashpoints

package crash

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Variable is the name of the environment variable for a step.
const Variable = "URNCAST_CRASH_AT"

var (
	mu   sync.Mutex
	hits = map[string]int{}
)

// At kills the process when URNCAST_CRASH_AT names this step: "step", or "step:3" for the third time it is passed.
func At(step string) {
	want, count, counted := strings.Cut(os.Getenv(Variable), ":")
	if want != step {
		return
	}
	nth := 1
	if counted {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			panic(Variable + " must be a step or step:N, not " + os.Getenv(Variable))
		}
		nth = n
	}
	mu.Lock()
	hits[step]++
	due := hits[step] == nth
	mu.Unlock()
	if due {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal takes a moment, and no line after this one may run
	}
}
