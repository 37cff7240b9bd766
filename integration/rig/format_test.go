package rig

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// A folder with a copied checkpoint has the same files as one that StorageTool formats. Their
// properties are equal except for the ids, and their checkpoints have the same length: only
// times differ.
func TestFormatAsTheToolDoes(t *testing.T) {
	jars := Jars(t)
	archive := classes(t, jars)
	folder := func() *Kafka {
		k := &Kafka{dir: t.TempDir(), jars: jars, archive: archive, fast: true, shared: true}
		if err := k.prepare(); err != nil {
			t.Fatal(err)
		}
		return k
	}
	folder() // so that there is a kept checkpoint to copy
	copied, made := folder(), folder()
	if err := os.RemoveAll(made.dataDir()); err != nil {
		t.Fatal(err)
	}
	if err := made.formatByTool(newClusterID()); err != nil {
		t.Fatal(err)
	}
	got, want := files(t, copied), files(t, made)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("the copy has the files %q, the tool makes %q", names, slices.Sorted(maps.Keys(want)))
	}
	if len(got[checkpointFile]) != len(want[checkpointFile]) {
		t.Errorf("the checkpoint has %d bytes, the tool's has %d", len(got[checkpointFile]), len(want[checkpointFile]))
	}
	property := regexp.MustCompile(`(?m)^([a-z.]+)=(.*)$`)
	of := func(text string) map[string]string {
		all := map[string]string{}
		for _, m := range property.FindAllStringSubmatch(text, -1) {
			all[m[1]] = m[2]
		}
		for _, id := range []string{"cluster.id", "directory.id"} {
			if len(all[id]) != 22 {
				t.Errorf("%s is %q, want an id of 22 characters", id, all[id])
			}
			delete(all, id)
		}
		return all
	}
	if copied, made := of(got[metaFile]), of(want[metaFile]); !maps.Equal(copied, made) {
		t.Errorf("the copy's %s has %v, the tool's %v", metaFile, copied, made)
	}
}

// files returns the content of the files in a node's folder, by name.
func files(t *testing.T, k *Kafka) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(k.dataDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(k.dataDir(), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(content)
	}
	return all
}
