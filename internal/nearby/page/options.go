package page

import (
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/nearby/consent"
)

// Defaults of Options.
const (
	DefaultMaxSockets     = 128
	DefaultMaxAppSockets  = 16
	DefaultMaxSources     = 16
	DefaultMaxConnections = 64
	DefaultMaxChannels    = 1024
	DefaultMaxTransports  = 16
	DefaultMaxStreams     = 1024
	DefaultMaxObjects     = 8192
	DefaultMaxMessage     = 16 << 20
	DefaultMaxDatagram    = 1024
	DefaultWindow         = 1 << 20
	DefaultMaxBuffered    = 64 << 20
	DefaultMaxText        = 256
	DefaultMaxIncoming    = 4
	DefaultWriteTime      = 30 * time.Second
	DefaultPingEvery      = 30 * time.Second
	DefaultRetryFirst     = 500 * time.Millisecond
	DefaultRetryMost      = 5 * time.Second
)

// Options of a Server. Desk and Network are required.
type Options struct {
	// Desk asks the person.
	Desk *consent.Desk
	// Network reaches other devices.
	Network Network
	// Console is the URL where the person is asked, for pages to link to.
	Console string
	// Log gets what goes wrong with pages, at debug level; nil discards it.
	Log *slog.Logger

	// MaxSockets is how many pages may be connected at once, MaxAppSockets how
	// many of one app. The others bound one page: receivers and requests,
	// connections, channels of a connection, transports of a connection, streams of
	// a transport, and all of these together.
	MaxSockets     int
	MaxAppSockets  int
	MaxSources     int
	MaxConnections int
	MaxChannels    int
	MaxTransports  int
	MaxStreams     int
	MaxObjects     int
	// MaxMessage and MaxDatagram are octets; MaxText is how many a nickname has.
	MaxMessage  int
	MaxDatagram int
	MaxText     int
	// Window is how many octets of one channel or stream may be on the way
	// without being acknowledged, MaxBuffered how many of one page wait here
	// for the network before nothing more is read from it.
	Window      int
	MaxBuffered int
	// MaxIncoming is how many connections of one device may wait for an answer.
	MaxIncoming int
	// WriteTime is how long a page may take to receive one message; every
	// PingEvery it is asked whether it is still there.
	WriteTime time.Duration
	PingEvery time.Duration
	// RetryFirst and RetryMost are the pauses between attempts to reach a device
	// that the person chose.
	RetryFirst time.Duration
	RetryMost  time.Duration
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for p, d := range map[*int]int{
		&o.MaxSockets: DefaultMaxSockets, &o.MaxAppSockets: DefaultMaxAppSockets, &o.MaxSources: DefaultMaxSources,
		&o.MaxConnections: DefaultMaxConnections, &o.MaxChannels: DefaultMaxChannels, &o.MaxTransports: DefaultMaxTransports,
		&o.MaxStreams: DefaultMaxStreams, &o.MaxObjects: DefaultMaxObjects, &o.MaxMessage: DefaultMaxMessage,
		&o.MaxDatagram: DefaultMaxDatagram, &o.MaxText: DefaultMaxText, &o.Window: DefaultWindow,
		&o.MaxBuffered: DefaultMaxBuffered, &o.MaxIncoming: DefaultMaxIncoming,
	} {
		if *p <= 0 {
			*p = d
		}
	}
	for p, d := range map[*time.Duration]time.Duration{
		&o.WriteTime: DefaultWriteTime, &o.PingEvery: DefaultPingEvery,
		&o.RetryFirst: DefaultRetryFirst, &o.RetryMost: DefaultRetryMost,
	} {
		if *p <= 0 {
			*p = d
		}
	}
	// One message always fits.
	o.MaxBuffered = max(o.MaxBuffered, o.MaxMessage)
}
