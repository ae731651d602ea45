package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/install"
	"github.com/kith-web/kith/internal/node"
)

// installTime is how long the programs of the system may take.
const installTime = time.Minute

func (p *program) installCommand() *cobra.Command {
	var noLinks, noService, dry bool
	var schemes []string
	c := &cobra.Command{
		Use:     "install",
		GroupID: groupNode,
		Short:   "Open links with Kith, and start the node with your session",
		Long: `Make Kith a part of your desktop: links that begin with wtp:, web+wtp:, ipfs:,
ipns:, dweb: or magnet: open with it, and the node starts when you log in. All
of it is in your own folders and needs no administrator. What opened those links
before is remembered, and 'kith uninstall' puts it back.

With --dry-run it says what it would do and does nothing.`,
		Example: "  kith install\n  kith install --schemes wtp,ipfs,ipns\n  kith install --no-service\n  kith uninstall",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o := node.Installation{Home: p.home, Schemes: schemes, Service: !noService}
			if noLinks {
				o.Schemes = nil
			}
			i, err := node.NewInstaller(o)
			if err != nil {
				return err
			}
			if dry {
				steps, err := i.Plan()
				return p.saySteps(steps, err)
			}
			ctx, cancel := context.WithTimeout(c.Context(), installTime)
			defer cancel()
			steps, err := i.Install(ctx)
			if err := p.saySteps(steps, err); err != nil || p.json {
				return err
			}
			p.say("\nKith is installed. 'kith uninstall' undoes it.")
			return nil
		},
	}
	f := c.Flags()
	f.StringSliceVar(&schemes, "schemes", install.Schemes(), "the links to open with Kith")
	f.BoolVar(&noLinks, "no-links", false, "leave links as they are")
	f.BoolVar(&noService, "no-service", false, "do not start the node with the session")
	f.BoolVar(&dry, "dry-run", false, "say what would be done")
	return p.jsonFlag(c)
}

func (p *program) uninstallCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "uninstall",
		GroupID: groupNode,
		Short:   "Undo 'kith install'",
		Long: `Undo 'kith install': links open with what opened them before, and the node no
longer starts with your session. Your sites, keys and settings stay in the home;
to be rid of those too, remove the home ('kith status' names it).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			i, err := node.NewInstaller(node.Installation{Home: p.home})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), installTime)
			defer cancel()
			steps, err := i.Remove(ctx)
			if err := p.saySteps(steps, err); err != nil || p.json {
				return err
			}
			if len(steps) == 0 {
				p.say("Kith is not installed; there was nothing to undo.")
			}
			return nil
		},
	}
	return p.jsonFlag(c)
}

// saySteps prints what was done, also before an error.
func (p *program) saySteps(steps []install.Step, err error) error {
	if p.json {
		if steps == nil {
			steps = []install.Step{}
		}
		if printing := p.printJSON(map[string]any{"steps": steps}); err == nil {
			err = printing
		}
		return err
	}
	for _, s := range steps {
		if s.Problem == "" {
			p.say("%s", s.What)
		} else {
			p.say("%s\n  not done: %s", s.What, s.Problem)
		}
	}
	return err
}
