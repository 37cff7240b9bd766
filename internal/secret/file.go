package secret

import (
	"errors"
	"fmt"
	"os"
)

// WriteKey writes a new key to a file that must not exist: overwriting a key would lose what it
// sealed. A crash leaves an empty or half-written file, which Load refuses.
func WriteKey(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("the file %s is there already (%w), and overwriting a key loses what it sealed: choose another name, or move the file away", path, os.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(NewKey() + "\n")
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
