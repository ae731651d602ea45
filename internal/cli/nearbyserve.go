package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/nearby/serve"
)

func (p *program) serveCommand() *cobra.Command {
	var v serve.Serve
	var keep, off bool
	c := &cobra.Command{
		Use:   "serve <folder or URL>",
		Short: "Serve a folder or a web server to paired devices",
		Long: `Serve a folder, or a web server of this computer, to paired devices and to nobody
else. They open it in their browsers, at an origin that is as good as https and
needs no certificate: http://nearby-<this device>.localhost:5484/ on the node of
theirs. With --name it has an origin of its own.

It is served until the command ends, or with --keep for as long as the node runs
and after it is started again, until --off.`,
		Example: "  kith nearby serve ./photos\n  kith nearby serve http://localhost:8123 --name home",
		Args:    exactly(1, "a folder or a URL"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if strings.HasPrefix(args[0], "http://") || strings.HasPrefix(args[0], "https://") {
				v.Target = args[0]
			} else if v.Folder, err = filepath.Abs(args[0]); err != nil {
				return err
			}
			h, end, err := p.openHub(c.Context(), "")
			if err != nil {
				return err
			}
			defer end()
			if off {
				return h.NearbyUnserve(c.Context(), v.Name)
			}
			return p.serve(c.Context(), h, v, keep)
		},
	}
	c.Flags().StringVar(&v.Name, "name", "", "letters and digits, for an origin of its own")
	c.Flags().BoolVar(&keep, "keep", false, "leave it to the node to go on serving")
	c.Flags().BoolVar(&off, "off", false, "end what --keep began")
	return p.jsonFlag(c)
}

// servedOutput is what --json prints.
type servedOutput struct {
	serve.Serve
	URL string `json:"url"`
}

func (p *program) serve(ctx context.Context, h hub, v serve.Serve, keep bool) error {
	if _, own := h.(ownHub); own && keep {
		if _, err := p.dial(ctx); err != nil {
			return err // only a node can go on
		}
	}
	if err := h.NearbyServe(ctx, v); err != nil {
		return err
	}
	st, err := h.NearbyState(ctx)
	if err != nil {
		return err
	}
	url := "http://nearby-" + st.ID + v.Name + ".localhost:5484/"
	if p.json {
		err = p.printJSON(servedOutput{v, url})
	} else {
		p.say("%s", url)
		p.note("paired devices open this in their browsers, while a node of theirs runs")
	}
	if err != nil || keep {
		return err
	}
	<-ctx.Done()
	return h.NearbyUnserve(context.WithoutCancel(ctx), v.Name)
}
