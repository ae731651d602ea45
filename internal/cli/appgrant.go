package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// appLsCommand lists what web apps may and hold.
func (p *program) appLsCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "ls", Short: "List the apps that keep documents here, and what each may",
		Long: `List the web apps that you let keep documents on this node: what each may, how
many documents it has, and where it runs. Apps ask in the console.`,
		Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			st, err := client.Apps(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(st)
			}
			held, err := client.HeldApps(ctx)
			if err != nil {
				return err
			}
			if len(st.Apps)+len(held) == 0 {
				p.note("no app keeps anything here: open one with 'kith app ADDRESS', and say yes in the console when it asks")
				return nil
			}
			return p.printApps(st.Apps, held)
		}),
	})
}

func (p *program) printApps(apps []app.Grant, held []sharing.Held) error {
	of := map[string]sharing.Held{}
	for _, h := range held {
		of[h.App] = h
	}
	delete(of, "") // files of no app
	w := p.table("APP\tMAY\tFRIENDS\tDOCUMENTS\tSIZE\tADDRESS")
	connected := map[string]bool{}
	for _, a := range apps {
		connected[a.App] = true
		w.row("%s\t%s\t%d\t%d\t%s\t%s", a.App, strings.Join(a.Granted, ","), len(a.Friends),
			of[a.App].Documents, bytesText(of[a.App].Octets), a.Address)
	}
	for _, h := range held {
		if h.App != "" && !connected[h.App] {
			w.row("%s\t-\t0\t%d\t%s\t-", printable(h.App), h.Documents, bytesText(h.Octets))
		}
	}
	return w.Flush()
}

// appRevokeCommand takes back what an app may.
func (p *program) appRevokeCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "revoke <address-or-app>", Short: "Take back what an app may",
		Long: `Take back everything from an app: by the address where it runs, or by the name
it acts under, which takes it from every address that does. Its documents stay, and are there
again when you allow it again.`,
		Example: "  kith app revoke album\n  kith app revoke ipfs://bafy…",
		Args:    exactly(1, "the address or the name of an app"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			st, err := client.Apps(ctx)
			if err != nil {
				return err
			}
			taken := []app.Grant{}
			for _, a := range st.Apps {
				if args[0] != a.App && args[0] != a.Address && args[0] != a.Label {
					continue
				}
				if err := client.RevokeApp(ctx, a.Label); err != nil {
					return err
				}
				taken = append(taken, a)
			}
			if len(taken) == 0 {
				return fault.New(fault.NotFound, "no app %q is connected", args[0]).WithHint("'kith app ls' lists them")
			}
			if p.json {
				return p.printJSON(taken)
			}
			for _, a := range taken {
				p.say("%s at %s may nothing any more; its documents stay", a.App, a.Address)
			}
			return nil
		}),
	})
}
