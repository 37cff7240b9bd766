package rig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The files that Kafka's StorageTool writes into a node's folder. The first has the ids of
// cluster and node. The second has the first records of the cluster's metadata: feature
// versions and SCRAM users.
const (
	metaFile       = "meta.properties"
	checkpointFile = "bootstrap.checkpoint"
)

// formatFolder formats the folder of a node of a cluster. StorageTool would need a JVM for
// that each time, and it writes the same checkpoint for every node that is formatted with the
// same arguments. So the first call on a machine keeps the checkpoint beside the jars, and
// later calls copy it.
func (k *Kafka) formatFolder(cluster string) error {
	kept := k.keptCheckpoint()
	if _, err := os.Stat(kept); err == nil {
		return k.formatLike(kept, cluster)
	}
	return oneAtATime(kept, func() error { return k.formatLike(kept, cluster) })
}

// formatLike formats the folder with the kept checkpoint. If there is none yet, it runs
// StorageTool and keeps its checkpoint.
func (k *Kafka) formatLike(kept, cluster string) error {
	checkpoint, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) {
		if err := k.formatByTool(cluster); err != nil {
			return err
		}
		return keep(filepath.Join(k.dataDir(), checkpointFile), kept)
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dataDir(), 0o755); err != nil {
		return err
	}
	meta := fmt.Sprintf("version=1\ncluster.id=%s\nnode.id=%d\ndirectory.id=%s\n", cluster, k.node, newClusterID())
	if err := os.WriteFile(filepath.Join(k.dataDir(), metaFile), []byte(meta), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(k.dataDir(), checkpointFile), checkpoint, 0o600)
}

// keptCheckpoint is the path of the kept checkpoint for these jars and arguments.
func (k *Kafka) keptCheckpoint() string {
	sum := sha256.Sum256([]byte(strings.Join(k.format, "\n")))
	return k.jars + "-" + hex.EncodeToString(sum[:6]) + ".checkpoint"
}

// keep copies a file. The copy is renamed when it is complete, because others use it as soon
// as it exists.
func keep(file, as string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	work, err := os.CreateTemp(filepath.Dir(as), "checkpoint-")
	if err != nil {
		return err
	}
	_, err = work.Write(content)
	if err := errors.Join(err, work.Close()); err != nil {
		return errors.Join(err, os.Remove(work.Name()))
	}
	return os.Rename(work.Name(), as)
}

// formatByTool formats the folder with StorageTool.
func (k *Kafka) formatByTool(cluster string) error {
	format := append([]string{"kafka.tools.StorageTool", "format", "-t", cluster, "-c", k.config()}, k.format...)
	out, err := exec.Command("java", append(k.jvm(), format...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kafka.tools.StorageTool format: %w\n%s", err, out)
	}
	return nil
}

// logDirs matches the property that names a broker's folder.
var logDirs = regexp.MustCompile(`(?m)^log\.dirs=(.*)$`)

// dataDir is the folder of the broker's data.
func (k *Kafka) dataDir() string {
	if named := logDirs.FindAllStringSubmatch(k.more, -1); len(named) > 0 {
		return named[len(named)-1][1]
	}
	return filepath.Join(k.dir, "data")
}
