package node

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/adrg/xdg"

	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/person/guard"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing"
)

// FriendsConfig is the table [friends].
type FriendsConfig struct {
	Enabled  bool     `toml:"enabled" doc:"Whether this node knows friends and keeps documents for them at all."`
	Name     string   `toml:"name" doc:"What friends are told you are called, until you say otherwise. Empty: the name of the home if one was chosen, else yours on this computer."`
	Device   string   `toml:"device" doc:"What your other devices call this one. Empty: the name of the computer."`
	Link     string   `toml:"link" doc:"What stands before the # of an invitation. Empty: this node's console, which a friend who runs Kith has too."`
	Direct   bool     `toml:"direct" doc:"Let friends and your other devices reach this one without a relay, and tell them its addresses. Otherwise by relays alone."`
	Listen   string   `toml:"listen" doc:"Where they do, host:port. When the port is taken, another is used. It opens with the first friend or device."`
	Lease    Duration `toml:"lease" doc:"How long friends may keep what you sent them without asking again."`
	Lifetime Duration `toml:"lifetime" doc:"How long a question or an answer waits for somebody who is not there; at most 21 days."`
	Keyring  bool     `toml:"keyring" doc:"Let the system's keyring keep the key of everything, where there is one. Otherwise a file does, until you choose a passphrase."`
}

func defaultFriends() FriendsConfig {
	return FriendsConfig{
		Enabled: true, Direct: true, Listen: ":5488", Lease: Duration(7 * 24 * time.Hour), Lifetime: Duration(7 * 24 * time.Hour), Keyring: true,
	}
}

// MailboxConfig is the table [mailbox].
type MailboxConfig struct {
	Relays List   `toml:"relays" doc:"Relays that keep messages for you while you are away, as ws://host:port or wss://host. Two are better than one; anybody can run one: 'kith relay', which logs its id at its start. They can read nothing."`
	Token  string `toml:"token" doc:"What they want to see before they keep anything, if their operator told you."`

	Hop     string `toml:"hop" doc:"A relay that hands your messages on to your friends' relays, so that those do not see your address, as wss://host. It works with relays whose address ends in # and their id. Empty: messages go straight to them."`
	HopOnly bool   `toml:"hop_only" doc:"Send nothing to relays that cannot be reached through the hop."`
}

// longestLifetime is the longest that a relay keeps a message (spec/mailbox.md §1).
const longestLifetime = 21 * 24 * time.Hour

func (c *Config) checkFriends() error {
	f := c.Friends
	if !isHostPort(f.Listen) {
		return bad("friends.listen", f.Listen, "host:port, such as :5488")
	}
	if f.Lease <= 0 {
		return bad("friends.lease", time.Duration(f.Lease).String(), "a time above 0, such as 168h")
	}
	if f.Lifetime <= 0 || time.Duration(f.Lifetime) > longestLifetime {
		return bad("friends.lifetime", time.Duration(f.Lifetime).String(), "a time of at most 504h")
	}
	if f.Link != "" && !hasScheme(f.Link, "http", "https") || strings.Contains(f.Link, "#") {
		return bad("friends.link", f.Link, "an http or https URL without a #")
	}
	for _, r := range c.Mailbox.Relays {
		url, _, err := seal.CutRelay(r)
		if err != nil || client.CheckURL(url) != nil {
			return bad("mailbox.relays", r, "a URL such as wss://relay.example.org, or that with # and the relay's id")
		}
	}
	if c.Mailbox.Hop != "" && client.CheckURL(c.Mailbox.Hop) != nil {
		return bad("mailbox.hop", c.Mailbox.Hop, "a URL such as wss://relay.example.org")
	}
	return nil
}

// startFriends opens the person's private side.
func (p *parts) startFriends() error {
	c := p.node.o.Config
	if !c.Friends.Enabled || p.node.o.Host != nil {
		return nil
	}
	device, err := p.store.Bucket("device")
	if err != nil {
		return err
	}
	exchange, err := p.store.Bucket("exchange")
	if err != nil {
		return err
	}
	log := p.node.o.Log.With("part", "friends")
	o := sharing.Options{
		Dir: filepath.Join(p.node.o.Home, "friends"), Device: device, Exchange: exchange, Log: log,
		Name: c.Friends.Name, DeviceName: c.Friends.Device, Relays: c.Mailbox.Relays, Token: c.Mailbox.Token, Hop: c.Mailbox.Hop, HopOnly: c.Mailbox.HopOnly, Base: c.Friends.Link, Through: p.clock.Through,
		Lease: time.Duration(c.Friends.Lease), Lifetime: time.Duration(c.Friends.Lifetime),
	}
	if o.Base == "" {
		o.Base = "http://localhost:" + strconv.Itoa(p.port) + "/friend"
	}
	orElse(&o.Name, p.ownName())
	orElse(&o.DeviceName, computerName())
	if c.Friends.Keyring {
		o.Ring = guard.System(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	}
	if c.Friends.Direct {
		o.Direct = func(dir string) (*sharing.Direct, error) { return openDirect(dir, c.Friends.Listen, log) }
	}
	s, err := sharing.New(context.Background(), o)
	if err != nil {
		return fmt.Errorf("start private sharing: %w", err)
	}
	p.node.onClose("private sharing", s.Close)
	p.sharing = s
	ctx, stop := context.WithCancel(context.Background())
	p.node.onClose("documents", func() error { stop(); return nil })
	go watchDocuments(ctx, s)
	return nil
}

// ownName is what a person is called before they say: by the folder, where it was
// chosen for them, else by the name of their account.
func (p *parts) ownName() string {
	if p.node.o.Home != filepath.Join(xdg.DataHome, "kith") {
		return filepath.Base(p.node.o.Home)
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	if name, _, _ := strings.Cut(u.Name, ","); name != "" {
		return name
	}
	return u.Username
}

func computerName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}
