package cli

import (
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/node"
)

func (p *program) relayCommand() *cobra.Command {
	var flags node.RelayConfig
	var file string
	var reuse bool
	c := &cobra.Command{
		Use:     "relay",
		GroupID: groupNode,
		Short:   "Run a relay: a tracker, mailboxes, STUN and TURN, for others",
		Long: `Run a relay in the foreground, the helper that anyone can run for others: it
introduces peers to one another (WebTorrent's WebSocket tracker, HTTP and UDP
trackers), keeps sealed messages for people who are not there (mailboxes, in
its home), tells peers their public address (STUN), and carries packets for
those who cannot reach each other (TURN, when a public address is given;
within tight limits). It knows no content and keeps no log of who asks.

It listens on this computer alone until told otherwise. The configuration is
the tables [relay] and [relay.mailbox] in config.toml; flags stand above it.
Ctrl-C ends it, sending its clients away in good order. With --reuse-port a new
relay may be started before the old one is ended.`,
		Example: `  kith relay
  kith relay --listen 0.0.0.0:5487 --turn 0.0.0.0:3478 --turn-address 198.51.100.7
  kith relay --listen 127.0.0.1:5487 --trusted 127.0.0.1 --udp 0.0.0.0:5487`,
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		home, config, err := node.Load(node.Flags{Home: p.home, Config: file})
		if err != nil {
			return err
		}
		given(c.Flags().Changed, &config.Relay, flags)
		log, err := node.NewLog(p.Err, config.Log)
		if err != nil {
			return err
		}
		r, err := node.NewRelay(home, config.Relay, reuse, log)
		if err != nil {
			return err
		}
		p.sayRelay(r.URLs(), log)
		return r.Run(c.Context())
	}
	f := c.Flags()
	f.StringVar(&flags.Listen, "listen", "", "where the HTTP and WebSocket trackers listen, host:port (default: 127.0.0.1:5487)")
	f.StringVar(&flags.UDP, "udp", "", "where the UDP tracker listens, host:port or off (default: as --listen)")
	f.StringVar(&flags.TURN, "turn", "", "where STUN and TURN listen, host:port or off (default: off)")
	f.StringVar(&flags.TURNAddress, "turn-address", "", "the public address for TURN (default: none, which is STUN alone)")
	f.StringVar(&flags.Metrics, "metrics", "", "where the relay tells what it has done, host:port or off (default: off)")
	f.StringSliceVar((*[]string)(&flags.Trusted), "trusted", nil, "a reverse proxy in front, address or prefix (again for more)")
	f.BoolVar(&reuse, "reuse-port", false, "share the ports with the relay this one follows, or that follows it")
	f.StringVar(&file, "config", "", "the configuration (default: config.toml in the home)")
	c.AddCommand(p.relayCopyCommand())
	return c
}

func (p *program) relayCopyCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "copy-mailboxes ENGINE",
		Short: "Copy a relay's mailboxes to another engine",
		Long: `Copy queues and the messages in them from the engine that config.toml names to
another: sqlite, or a postgres:// URL of an empty database. Stop all relays that
use either before. Then write the new engine into config.toml and start them.`,
		Example: `  kith relay copy-mailboxes postgres://relay@db.example/relay`,
		Args:    cobra.ExactArgs(1),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		home, config, err := node.Load(node.Flags{Home: p.home, Config: file})
		if err != nil {
			return err
		}
		log, err := node.NewLog(p.Err, config.Log)
		if err != nil {
			return err
		}
		done, err := node.CopyMailboxes(c.Context(), home, config.Relay, args[0], log)
		if err != nil {
			return err
		}
		p.say("%d queues with %d messages are copied", done.Queues, done.Messages)
		return nil
	}
	c.Flags().StringVar(&file, "config", "", "the configuration (default: config.toml in the home)")
	return c
}

// given puts the flags that were used over the configuration.
func given(changed func(flag string) bool, c *node.RelayConfig, flags node.RelayConfig) {
	for name, set := range map[string]func(){
		"listen":       func() { c.Listen = flags.Listen },
		"udp":          func() { c.UDP = flags.UDP },
		"turn":         func() { c.TURN = flags.TURN },
		"turn-address": func() { c.TURNAddress = flags.TURNAddress },
		"metrics":      func() { c.Metrics = flags.Metrics },
		"trusted":      func() { c.Trusted = flags.Trusted },
	} {
		if changed(name) {
			set()
		}
	}
}

// sayRelay prints the URLs, one a line, and logs that the relay is ready.
func (p *program) sayRelay(urls map[string]string, log *slog.Logger) {
	var attributes []any
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		p.say("%-8s %s", name, urls[name])
		attributes = append(attributes, slog.String(name, urls[name]))
	}
	log.Info("ready", attributes...)
}
