package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/site"
)

func (p *program) pinCommand() *cobra.Command {
	var wait bool
	c := p.siteCommand("pin <address>", "Keep a site for good, and always pass it on",
		func(ctx context.Context, client *api.Client, a address.Address) error {
			yes := true
			known, err := client.Change(ctx, a, api.SiteChange{Pinned: &yes})
			if err == nil && wait {
				known, err = p.awaitAll(ctx, client, a)
			}
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(known)
			}
			p.say("pinned %s", a)
			return nil
		})
	c.Long = `Keep a site for good: the rest of it is fetched in the background, it is never
removed to make room, and others always get it from you. A site that this node
does not know yet is opened.`
	c.Flags().BoolVar(&wait, "wait", false, "wait until all of it is here")
	return c
}

// lookEvery is how often progress is asked for.
const lookEvery = 250 * time.Millisecond

// awaitAll shows how a site comes in, until all of it is here.
func (p *program) awaitAll(ctx context.Context, client *api.Client, a address.Address) (site.Site, error) {
	bar := p.newBar("fetching")
	defer bar.end()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		known, err := client.Site(ctx, a)
		if err != nil {
			return known, err
		}
		st := known.Stats
		if st.Total > 0 && st.Stored >= st.Total || known.State == site.StateOpen && st.Pieces > 0 && st.Have >= st.Pieces {
			return known, nil
		}
		bar.at(st.Stored, st.Total)
		select {
		case <-ctx.Done():
			return known, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

func (p *program) unpinCommand() *cobra.Command {
	c := p.siteCommand("unpin <address>", "Let go of a pinned site when space runs short",
		func(ctx context.Context, client *api.Client, a address.Address) error {
			no := false
			if _, err := client.Site(ctx, a); err != nil { // Change would open it
				return err
			}
			known, err := client.Change(ctx, a, api.SiteChange{Pinned: &no})
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(known)
			}
			p.say("unpinned %s", a)
			return nil
		})
	c.Long = `Stop keeping a site. It stays until it was not used for a while and space runs
short. A published site stays as long as it is published.`
	return c
}

func (p *program) removeCommand() *cobra.Command {
	c := p.siteCommand("remove <address>", "Forget a site, and delete what is stored of it",
		func(ctx context.Context, client *api.Client, a address.Address) error {
			if err := client.Remove(ctx, a); err != nil {
				return err
			}
			if p.json {
				return p.printJSON(map[string]address.Address{"removed": a})
			}
			p.say("removed %s", a)
			return nil
		})
	c.Aliases = []string{"rm"}
	c.Long = `Forget a site and delete what is stored of it. A site that you published is no
longer served; its folder is not touched.`
	return c
}

// siteCommand is a command about one site.
func (p *program) siteCommand(
	use, short string, do func(context.Context, *api.Client, address.Address) error,
) *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:               use,
		GroupID:           groupKeep,
		Short:             short,
		Args:              exactly(1, "the address of a site"),
		ValidArgsFunction: p.completeSites,
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			a, err := address.Parse(args[0])
			if err == nil && a.Kind() == address.Index {
				var opened api.Opened
				opened, err = client.Open(c.Context(), api.OpenRequest{Address: absoluteFile(args[0])})
				a = opened.Address
			}
			if err != nil {
				return err
			}
			root := a.Root()
			root.Hints = a.Hints
			return do(c.Context(), client, root)
		},
	})
}
