package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/node"
)

func (p *program) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		GroupID: groupNode,
		Short:   "Explain and show the configuration",
		Long: `The configuration is the file config.toml in the node's home. It need not exist:
every key has a default. Flags stand above the environment (KITH_HOME,
KITH_LISTEN), which stands above the file. The node reads it when it starts.`,
	}
	c.AddCommand(
		&cobra.Command{
			Use:   "reference",
			Short: "Print every key, what it does, and its default",
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				p.say("%s", node.Reference())
				return nil
			},
		},
		p.configShowCommand(),
		&cobra.Command{
			Use:   "path",
			Short: "Print where the configuration is",
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				home, err := node.Home(p.home)
				if err == nil {
					p.say("%s", filepath.Join(home, node.ConfigName))
				}
				return err
			},
		},
	)
	return c
}

func (p *program) configShowCommand() *cobra.Command {
	var f node.Flags
	c := &cobra.Command{
		Use:   "show",
		Short: "Check the configuration and print it as a node would use it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f.Home = p.home
			_, config, err := node.Load(f)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(config.Hidden())
			}
			p.say("%s", node.Show(config.Hidden()))
			return nil
		},
	}
	c.Flags().StringVar(&f.Config, "config", "", "another file than config.toml in the home")
	return p.jsonFlag(c)
}
