package cli

import (
	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
)

func (p *program) hostCommand() *cobra.Command {
	var flags node.HostConfig
	var file string
	var watch bool
	c := &cobra.Command{
		Use:     "host [NAME=]<address-or-folder>…",
		GroupID: groupNode,
		Short:   "Serve sites to the public, whose visitors serve one another",
		Long: `Serve sites to everybody, in the foreground: folders of yours, or sites of
others by their addresses. Visitors need nothing but a browser, and pass on
what they have to those who come after them; this host sends what no visitor
has. curl, search engines, BitTorrent and IPFS clients are served as well.

Every site has an origin of its own, https://<label>.<domain>/, and with a name,
https://NAME.<domain>/. A single site, or one named @, is at the domain itself.
What others have to do in DNS, and how certificates come about, is told in
docs/host.md.

With --front, the host stands before a website that exists already, at the
domain itself: it passes on what is dynamic, and what is public and may be
cached its visitors get from one another.

The node that does it runs in the home, as with 'kith up', and its console is
on this computer. The configuration is the table [host] in config.toml; flags
stand above it. Ctrl-C ends it.`,
		Example: `  kith host --domain host.localhost my-site
  kith host --domain example.org --acme me@example.org blog=./blog wtp://<infohash>
  kith host --domain www.my.site --acme me@my.site --front https://my.site
  kith host --domain example.org --http 127.0.0.1:8080 --trusted 127.0.0.1 --public https @=./site`,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		home, config, err := node.Load(node.Flags{Home: p.home, Config: file})
		if err != nil {
			return err
		}
		givenHost(c.Flags().Changed, &config.Host, flags)
		log, err := node.NewLog(p.Err, config.Log)
		if err != nil {
			return err
		}
		n, err := node.New(c.Context(), node.Options{
			Home: home, Config: config, Version: p.version, Log: log,
			Host: &node.Hosting{Sites: args, Watch: watch, Ready: p.sayHosted},
		})
		if err != nil {
			return err
		}
		p.sayHosting(n.Public(), config.Host)
		return n.Run(c.Context())
	}
	hostFlags(c, &flags)
	c.Flags().BoolVar(&watch, "watch", false, "publish folders again after every change")
	c.Flags().StringVar(&file, "config", "", "the configuration (default: config.toml in the home)")
	return c
}

func hostFlags(c *cobra.Command, flags *node.HostConfig) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&flags.Domain, "domain", "", "the name below which sites are served; *.domain leads here too")
	f.StringVar(&flags.Front, "front", "", "an existing website to stand before, such as https://my.site")
	f.StringVar(&flags.HTTP, "http", "", "where HTTP listens, host:port or off (default: 127.0.0.1:5486, :80 beside HTTPS)")
	f.StringVar(&flags.HTTPS, "https", "", "where HTTPS listens, host:port (default: :443 with certificates)")
	f.StringVar(&flags.ACME, "acme", "", "obtain certificates by themselves; your e-mail address")
	f.StringVar(&flags.ACMEServer, "acme-server", "", "the certificate authority's directory (default: Let's Encrypt)")
	f.StringVar(&flags.Certificate, "certificate", "", "a certificate for domain and *.domain, PEM")
	f.StringVar(&flags.Key, "key", "", "its key, PEM")
	f.StringSliceVar((*[]string)(&flags.Trusted), "trusted", nil, "a reverse proxy in front, address or prefix (again for more)")
	f.StringVar(&flags.Public, "public", "", "by which scheme and port visitors come, such as https:8443, behind a proxy")
	f.BoolVar(&flags.Plain, "plain", false, "leave pages as they are; visitors do not serve one another")
	f.BoolVar(&flags.Badge, "badge", false, "show visitors a badge with their peers")
	f.StringVar(&flags.TURN, "turn", "", "where STUN and TURN for visitors listen, host:port or off (default: off)")
	f.StringVar(&flags.TURNAddress, "turn-address", "", "the public address for TURN (default: none, which is STUN alone)")
	f.StringVar(&flags.Metrics, "metrics", "", "where the host tells what it has sent, host:port or off (default: off)")
}

// givenHost puts the flags that were used over the configuration.
func givenHost(changed func(flag string) bool, c *node.HostConfig, flags node.HostConfig) {
	for name, set := range map[string]func(){
		"domain":       func() { c.Domain = flags.Domain },
		"front":        func() { c.Front = flags.Front },
		"http":         func() { c.HTTP = flags.HTTP },
		"https":        func() { c.HTTPS = flags.HTTPS },
		"acme":         func() { c.ACME = flags.ACME },
		"acme-server":  func() { c.ACMEServer = flags.ACMEServer },
		"certificate":  func() { c.Certificate = flags.Certificate },
		"key":          func() { c.Key = flags.Key },
		"trusted":      func() { c.Trusted = flags.Trusted },
		"public":       func() { c.Public = flags.Public },
		"plain":        func() { c.Plain = flags.Plain },
		"badge":        func() { c.Badge = flags.Badge },
		"turn":         func() { c.TURN = flags.TURN },
		"turn-address": func() { c.TURNAddress = flags.TURNAddress },
		"metrics":      func() { c.Metrics = flags.Metrics },
	} {
		if changed(name) {
			set()
		}
	}
}

// sayHosting prints where the host listens.
func (p *program) sayHosting(at node.PublicAddresses, c node.HostConfig) {
	for _, l := range []struct{ what, where string }{{"http", at.HTTP}, {"https", at.HTTPS}, {"metrics", at.Metrics}} {
		if l.where != "" {
			p.say("%-8s %s", l.what, l.where)
		}
	}
	if !at.Local {
		p.say("dns      let %s and *.%s lead to this computer (A and AAAA records)", c.Domain, c.Domain)
	}
}

// sayHosted prints a site that can be visited now, or what stands in the way.
func (p *program) sayHosted(h node.Hosted) {
	what := h.Folder + h.Front
	if what == "" {
		what = h.Address.String()
	}
	if h.Err != nil {
		p.note("%s cannot be visited yet: %v", what, h.Err)
		if hint := fault.Hint(h.Err); hint != "" {
			p.note("  %s", hint)
		}
		return
	}
	p.say("site     %s  %s", h.URL, what)
	for _, u := range h.Others {
		p.say("         %s", u)
	}
}
