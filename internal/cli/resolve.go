package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func (p *program) resolveCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "resolve <address>",
		GroupID: groupKeep,
		Short:   "Show what a name points at",
		Long: `Look a name up and show the immutable address it points at now. 'kith help
names' tells what kinds of names there are.`,
		Example:           "  kith resolve example.org\n  kith resolve ipns://k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
		Args:              exactly(1, "an address"),
		ValidArgsFunction: p.completeSites,
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			res, err := client.Resolve(c.Context(), args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(res)
			}
			for _, a := range res.Candidates {
				p.say("%s", a)
			}
			switch {
			case res.Stale:
				p.note("this is an earlier answer: nobody who knows answered now")
			case res.TTL > 0:
				p.note("good for %s", duration(time.Duration(res.TTL)*time.Second))
			}
			return nil
		},
	})
}
