package node

import "net/url"

// hidden stands where a secret is.
const hidden = "(hidden)"

// Hidden returns the configuration as it may be shown to whoever looks over a
// shoulder or reads a report: tokens and passwords in it are left out.
func (c Config) Hidden() Config {
	for _, secret := range []*string{&c.Mailbox.Token, &c.Relay.Mailbox.Token} {
		if *secret != "" {
			*secret = hidden
		}
	}
	if u, err := url.Parse(c.Relay.Mailbox.Engine); err == nil && u.User != nil {
		c.Relay.Mailbox.Engine = u.Redacted()
	}
	return c
}
