package openscreen

import (
	"cmp"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/fault"
)

// Bounds of what options may say.
const (
	mostName     = 256
	leastBits    = 20
	mostBits     = 60
	mostEase     = 100
	mdnsPort     = 5353
	stranger4    = 4 // sessions that are not authenticated, of one address
	firstWindow  = 512 << 10
	requestLife  = time.Minute
	sendTimeout  = 10 * time.Second
	closeGrace   = 10 * time.Second
	settleTime   = 2 * time.Second
	acceptQueue  = 64
	maxDatagram  = 1100 // of the 1200 octets that every path carries
	oldDatagrams = 256
)

// complete checks options and fills in the defaults.
func (o Options) complete() (Options, error) {
	o.DisplayName = strings.TrimSpace(o.DisplayName)
	if err := checkName(o.DisplayName); err != nil {
		return o, err
	}
	if o.Identity == nil || o.Identity.key == nil {
		return o, fault.New(fault.Invalid, "an agent needs an identity")
	}
	if len(o.Model) > mostName || !utf8.ValidString(o.Model) {
		return o, fault.New(fault.Invalid, "model name %.40q is no text of at most %d octets", o.Model, mostName)
	}
	if o.Ease < 0 || o.Ease > mostEase {
		return o, fault.New(fault.Invalid, "ease of input %d is not within 0 and %d", o.Ease, mostEase)
	}
	o.CodeBits = cmp.Or(o.CodeBits, leastBits)
	if o.CodeBits < leastBits || o.CodeBits > mostBits {
		return o, fault.New(fault.Invalid, "a code of %d bits is not within %d and %d", o.CodeBits, leastBits, mostBits)
	}
	if len(o.Locales) == 0 {
		o.Locales = []string{"en"}
	}
	if o.SaveIdentity == nil {
		o.SaveIdentity = func([]byte) error { return nil }
	}
	if o.Known == nil {
		o.Known = func(Fingerprint) bool { return false }
	}
	if o.Refused == nil {
		o.Refused = func(Refusal) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MulticastPort = cmp.Or(o.MulticastPort, mdnsPort)
	o.Limits = o.Limits.complete()
	return o, nil
}

func checkName(name string) error {
	if name == "" || len(name) > mostName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fault.New(fault.Invalid, "display name %.60q is no line of 1 to %d octets", name, mostName)
	}
	return nil
}

// complete fills in the defaults.
func (l Limits) complete() Limits {
	l.Sessions = cmp.Or(l.Sessions, 64)
	l.Strangers = cmp.Or(l.Strangers, 16)
	l.Devices = cmp.Or(l.Devices, 256)
	l.Packets = cmp.Or(l.Packets, 200)
	l.Channels = cmp.Or(l.Channels, 1024)
	l.Transports = cmp.Or(l.Transports, 64)
	l.Streams = cmp.Or(l.Streams, 2048)
	l.Message = cmp.Or(l.Message, 16<<20)
	l.Control = cmp.Or(l.Control, 16<<10)
	l.StreamWindow = cmp.Or(l.StreamWindow, 32<<20)
	l.SessionWindow = cmp.Or(l.SessionWindow, 64<<20)
	l.Handshake = cmp.Or(l.Handshake, 10*time.Second)
	l.Idle = cmp.Or(l.Idle, 25*time.Second)
	l.Code = cmp.Or(l.Code, 2*time.Minute)
	l.WrongCodes = cmp.Or(l.WrongCodes, 5)
	l.Lockout = cmp.Or(l.Lockout, 10*time.Minute)
	l.WrongCodeWait = cmp.Or(l.WrongCodeWait, time.Second)
	return l
}
