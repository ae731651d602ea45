package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) sitesCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "sites",
		GroupID: groupKeep,
		Short:   "List the sites this node knows",
		Long: `List the sites this node knows, the last used first: how many peers each has,
how much of it is here, what goes in and out, and until when others get it
from you.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			list, err := client.Sites(c.Context())
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(list)
			}
			if len(list.Sites) == 0 {
				p.note("no sites yet: open one with 'kith open', or publish a folder with 'kith publish'")
				return nil
			}
			return p.printSites(list.Sites)
		},
	})
}

func (p *program) printSites(sites []site.Site) error {
	w := p.table("NAME\tSTATE\tPEERS\tHERE\tOF\tDOWN\tUP\tSERVED\tADDRESS")
	for _, s := range sites {
		name := s.Name
		if name == "" {
			name = "-"
		}
		w.row("%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s",
			clip(printable(name), 24), stateText(s.State), len(s.Stats.Peers), share(s.Stats.Stored, s.Stats.Total),
			bytesText(s.Stats.Total), rate(s.Stats.DownRate), rate(s.Stats.UpRate), served(s, time.Now()), s.Address)
	}
	return w.Flush()
}

// served says until when others get a site from this node.
func served(s site.Site, now time.Time) text.Phrase {
	switch {
	case s.Published:
		return text.Of("published")
	case s.Pinned:
		return text.Of("pinned")
	case s.State == site.StateClosed:
		return text.Of("no")
	case s.SeededUntil.IsZero():
		return text.Of("in use")
	}
	return text.Of("for %s", duration(s.SeededUntil.Sub(now)))
}

func stateText(s site.State) text.Phrase {
	switch s {
	case site.StateOpening:
		return text.Of("opening")
	case site.StateOpen:
		return text.Of("open")
	case site.StateClosed:
		return text.Of("closed")
	}
	return text.Of("%s", string(s))
}
