package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/text"
)

// TestTheHelpFitsATerminal: no text but an example is wider than a terminal.
func TestTheHelpFitsATerminal(t *testing.T) {
	for _, tag := range []string{"en", "de"} {
		p := &program{lang: text.New().For(tag)}
		root := p.root()
		p.translate(root)
		for _, c := range append(root.Commands(), root) {
			fits(t, tag, c)
		}
	}
}

// fits looks at the help of a command and of those below it.
func fits(t *testing.T, tag string, c *cobra.Command) {
	t.Helper()
	said, example := c.Long+"\n"+c.UsageString(), strings.Split(c.Example, "\n")
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, " \n")
		wide := len([]rune(line)) > helpWidth
		for _, e := range example {
			wide = wide && strings.TrimRight(e, " ") != line
		}
		if wide {
			t.Errorf("%s, %s: %d columns: %s", c.Name(), tag, len([]rune(line)), line)
		}
	}
}
