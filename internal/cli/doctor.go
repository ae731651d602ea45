package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) doctorCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "doctor",
		GroupID: groupNode,
		Short:   "Find out what keeps the node from working well",
		Long: `Let the node look at itself and at this computer: whether peers can reach it and
it finds others, whether names are looked up, what the firewall lets in, whether
the network carries IPv6 and multicast and lets its devices reach one another,
how large the buffers are, how much space is left, whether the clock is right.
Each finding says what to do. While no node runs, it looks at what can be seen
without one.

It ends with code 3 when something does not work.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			checkup, err := p.checkup(c.Context())
			if err != nil {
				return err
			}
			failed := 0
			for _, check := range checkup.Checks {
				if check.State == api.Failed {
					failed++
				}
				if !p.json {
					p.printCheck(check)
				}
			}
			if p.json {
				err = p.printJSON(checkup)
			}
			if err == nil && failed > 0 {
				err = fault.New(fault.Partial, "%s failed", text.Count(failed, "%d check", "%d checks"))
			}
			return err
		},
	})
}

// checkup is what the running node says, or what can be seen without one.
func (p *program) checkup(ctx context.Context) (api.Checkup, error) {
	client, err := p.dial(ctx)
	if err == nil {
		return client.Doctor(ctx)
	}
	if fault.KindOf(err) != fault.NotRunning {
		return api.Checkup{}, err
	}
	home, config, err := node.Load(node.Flags{Home: p.home})
	if err != nil {
		return api.Checkup{}, err
	}
	start := "kith up"
	if p.home != "" {
		start += " --home " + p.home
	}
	return api.Checkup{Checks: node.Examine(ctx, home, config, start)}, nil
}

func (p *program) printCheck(c api.Check) {
	c = c.In(p.lang)
	mark := map[api.State]string{api.OK: "ok  ", api.Warning: "warn", api.Failed: "FAIL", api.Skipped: "-   "}[c.State]
	p.say("%s  %s: %s", mark, c.Name, printable(c.Message))
	if c.Hint != "" {
		p.say("        %s", printable(c.Hint))
	}
}
