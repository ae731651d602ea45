package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
)

// Options are the choices for talking to a relay. Zero values are replaced by
// the default each comment names.
type Options struct {
	// Token is the operator's, where making queues needs one: none.
	Token string
	// Relay is the id the relay has to have: any.
	Relay *mailbox.Key
	// TLS is how wss: and https: are spoken: the system's authorities.
	TLS *tls.Config
	// Dial opens connections, so that other transports can carry them: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Through is put around HTTP, to read what answers say beside: nothing.
	Through func(http.RoundTripper) http.RoundTripper
	// Timeout bounds each thing asked whose context says nothing earlier: 30
	// seconds.
	Timeout time.Duration
	// PingEvery is how often a silent session is asked for a sign of life: 45
	// seconds.
	PingEvery time.Duration
	// Inflight is the most commands that wait for their answers: 256.
	Inflight int
	// Log is where trouble is told that no caller learns of: nowhere.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.PingEvery <= 0 {
		o.PingEvery = 45 * time.Second
	}
	if o.Inflight <= 0 {
		o.Inflight = 256
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// web is an HTTP client that follows nothing elsewhere.
func (o Options) web() *http.Client {
	var transport http.RoundTripper = &http.Transport{
		DialContext: o.Dial, TLSClientConfig: o.TLS, TLSHandshakeTimeout: 15 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute, MaxIdleConnsPerHost: 4, IdleConnTimeout: 20 * time.Second, DisableCompression: true,
	}
	if o.Through != nil {
		transport = o.Through(transport)
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CheckURL says whether a relay's URL is one: ws://host[:port] or wss://host,
// http and https meaning the same, without a path.
func CheckURL(relay string) error {
	_, err := target(relay, "ws", "")
	return err
}

// target makes the URL of a path on a relay, in the given plain scheme ("ws",
// "http") or its secure twin.
func target(relay, plain, path string) (string, error) {
	u, err := url.Parse(relay)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" {
		return "", fault.New(fault.Invalid, "%q is no address of a relay", relay).
			WithHint("write it as wss://relay.example")
	}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = plain
	case "wss", "https":
		u.Scheme = plain + "s"
	default:
		return "", fault.New(fault.Invalid, "%q is no address of a relay: its scheme is not ws or wss", relay).
			WithHint("write it as wss://relay.example")
	}
	u.Path = path
	return u.String(), nil
}
