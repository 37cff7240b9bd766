package main

import (
	"os"
	"testing"

	"urncast/integration/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Run(m)) }
