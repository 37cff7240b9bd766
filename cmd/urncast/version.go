package main

import (
	"fmt"
	"runtime"

	"urncast/internal/output"
)

type versionCommand struct {
	JSON bool `help:"As JSON."`
}

// Run prints the version.
func (c *versionCommand) Run() error {
	if c.JSON {
		return output.JSON(map[string]string{"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
	}
	fmt.Printf("urncast %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
