package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/reference anew")

// TestReference holds docs/reference/cli.md against the commands it is made of.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference", "cli.md")
	made := []byte(reference((&program{}).root()))
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made) {
		t.Errorf("%s is not what the commands say: renew it by 'go test ./internal/cli -run TestReference -update'", path)
	}
}

// reference is the whole help as one page.
func reference(root *cobra.Command) string {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var b strings.Builder
	fmt.Fprintf(&b, "# Command line\n\nMade from the help of the commands: `kith help` and `kith COMMAND --help` say the same.\n\n%s\n", prose(root.Long))
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "**%s** %s\n\n", g.Title, strings.Join(linked(root, g.ID), ", "))
	}
	fmt.Fprintf(&b, "Every command takes these flags:\n\n```text\n%s```\n\n", root.PersistentFlags().FlagUsagesWrapped(96))
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "## %s\n\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				describe(&b, c, 3)
			}
		}
	}
	b.WriteString("## More to read\n\n")
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&b, "### %s\n\n%s.\n\n%s", c.Name(), escaped(c.Short), prose(c.Long))
		}
	}
	return b.String()
}

func linked(root *cobra.Command, group string) (out []string) {
	for _, c := range root.Commands() {
		if c.GroupID == group && !c.Hidden {
			out = append(out, fmt.Sprintf("[%s](#kith-%s)", c.Name(), c.Name()))
		}
	}
	return out
}

// describe writes a command, and those below it.
func describe(b *strings.Builder, c *cobra.Command, level int) {
	if c.Hidden || c.IsAdditionalHelpTopicCommand() {
		return
	}
	fmt.Fprintf(b, "%s %s\n\n%s.\n\n", strings.Repeat("#", level), c.CommandPath(), escaped(c.Short))
	if c.Runnable() {
		fmt.Fprintf(b, "```text\n%s\n```\n\n", c.UseLine())
	}
	if c.Name() == "completion" { // its pages are for those who have that shell
		b.WriteString("`kith completion bash`, `fish`, `powershell` and `zsh` say in their `--help` where the script goes.\n\n")
		return
	}
	if c.Long != "" {
		b.WriteString(prose(c.Long))
	}
	if c.Example != "" {
		fmt.Fprintf(b, "```sh\n%s\n```\n\n", unindented(c.Example))
	}
	if flags := c.NonInheritedFlags().FlagUsagesWrapped(96); flags != "" {
		fmt.Fprintf(b, "```text\n%s```\n\n", flags)
	}
	for _, below := range c.Commands() {
		describe(b, below, min(level+1, 5))
	}
}

// prose makes Markdown of text for terminals: what is indented stays as it is.
func prose(text string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		var lines, table []string
		for line := range strings.SplitSeq(part, "\n") {
			if strings.HasPrefix(line, "  ") {
				table = append(table, line)
			} else if len(table) > 0 { // it goes on behind what is indented
				table = append(table, line)
			} else {
				lines = append(lines, escaped(line))
			}
		}
		if len(lines) > 0 {
			b.WriteString(strings.Join(lines, "\n") + "\n\n")
		}
		if len(table) > 0 {
			b.WriteString("```text\n" + unindented(strings.Join(table, "\n")) + "\n```\n\n")
		}
	}
	return b.String()
}

// unindented takes away the two spaces that examples and tables begin with.
func unindented(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}

func escaped(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "#", `\#`).Replace(text)
}
