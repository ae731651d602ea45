package cli

import (
	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

func (p *program) doctorCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "doctor",
		GroupID: groupNode,
		Short:   "Find out what keeps the node from working well",
		Long: `Let the node look at itself: whether peers can reach it, whether it finds
others, whether names are looked up, how much space is left. Each finding says
what to do.

It ends with code 3 when something does not work.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			checkup, err := client.Doctor(c.Context())
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
				err = fault.New(fault.Partial, "%s failed", count(failed, "check"))
			}
			return err
		},
	})
}

func (p *program) printCheck(c api.Check) {
	mark := map[api.State]string{api.OK: "ok  ", api.Warning: "warn", api.Failed: "FAIL", api.Skipped: "-   "}[c.State]
	p.say("%s  %s: %s", mark, c.Name, printable(c.Message))
	if c.Hint != "" {
		p.say("        %s", printable(c.Hint))
	}
}
