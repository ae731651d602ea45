package turn

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// Options are the choices of a Server. Zero values are replaced by the default
// each comment names.
type Options struct {
	// Conn is where clients send to. The server closes it.
	Conn net.PacketConn
	// TCP and TLS accept clients whose networks let no UDP through; packets to
	// peers still go by UDP. The server closes them. nil for none; without
	// PublicIP they are not served.
	TCP, TLS net.Listener
	// MaxStreams and MaxStreamsPerAddress bound their connections: 256 and 16.
	MaxStreams, MaxStreamsPerAddress int
	// PublicIP is the address peers see packets come from. Without one the
	// server is a STUN server alone.
	PublicIP netip.Addr
	// BindIP is the address the sockets of allocations are bound to, where a
	// router translates PublicIP to it: PublicIP.
	BindIP netip.Addr
	// Realm is what clients are told the credentials are for: "kith".
	Realm string
	// Secret is what passwords are made from. Needed with PublicIP.
	Secret []byte
	// TTL is how long credentials are good: 1 hour.
	TTL time.Duration
	// MaxAllocations and MaxPerAddress bound what is allocated: 128 and 16.
	MaxAllocations, MaxPerAddress int
	// Rate and TotalRate bound the octets carried a second, in both directions
	// together, by one allocation and by all: 128 KiB and 1 MiB.
	Rate, TotalRate int
	// Requests limits requests per address: 10 a second, 60 at once.
	Requests guard.Limit
	// AllowPrivate lets packets go to private and loopback addresses too, for
	// networks of one's own.
	AllowPrivate bool
	// Log is where trouble is told: nowhere.
	Log *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Conn == nil {
		return o, fault.New(fault.Invalid, "a STUN server needs a socket")
	}
	if o.PublicIP.IsValid() && len(o.Secret) < 16 {
		return o, fault.New(fault.Invalid, "a TURN server needs a secret of 16 octets or more")
	}
	o.PublicIP = o.PublicIP.Unmap()
	if !o.BindIP.IsValid() {
		o.BindIP = o.PublicIP
	}
	if o.PublicIP.Is4() != o.BindIP.Unmap().Is4() {
		return o, fault.New(fault.Invalid, "%s cannot be translated to %s", o.PublicIP, o.BindIP)
	}
	o.BindIP = o.BindIP.Unmap()
	if o.Realm == "" {
		o.Realm = "kith"
	}
	if o.TTL <= 0 {
		o.TTL = time.Hour
	}
	number(&o.MaxAllocations, 128)
	number(&o.MaxPerAddress, 16)
	number(&o.MaxStreams, 256)
	number(&o.MaxStreamsPerAddress, 16)
	number(&o.Rate, 128<<10)
	number(&o.TotalRate, 1<<20)
	o.Requests = o.Requests.Or(guard.Limit{PerSecond: 10, Burst: 60})
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func number(n *int, def int) {
	if *n <= 0 {
		*n = def
	}
}
