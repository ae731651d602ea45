package cli

import (
	"strings"
	"testing"
)

// TestTheHelpFitsATerminal: no text but an example is wider than a terminal.
func TestTheHelpFitsATerminal(t *testing.T) {
	root := (&program{}).root()
	for _, c := range append(root.Commands(), root) {
		text, example := c.Long+"\n"+c.UsageString(), strings.Split(c.Example, "\n")
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, " \n")
			wide := len([]rune(line)) > helpWidth
			for _, e := range example {
				wide = wide && strings.TrimRight(e, " ") != line
			}
			if wide {
				t.Errorf("%s: %d columns: %s", c.Name(), len([]rune(line)), line)
			}
		}
	}
}
