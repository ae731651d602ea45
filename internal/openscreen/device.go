package openscreen

import (
	"net/netip"
	"slices"
)

// Device is an agent as its announcements describe it. Nothing of it is proven;
// [Agent.Dial] holds the device to its fingerprint.
type Device struct {
	// Fingerprint is what the device says it is.
	Fingerprint Fingerprint
	// Instance is the DNS-SD instance name, unique on the network.
	Instance string
	// Name is the beginning of the display name; Truncated says that there is
	// more, which agent-info tells after connecting.
	Name      string
	Truncated bool
	// Addrs are where it can be reached, the likeliest first.
	Addrs []netip.AddrPort
	// Token is the auth initiation token (TXT at), "" when unknown.
	Token string
	// Serial is the serial number of its certificate (TXT sn), "" when unknown.
	Serial string
	// Version grows when the device's metadata changed (TXT mv).
	Version uint64
	// Suspicious says that two agents announce this fingerprint at once.
	Suspicious bool
}

// EventKind says what happened to a device.
type EventKind int

// What happens to devices.
const (
	// Found: the device was not there before.
	Found EventKind = iota + 1
	// Changed: something in its description is new.
	Changed
	// Lost: it said goodbye, or has not been heard for as long as it promised.
	Lost
)

// String is a word for logs.
func (k EventKind) String() string {
	switch k {
	case Found:
		return "found"
	case Changed:
		return "changed"
	case Lost:
		return "lost"
	}
	return "?"
}

// Event is news of a device.
type Event struct {
	Kind   EventKind
	Device Device
}

// equal reports whether two descriptions are the same.
func (d Device) equal(o Device) bool {
	return d.Fingerprint == o.Fingerprint && d.Instance == o.Instance && d.Name == o.Name &&
		d.Truncated == o.Truncated && d.Token == o.Token && d.Serial == o.Serial &&
		d.Version == o.Version && d.Suspicious == o.Suspicious && slices.Equal(d.Addrs, o.Addrs)
}
