package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/node"
)

// downTime is how long a node may take to end.
const downTime = 10 * time.Second

func (p *program) downCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		GroupID: groupNode,
		Short:   "End the node",
		Long: `End the running node, as Ctrl-C does where it was started, and wait until it has
ended. One that starts with your session starts again with the next.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			home, err := node.Home(p.home)
			if err != nil {
				return err
			}
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), downTime)
			defer cancel()
			if err := client.End(ctx, home); err != nil {
				return err
			}
			p.note("the node has ended")
			return nil
		},
	}
}
