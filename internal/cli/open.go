package cli

import (
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

func (p *program) openCommand() *cobra.Command {
	var print, app, start bool
	c := &cobra.Command{
		Use:     "open [address]",
		GroupID: groupUse,
		Short:   "Open a site in your browser; without an address, the console",
		Long: `Open a site in your browser. While peers are looked for, the page shows how that
goes, and becomes the site by itself. Without an address, the console opens.

With --start a node is started in the background when none runs; it writes its
log to kith.log in the home. That is how links of the desktop open, see 'kith
help install'.

With --app the site runs inside the shell, where it cannot talk to any server.
'kith help addresses' shows what an address looks like.`,
		Example: "  kith open wtp://2b7f1e0c9d3a4b5c6d7e8f90a1b2c3d4e5f60718/\n" +
			"  kith open ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/\n" +
			"  kith open example.org\n  kith open holiday.torrent",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.completeSites,
		RunE: func(c *cobra.Command, args []string) error {
			dial := p.dial
			if start {
				dial = p.dialOrStart
			}
			client, err := dial(c.Context())
			if err != nil {
				return err
			}
			url, kind := client.Console(), "console"
			out := api.Opened{}
			if len(args) == 1 {
				q := api.OpenRequest{Address: absoluteFile(args[0])}
				if app {
					q.Mode = site.ModeApp
				}
				if out, err = client.Open(c.Context(), q); err != nil {
					return err
				}
				url, kind = out.URL, out.Kind
			}
			if p.json {
				out.URL, out.Kind = url, kind
				return p.printJSON(out)
			}
			if print {
				p.say("%s", url)
				return nil
			}
			return p.browse(url)
		},
	}
	c.Flags().BoolVarP(&print, "print", "p", false, "print the URL and open nothing")
	c.Flags().BoolVar(&start, "start", false, "start the node in the background when none runs")
	c.Flags().BoolVar(&app, "app", false, "open it as an app, in the shell")
	return p.jsonFlag(c)
}

// browse hands url to the person's browser.
func (p *program) browse(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	if err := exec.Command(name, args...).Run(); err != nil {
		return fault.New(fault.Unsupported, "no browser could be started: %w", err).WithHint("open %s yourself", url)
	}
	p.note("opened %s", url)
	return nil
}
