package text

import (
	"fmt"
	"strconv"
	"strings"
)

// parse reads the entries of a .po file: msgid and msgstr, each one or more quoted
// lines. Comments and the header, whose msgid is empty, are passed over.
func parse(data string, entry func(key, said string) error) error {
	var key, said strings.Builder
	into := &key
	number := 0
	end := func() error {
		defer func() { key.Reset(); said.Reset() }()
		if key.Len() == 0 {
			return nil
		}
		if said.Len() == 0 {
			return fmt.Errorf("line %d: %q has no translation", number, key.String())
		}
		return entry(key.String(), said.String())
	}
	for line := range strings.Lines(data) {
		number++
		line = strings.TrimSpace(line)
		rest, isKey := strings.CutPrefix(line, "msgid ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case isKey:
			if err := end(); err != nil {
				return err
			}
			into, line = &key, rest
		case strings.HasPrefix(line, "msgstr "):
			into, line = &said, strings.TrimPrefix(line, "msgstr ")
		}
		quoted, err := strconv.Unquote(line)
		if err != nil || line[0] != '"' {
			return fmt.Errorf("line %d: %.80q is no text in quotes", number, line)
		}
		into.WriteString(quoted)
	}
	return end()
}
