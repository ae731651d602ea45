package sharing

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/person/guard"
)

// Options are what a Service needs, and its choices. Zero values are replaced by
// the default each comment names.
type Options struct {
	// Dir is a folder of the service's own, for documents and keys. Needed.
	Dir string
	// Device and Exchange are buckets for what is this device's alone. Needed.
	Device, Exchange Bucket
	// Ring is the operating system's keyring: none.
	Ring guard.Ring

	// Name is what friends are told until the person says otherwise, DeviceName what
	// this device is called: "somebody" and "device".
	Name, DeviceName string
	// Relays keep this person's mailboxes.
	Relays []string
	// Token is given to those of Relays that demand one for making mailboxes: none.
	Token string
	// Hop is a relay through which messages go to relays whose addresses say their
	// ids, so that those do not learn where this device is: none. HopOnly keeps
	// messages for other relays back.
	Hop     string
	HopOnly bool
	// TLS is how relays are spoken to: the system's authorities.
	TLS *tls.Config
	// Through is put around the HTTP that relays are spoken to with: nothing.
	Through func(http.RoundTripper) http.RoundTripper
	// Base is what stands before the # of links: http://localhost:5484/friend.
	Base string
	// Lease is how long friends may keep what they were sent without asking again:
	// 7 days.
	Lease time.Duration
	// Lifetime is how long a message waits for somebody: 7 days.
	Lifetime time.Duration
	// Direct opens this device's own mailbox, in a folder of its own. It is called
	// when there is a person: none.
	Direct func(dir string) (*Direct, error)

	// Rand is randomness: the system's.
	Rand io.Reader
	// Log is where trouble is told: nowhere.
	Log *slog.Logger
}

// Direct is this device's own mailbox, which friends reach without a relay
// (spec §5.4).
type Direct struct {
	// URL and Client are how this device reaches it itself.
	URL    string
	Client client.Options
	// Certificate is the SHA-256 of the certificate that it shows.
	Certificate []byte
	// Places returns the URLs it can be reached at now.
	Places func() []string
	// Close ends it.
	Close func() error
}

func (o Options) check() error {
	if o.Dir == "" || o.Device == nil || o.Exchange == nil {
		return fault.New(fault.Internal, "sharing: Dir, Device and Exchange are needed")
	}
	return nil
}
