package cli

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
	"github.com/kith-web/kith/internal/text"
)

// language is the one of a command: what --lang says, else the environment. It has
// to be known before there is a flag to parse: the flags' help is in it.
func language(args []string) *text.Language {
	c := text.New()
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if tag, ok := strings.CutPrefix(arg, "--lang="); ok {
			return c.For(tag)
		}
		if arg == "--lang" && i+1 < len(args) {
			return c.For(args[i+1])
		}
	}
	return c.For(node.Languages()...)
}

// translate says what cobra shows of a tree of commands in the person's language.
func (p *program) translate(root *cobra.Command) {
	if p.lang == nil {
		return
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetUsageTemplate(p.usageTemplate(root.UsageTemplate()))
	for _, g := range root.Groups() {
		g.Title = p.lang.Text(g.Title)
	}
	p.translateBelow(root)
}

func (p *program) translateBelow(c *cobra.Command) {
	c.Short, c.Long = p.lang.Text(c.Short), p.lang.Text(c.Long)
	c.DisableFlagsInUseLine = true // usageTemplate has them
	if shell, ok := strings.CutPrefix(c.Short, "Generate the autocompletion script for "); ok {
		c.Short = p.lang.Say("Generate the autocompletion script for %s", shell)
	}
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		f.Usage = p.lang.Text(f.Usage)
		if f.Name == "help" {
			f.Usage = p.lang.Say("help for %s", c.Name())
		}
		if zero, ok := zeroOf(f); ok && f.DefValue != zero {
			// pflag says "default" in English: it is said here, and there is nothing left for it to say.
			f.Usage += " " + p.lang.Say("(default %s)", f.DefValue)
			f.DefValue = zero
		}
	})
	for _, sub := range c.Commands() {
		p.translateBelow(sub)
	}
}

// zeroOf is the default that pflag does not tell of.
func zeroOf(f *pflag.Flag) (string, bool) {
	switch f.Value.Type() {
	case "bool":
		return "false", true
	case "string":
		return "", true
	case "duration", "int", "int64", "uint16", "float64", "count":
		return "0", true
	case "stringArray", "stringSlice":
		return "[]", true
	}
	return "", false
}

// usageTemplate is cobra's own in the person's language.
func (p *program) usageTemplate(template string) string {
	for _, words := range []string{
		"Usage:", "Aliases:", "Examples:", "Available Commands:", "Additional Commands:", "Global Flags:",
		"Additional help topics:", `Use "{{.CommandPath}} [command] --help" for more information about a command.`,
	} {
		template = strings.ReplaceAll(template, words, p.lang.Text(words))
	}
	template = strings.ReplaceAll(template, "\n\nFlags:", "\n\n"+p.lang.Text("Flags:"))
	template = strings.ReplaceAll(template, "{{.UseLine}}", "{{.UseLine}}{{if .HasAvailableFlags}} "+p.lang.Text("[flags]")+"{{end}}")
	return strings.ReplaceAll(template, "[command]", p.lang.Text("[command]"))
}

// foreign makes an error of what cobra and pflag complain about, which is text.
func foreign(message string) *fault.Error {
	for _, key := range []string{
		"unknown command %q", "unknown command %q for %q", "unknown flag: %s", "unknown shorthand flag: %q in %s",
		"flag needs an argument: %s", "invalid argument %q for %q flag: %s", "required flag(s) %s not set",
		"accepts %d arg(s), received %d", "accepts at most %d arg(s), received %d",
		"requires at least %d arg(s), only received %d", "accepts between %d and %d arg(s), received %d",
	} {
		if args, ok := match(key, message); ok {
			return fault.New(fault.Invalid, key, args...)
		}
	}
	return fault.New(fault.Invalid, "%s", message)
}

// match finds the arguments that a text was printed with.
func match(key, message string) ([]any, bool) {
	pattern := regexp.QuoteMeta(key)
	for verb, form := range map[string]string{"%q": `("(?:[^"\\]|\\.)*"|'[^']*')`, "%s": `(.*)`, "%d": `(\d+)`} {
		pattern = strings.ReplaceAll(pattern, verb, form)
	}
	found := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(message)
	if found == nil {
		return nil, false
	}
	var args []any
	for _, f := range found[1:] {
		if n, err := strconv.Atoi(f); err == nil {
			args = append(args, n)
		} else if r, _, tail, err := strconv.UnquoteChar(strings.Trim(f, "'"), 0); strings.HasPrefix(f, "'") && err == nil && tail == "" {
			args = append(args, r)
		} else if unquoted, err := strconv.Unquote(f); err == nil {
			args = append(args, unquoted)
		} else {
			args = append(args, f)
		}
	}
	return args, true
}
