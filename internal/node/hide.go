package node

import "github.com/kith-web/kith/internal/fault"

// hidden stands where a secret is.
const hidden = "(hidden)"

// Hidden returns the configuration as it may be shown to whoever looks over a
// shoulder or reads a report: tokens, and users and passwords in URLs, are left
// out.
func (c Config) Hidden() Config {
	for _, secret := range []*string{&c.Mailbox.Token, &c.Relay.Mailbox.Token} {
		if *secret != "" {
			*secret = hidden
		}
	}
	for _, u := range []*string{&c.Relay.Mailbox.Engine, &c.DNS.DoH, &c.Mailbox.Hop, &c.Host.Front, &c.Host.ACMEServer} {
		*u = fault.Redact(*u)
	}
	for _, list := range []*List{
		&c.BitTorrent.Trackers, &c.IPFS.Routers, &c.IPFS.Gateways, &c.WebRTC.STUN, &c.Mailbox.Relays, &c.Host.Trackers, &c.Host.ICE,
	} {
		shown := make(List, len(*list))
		for i, u := range *list {
			shown[i] = fault.Redact(u)
		}
		*list = shown
	}
	return c
}
