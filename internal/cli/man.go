package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kith-web/kith/internal/node"
)

// Sections of the manual (man-pages(7)).
const (
	manCommand = 1
	manFile    = 5
	manTopic   = 7
)

// manualCommand writes the manual of every command for those who make packages.
func (p *program) manualCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man <folder>",
		GroupID: groupNode,
		Short:   "Write the manual pages of all commands to a folder",
		Long: `Write manual pages, for man(1), of all commands and topics of the help and of
the configuration to a folder: for packages, and for those who installed the
program by hand. Read one with 'man -l FILE'.`,
		Example: "  kith man ~/.local/share/man",
		Hidden:  true,
		Args:    exactly(1, "the folder to write to"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			for _, page := range manual(c.Root(), thisBuild()) {
				if err := os.WriteFile(filepath.Join(args[0], page.name()), []byte(page.text()), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// manual returns the pages, always the same for the same program.
func manual(root *cobra.Command, b build) []*manPage {
	var pages []*manPage
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		c.InitDefaultHelpFlag()
		pages = append(pages, commandPage(c, b))
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root.InitDefaultCompletionCmd()
	walk(root)
	return append(pages, configPage(b))
}

// manPage is one page in the roff of man(7).
type manPage struct {
	title   string
	section int
	build   build
	body    strings.Builder
}

func newManPage(title string, section int, b build, short string) *manPage {
	p := &manPage{title: title, section: section, build: b}
	p.head("NAME")
	p.line(`%s \- %s`, roff(title), roff(short))
	return p
}

func (p *manPage) name() string { return fmt.Sprintf("%s.%d", p.title, p.section) }

func (p *manPage) text() string {
	date, _, _ := strings.Cut(p.build.Date, "T")
	version := p.build.Version
	return fmt.Sprintf(".TH %q %d %q %q %q\n.ad l\n.nh\n%s", strings.ToUpper(p.title), p.section, date, "kith "+version, "Kith", p.body.String())
}

func (p *manPage) line(format string, args ...any) { fmt.Fprintf(&p.body, format+"\n", args...) }

func (p *manPage) head(title string) { p.line(".SH %s", title) }

// roff escapes text for the inside of a line.
func roff(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
}

// roffLine escapes a whole line, whose first character may not be a control.
func roffLine(text string) string {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + roff(text)
	}
	return roff(text)
}

// prose writes text as the help has it: paragraphs between empty lines, and
// lines that are indented as they are.
func (p *manPage) prose(text string) {
	literal := false
	switchTo := func(l bool) {
		if l != literal {
			p.line("%s", map[bool]string{true: ".sp\n.RS 2\n.nf", false: ".fi\n.RE\n.sp"}[l])
		}
		literal = l
	}
	pending := false // an empty line, of which is not known yet what follows
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			pending = true
			continue
		}
		indented := strings.HasPrefix(line, "  ")
		if pending && indented == literal {
			p.line("%s", map[bool]string{true: "", false: ".PP"}[literal])
		}
		pending = false
		switchTo(indented)
		p.line("%s", roffLine(strings.TrimRight(strings.TrimPrefix(line, "  "), " ")))
	}
	switchTo(false)
}

// pageOf names the page of a command, and the section it is in.
func pageOf(c *cobra.Command) (title string, section int) {
	if c.IsAdditionalHelpTopicCommand() {
		return strings.ReplaceAll(c.CommandPath(), " ", "-"), manTopic
	}
	return strings.ReplaceAll(c.CommandPath(), " ", "-"), manCommand
}

func commandPage(c *cobra.Command, b build) *manPage {
	title, section := pageOf(c)
	p := newManPage(title, section, b, c.Short)
	if section == manCommand {
		p.synopsis(c)
	}
	p.head("DESCRIPTION")
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	p.prose(long)
	subs := slices.DeleteFunc(slices.Clone(c.Commands()), func(s *cobra.Command) bool {
		return s.Hidden || s.Name() == "help" || s.IsAdditionalHelpTopicCommand()
	})
	if len(subs) > 0 {
		p.head("COMMANDS")
		for _, s := range subs {
			title, section := pageOf(s)
			p.line(".TP\n\\fB%s\\fR(%d)\n%s", roff(title), section, roffLine(s.Short))
		}
	}
	if section == manCommand {
		p.options("OPTIONS", c.LocalFlags())
		p.options("OPTIONS OF EVERY COMMAND", c.InheritedFlags())
	}
	if c.Example != "" {
		p.head("EXAMPLES")
		p.prose(c.Example)
	}
	p.seeAlso(c)
	return p
}

func (p *manPage) synopsis(c *cobra.Command) {
	p.head("SYNOPSIS")
	words := strings.SplitN(c.UseLine(), c.CommandPath(), 2)
	p.line(`\fB%s\fR%s`, roff(c.CommandPath()), roff(words[len(words)-1]))
	if c.HasAvailableSubCommands() {
		p.line(".br\n\\fB%s\\fR \\fICOMMAND\\fR [flags]", roff(c.CommandPath()))
	}
}

func (p *manPage) options(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.head(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := `\fB` + roff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + name
		}
		if kind != "" {
			name += ` \fI` + roff(kind) + `\fR`
		}
		p.line(".TP\n%s\n%s", name, roffLine(usage))
	})
}

// seeAlso names the command above, those beside it when there are few, and from
// the first page all topics.
func (p *manPage) seeAlso(c *cobra.Command) {
	var names []string
	add := func(title string, section int) {
		names = append(names, fmt.Sprintf("\\fB%s\\fR(%d)", roff(title), section))
	}
	if c.HasParent() {
		add(pageOf(c.Parent()))
	} else {
		for _, s := range c.Commands() {
			if s.IsAdditionalHelpTopicCommand() && !s.Hidden && s.Name() != "help" {
				add(pageOf(s))
			}
		}
	}
	add("kith-config", manFile)
	p.head("SEE ALSO")
	p.line("%s", strings.Join(names, ",\n"))
}

// configPage is the manual of config.toml.
func configPage(b build) *manPage {
	p := newManPage("kith-config", manFile, b, "the configuration of Kith, config.toml")
	p.head("DESCRIPTION")
	p.prose(`The file config.toml is in the node's home; 'kith config path' says where that
is. It need not exist: every key has the default shown here. Flags stand above
the environment (KITH_HOME, KITH_LISTEN), which stands above the file. A node,
a relay and a host read it when they start.`)
	p.head("KEYS")
	p.line(".nf")
	for line := range strings.SplitSeq(strings.TrimRight(node.Reference(), "\n"), "\n") {
		p.line("%s", roffLine(line))
	}
	p.line(".fi")
	p.head("SEE ALSO")
	p.line(`\fBkith\fR(1), \fBkith\-relay\fR(1), \fBkith\-host\fR(1)`)
	return p
}
