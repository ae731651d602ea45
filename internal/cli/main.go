package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
	"github.com/kith-web/kith/internal/text"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs the command that args name, without the program's own name, and
// returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	p := &program{Streams: s, version: thisBuild().Version, lang: language(args)}
	root := p.root()
	p.translate(root)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !p.started { // cobra did not get as far as the command: wrong usage
		err = usage(err)
	}
	if ctx.Err() != nil {
		err = fault.New(fault.Canceled, "stopped")
	}
	p.complain(err)
	return fault.ExitCode(err)
}

// usage gives the errors of cobra, which are text, a kind and a hint.
func usage(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	message, suggestions, _ := strings.Cut(err.Error(), "\n\nDid you mean this?\n")
	e := foreign(strings.TrimSuffix(message, ` for "kith"`)).
		WithHint("'kith help' lists the commands, 'kith help COMMAND' tells more")
	if words := strings.Fields(suggestions); len(words) > 0 {
		e = e.WithHint("did you mean 'kith %s'? 'kith help' lists the commands", words[0])
	}
	return e
}

// program is what all commands share.
type program struct {
	Streams
	version string
	started bool
	lang    *text.Language // of the person; nil is English

	// Flags of every command.
	home string
	json bool
}

// complain prints an error and the next step to take.
func (p *program) complain(err error) {
	if fault.KindOf(err) == fault.Canceled {
		return
	}
	err = fault.Localize(err, p.lang)
	_, _ = fmt.Fprintf(p.Err, "kith: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	if hint := fault.Hint(err); hint != "" {
		_, _ = fmt.Fprintf(p.Err, "  %s\n", hint)
	}
}

// root is the command tree.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kith",
		Short: "Open and publish websites from peers, in your own browser",
		Long: `Kith opens and publishes websites without a server. Sites come from peers over
BitTorrent and IPFS, and every reader passes them on.

  kith up                          start the node, and leave it running
  kith open wtp://<infohash>/      read a site in your browser
  kith publish my-site/            publish a folder, and get its addresses`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.started = true
		},
	}
	root.PersistentFlags().StringVar(&p.home, "home", "", "the node's folder (default: $KITH_HOME, else the system's)")
	root.PersistentFlags().StringVar(new(string), "lang", "", "the language of texts for people, such as de or en (default: the system's)")
	root.PersistentFlags().SortFlags = false
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return foreign(err.Error()).WithHint("'%s --help' lists its flags", c.CommandPath())
	})
	root.AddGroup(&cobra.Group{ID: groupUse, Title: "Everyday:"}, &cobra.Group{ID: groupKeep, Title: "Sites:"},
		&cobra.Group{ID: groupNode, Title: "The node:"})
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", helpWidth)))
	root.SetHelpCommandGroupID(groupNode)
	root.SetCompletionCommandGroupID(groupNode)
	root.AddCommand(
		p.upCommand(), p.openCommand(), p.publishCommand(), p.getCommand(),
		p.sitesCommand(), p.pinCommand(), p.unpinCommand(), p.removeCommand(), p.appCommand(), p.importCommand(),
		p.nearbyCommand(), p.friendCommand(), p.dataCommand(), p.deviceCommand(), p.personCommand(),
		p.resolveCommand(), p.statusCommand(), p.doctorCommand(), p.hostCommand(), p.relayCommand(), p.configCommand(), p.versionCommand(), p.manualCommand(),
		p.downCommand(), p.installCommand(), p.uninstallCommand(),
	)
	root.AddCommand(topics()...)
	return root
}

// helpWidth is how many columns the help takes at most, which every terminal has.
const helpWidth = 80

// Groups of commands in the help.
const (
	groupUse  = "use"
	groupKeep = "keep"
	groupNode = "node"
)

// dial finds the running node.
func (p *program) dial(ctx context.Context) (*api.Client, error) {
	home, err := node.Home(p.home)
	if err != nil {
		return nil, err
	}
	c, err := api.Dial(ctx, home)
	if fault.KindOf(err) == fault.NotRunning && p.home != "" {
		return nil, fault.New(fault.NotRunning, "%w", err).WithHint("start the node with 'kith up --home %s'", p.home)
	}
	if err == nil && !p.json {
		c.Speak(p.lang)
	}
	return c, err
}

// jsonFlag gives a command --json.
func (p *program) jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return c
}

// printJSON prints v for programs.
func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// say prints a line for people.
func (p *program) say(format string, args ...any) {
	_, _ = fmt.Fprintln(p.Out, p.lang.Say(format, args...))
}

// note prints a line beside the output.
func (p *program) note(format string, args ...any) {
	_, _ = fmt.Fprintln(p.Err, p.lang.Say(format, args...))
}

// isTerminal says whether somebody sees w as it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// exactly demands n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fault.New(fault.Invalid, "'%s' takes %s, and got %d arguments", c.CommandPath(), text.Key(what), len(args)).
			WithHint("'%s --help' shows examples", c.CommandPath())
	}
}
