package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/site"
)

func (p *program) appCommand() *cobra.Command {
	var allow []string
	var off bool
	c := p.siteCommand("app <address>", "Run a site as an app that talks to no server",
		func(ctx context.Context, client *api.Client, a address.Address) error {
			mode := site.ModeApp
			if off {
				mode, allow = site.ModeSite, []string{}
			}
			if _, err := client.Site(ctx, a); err != nil {
				if _, err := client.Open(ctx, api.OpenRequest{Address: a.String()}); err != nil {
					return err
				}
			}
			if allow == nil {
				allow = []string{}
			}
			known, err := client.Change(ctx, a, api.SiteChange{Mode: &mode, Allow: &allow})
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(known)
			}
			p.sayMode(known)
			return nil
		})
	c.Long = `Run a site as an app: it opens inside a frame of the console's origin, and the
browser is told to let it talk to no server but the origins you allow. With
--off it is an ordinary page again.

What each browser still lets through is told in the console, on the site's
page.`
	c.Example = "  kith app example.org\n  kith app example.org --allow https://api.example.org\n  kith app example.org --off"
	c.Flags().StringArrayVar(&allow, "allow", nil, "an origin the app may talk to, such as https://api.example.org (again for more)")
	c.Flags().BoolVar(&off, "off", false, "make it an ordinary page")
	c.AddCommand(p.appLsCommand(), p.appRevokeCommand())
	return c
}

func (p *program) sayMode(s site.Site) {
	switch {
	case s.Mode == site.ModeSite:
		p.say("%s opens as an ordinary page", s.Address)
	case len(s.Allow) > 0:
		p.say("%s runs as an app and may talk to %s", s.Address, strings.Join(s.Allow, ", "))
	default:
		p.say("%s runs as an app and may talk to no server", s.Address)
	}
}
