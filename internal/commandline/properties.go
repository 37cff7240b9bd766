package commandline

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// ReadProperties reads a client.properties. A file that is not UTF-8 is taken for ISO-8859-1, as
// Java does. UTF-16, which shells of Windows write, is refused by name.
func ReadProperties(file string) (string, error) {
	b, err := os.ReadFile(file)
	if bytes.HasPrefix(b, []byte("\xFF\xFE")) || bytes.HasPrefix(b, []byte("\xFE\xFF")) {
		return "", fmt.Errorf("%s is UTF-16; save it as UTF-8", file)
	}
	if err != nil || utf8.Valid(b) {
		return string(b), err
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes), nil
}

// PropertyValue returns a value as a client.properties writes it: on one line, escaped, so that the
// printed line can be pasted into such a file.
func PropertyValue(value string) string {
	value = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
	if strings.HasPrefix(value, " ") {
		value = `\` + value
	}
	return value
}
