package instance

import (
	"os"
	"testing"

	"urncast/integration/rig/pg"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }
