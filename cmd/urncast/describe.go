package main

import (
	_ "embed"

	"github.com/alecthomas/kong"

	"urncast/internal/commandline"
)

//go:embed verbs.txt
var verbsText string

// describe adds what verbs.txt says of each verb to its help text.
func describe(k *kong.Kong) error {
	return commandline.Describe(k.Model, commandline.ParseDescriptions(verbsText))
}
