package cli

import (
	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/node"
)

func (p *program) upCommand() *cobra.Command {
	var f node.Flags
	var noBrowser bool
	c := &cobra.Command{
		Use:     "up",
		GroupID: groupUse,
		Short:   "Start the node, and leave it running",
		Long: `Start the node in the foreground. It opens sites for your browser, passes on
what you read, and serves what you publish. Ctrl-C ends it; nothing pinned or
published is lost.

The console is a page at http://localhost:5484/. Nobody but you can open it,
and no other computer reaches it. The first time, it opens in your browser with
a short tour; not with --no-browser, nor where nobody looks at the output.`,
		Example: "  kith up\n  kith up --home /tmp/second --listen 127.0.0.1:5494",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.Home = p.home
			home, config, err := node.Load(f)
			if err != nil {
				return err
			}
			log, err := node.NewLog(p.Err, config.Log)
			if err != nil {
				return err
			}
			n, err := node.New(c.Context(), node.Options{Home: home, Config: config, Version: p.version, Log: log})
			if err != nil {
				return err
			}
			if isTerminal(p.Out) {
				p.welcome(n.Console(), home)
			}
			if !noBrowser && p.seesBrowser() {
				p.home = home
				go p.firstRun(c.Context())
			}
			return n.Run(c.Context())
		},
	}
	c.Flags().StringVar(&f.Listen, "listen", "", "where browsers connect, host:port (default: $KITH_LISTEN, else 127.0.0.1:5484)")
	c.Flags().BoolVar(&noBrowser, "no-browser", false, "do not open the browser, the first time neither")
	c.Flags().StringVar(&f.Config, "config", "", "the configuration (default: config.toml in the home)")
	return c
}

// welcome is what a newcomer reads.
func (p *program) welcome(console, home string) {
	p.say(`
Kith is up.

  Console   %s
  Home      %s

Leave this running, and in another terminal try

  kith open                     the console, in your browser
  kith publish some-folder      publish a folder, and get its addresses
  kith help addresses           what a site's address looks like

Ctrl-C ends it.
`, console, home)
}
