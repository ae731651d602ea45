package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) publishCommand() *cobra.Command {
	var q api.PublishRequest
	var code bool
	c := &cobra.Command{
		Use:     "publish <folder>",
		GroupID: groupUse,
		Short:   "Publish a folder, and get its addresses",
		Long: `Publish a folder to every network at once, and print its addresses. The files
stay where they are and are read from there, so nothing is copied; leave the
node running, and others get the site from you. A file that changes afterwards
is not served until you publish again, which costs what changed.

With --name the site also gets an address that stays the same while the site
changes; publish again and it leads to the new version.

With --watch every change is published as it happens, until Ctrl-C.`,
		Example: "  kith publish my-site\n  kith publish my-site --name example.org\n  kith publish my-site --watch --json",
		Args:    exactly(1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if q.Folder, err = folder(args[0]); err != nil {
				return err
			}
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			return p.publish(c.Context(), client, q, code)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&q.Name, "name", "", "a name of your choice (your domain is a good one) for an address that stays")
	f.StringVar(&q.Title, "title", "", "what the site calls itself (default: the folder's name)")
	f.BoolVar(&q.Watch, "watch", false, "publish again after every change, until Ctrl-C")
	f.BoolVar(&q.Hybrid, "hybrid", false, "make a BitTorrent v1 + v2 torrent")
	f.StringArrayVar(&q.Trackers, "tracker", nil, "a tracker to write into the torrent (again for more)")
	f.StringArrayVar(&q.WebSeeds, "web-seed", nil, "an HTTP server to write into the torrent that has the files too (again for more)")
	f.BoolVar(&code, "qr", false, "print a QR code, also where there is no terminal")
	return p.jsonFlag(c)
}

// folder checks that there is something to publish, before the node is asked.
func folder(arg string) (string, error) {
	abs, err := filepath.Abs(arg)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(abs); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fault.New(fault.NotFound, "there is no folder %s", arg).WithHint("check the path")
		}
		return "", fault.New(fault.KindOf(err), "cannot read %s: %w", arg, err)
	}
	return abs, nil
}

func (p *program) publish(ctx context.Context, client *api.Client, q api.PublishRequest, code bool) error {
	bar := p.newBar("publishing")
	defer bar.end()
	return client.Publish(ctx, q, func(e api.PublishEvent) {
		switch {
		case e.Progress != nil:
			bar.at(e.Progress.Bytes, e.Progress.Total)
		case e.Failed != nil:
			bar.end()
			p.complain(fault.Decode(e.Failed))
		case e.Result != nil:
			bar.end()
			if p.json {
				_ = p.printJSON(e.Result)
				return
			}
			p.printPublication(*e.Result, code || isTerminal(p.Out) && !q.Watch)
		}
	})
}

func (p *program) printPublication(r publish.Publication, code bool) {
	p.say("published %s: %s, %s (%s read)", r.Folder, text.Count(r.Files, "%d file", "%d files"), bytesText(r.Bytes), bytesText(r.Bytes-r.Reused))
	line := func(name, value string) {
		if value != "" {
			p.say("  %-8s %s", name, value)
		}
	}
	line("ipfs", r.IPFS)
	line("wtp", r.WTP)
	line("magnet", r.Magnet)
	for _, u := range r.URLs {
		line("open", u)
	}
	if r.IPNS != "" || r.WTPKey != "" {
		p.say("addresses that stay, under the name %s:", r.Mutable)
		line("ipns", r.IPNS)
		line("wtp", r.WTPKey)
	}
	if len(r.DNS) > 0 {
		p.say("to lead a domain there, give it these DNS records:")
	}
	for _, d := range r.DNS {
		p.say("  %s  %s  %q", d.Name, d.Type, d.Value)
	}
	for _, s := range r.Skipped {
		p.note("left out %s: %s", printable(s.Path), s.Reason)
	}
	if code {
		p.printQR(firstOf(r.IPNS, r.WTPKey, r.IPFS, r.WTP))
	}
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
