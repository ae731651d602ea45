package host

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// Defaults of Options.
const (
	DefaultRate       = 200.0
	DefaultBurst      = 2000
	DefaultLookupRate = 0.5
	DefaultLookups    = 20
	DefaultPatience   = time.Minute
	DefaultStall      = time.Minute
	DefaultMaxPieces  = 64
	DefaultMaxBusy    = 1024
	DefaultVersions   = 8
	DefaultMaxNames   = 1024
	DefaultEarlier    = 5 * time.Second
)

// Sites opens sites.
type Sites interface {
	// Open returns the site at a, waiting for peers until ctx ends.
	Open(ctx context.Context, a address.Address) (Handle, error)
}

// Handle is a site in use.
type Handle interface {
	// FS is the site's files, as engine.Site has them.
	FS(ctx context.Context) fs.FS
	// Target is the immutable address the files come from; its Path is the
	// folder in it where the site begins.
	Target() address.Address
	// Piecer hands out the site in pieces; ok is false when its engine cannot.
	Piecer() (p engine.Piecer, ok bool)
	// Close ends the use.
	Close()
}

// Names says where domain names lead.
type Names interface {
	// Follow returns every address on the way from the domain name a to the site
	// it leads to, names and immutable addresses alike. It asks DNS alone, never
	// the domain's own web server, which is likely to be this host.
	Follow(ctx context.Context, a address.Address) ([]address.Address, error)
}

// Site is one site that is served.
type Site struct {
	// Address is the site's, and Also are others of the same site on other
	// networks. The site is found under the label of each.
	Address address.Address
	Also    []address.Address
	// Name is the label below the domain under which the site is found besides,
	// "@" for the domain itself, "" for none.
	Name string
	// Alone puts the site at the domain itself, too: there is no other.
	Alone bool
	// Title is what the site calls itself; "" where that is not known.
	Title string
	// Front is the website that this site is, which then has no Address but a
	// Name; nil for every other.
	Front Front
}

// ICEServer is an RTCIceServer of WebRTC.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Endpoint is a WebTransport server that speaks the BitTorrent peer protocol.
type Endpoint struct {
	// URL is https://host:port/bittorrent.
	URL string `json:"url"`
	// Hashes are base64 of the SHA-256 of certificates it may show.
	Hashes []string `json:"hashes"`
}

// Options of a Host. Domain, Sites and Gateway are required.
type Options struct {
	// Domain is the public name below which every site has an origin.
	Domain string
	// Sites opens sites, Gateway serves their files at <label>.localhost. The
	// gateway's errors are drawn by Explain.
	Sites   Sites
	Gateway http.Handler
	// Assets are the runtime's files by their names below /.kith/, and
	// AssetPolicy is the Content-Security-Policy of the pages among them.
	Assets      fs.FS
	AssetPolicy string
	// Tracker answers WebSockets, and /announce and /scrape; nil for none.
	Tracker http.Handler
	// Trackers are further WebSocket trackers that visitors are told of.
	Trackers []string
	// ICE returns STUN and TURN servers for a visitor who asked under a host
	// name; nil for none.
	ICE func(host string) []ICEServer
	// WebTransport returns the endpoints of this host for visitors who asked
	// under a host name; nil for none.
	WebTransport func(host string) []Endpoint
	// Peer is what this host's own node is called among peers, 40 hexadecimal
	// digits, where visitors may meet it as one; "" where they do not.
	Peer string
	// IPFS answers /ipfs/<cid> in the forms that clients verify; nil for none.
	IPFS http.Handler
	// Names leads domains of other people's to sites; nil serves Domain alone.
	Names Names
	// NodePort is the port of a visitor's own node, to which "open with my node"
	// leads; 0 does not offer it.
	NodePort int

	// Plain leaves pages as they are: visitors load from this host alone.
	Plain bool
	// Badge shows visitors the badge.
	Badge bool
	// Trusted are proxies in front, whose X-Forwarded-For and -Proto are
	// believed.
	Trusted []netip.Prefix
	// HSTS is how long browsers remember to come by HTTPS; 0 does not tell them.
	HSTS time.Duration

	// Rate limits the requests of one address (IPv6: of a /48).
	Rate guard.Limit
	// Lookups limits how many unknown domains one address may ask for.
	Lookups guard.Limit
	// Patience is how long a request waits for peers.
	Patience time.Duration
	// Earlier is how long a request for an earlier version waits, which may be gone.
	Earlier time.Duration
	// Stall is how long a client may take over the next part of a response.
	Stall time.Duration
	// MaxPieces is how many pieces are in memory at once on their way to
	// visitors, MaxBusy how many requests are answered at once.
	MaxPieces, MaxBusy int
	// Versions is how many earlier versions of a changing site are still handed
	// out in pieces, to visitors who have their index.
	Versions int
	// MaxNames is how many domains of other people's are remembered.
	MaxNames int
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger
}

func (o *Options) check() error {
	o.Domain = strings.ToLower(strings.TrimSuffix(o.Domain, "."))
	if !isDomain(o.Domain) {
		return fault.New(fault.Invalid, "%q is no domain to serve sites below", o.Domain).
			WithHint("give a name such as example.org, or host.localhost to try it on this computer")
	}
	if o.Sites == nil || o.Gateway == nil {
		return fault.New(fault.Internal, "host: sites and a gateway are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Rate = o.Rate.Or(guard.Limit{PerSecond: DefaultRate, Burst: DefaultBurst})
	o.Lookups = o.Lookups.Or(guard.Limit{PerSecond: DefaultLookupRate, Burst: DefaultLookups})
	orElse(&o.Patience, DefaultPatience)
	orElse(&o.Earlier, DefaultEarlier)
	orElse(&o.Stall, DefaultStall)
	orElse(&o.MaxPieces, DefaultMaxPieces)
	orElse(&o.MaxBusy, DefaultMaxBusy)
	orElse(&o.Versions, DefaultVersions)
	orElse(&o.MaxNames, DefaultMaxNames)
	return nil
}

// orElse replaces a zero value.
func orElse[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// isDomain reports whether name is a domain name in lower case (RFC 1123 §2.1).
func isDomain(name string) bool {
	if len(name) > 253 || name == "localhost" {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !isLabel(label) {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}

// isLabel reports whether s is one label of a host name in lower case.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
