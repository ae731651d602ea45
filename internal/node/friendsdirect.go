package node

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	"github.com/kith-web/kith/internal/sharing"
)

// Bounds of a device's own mailbox.
const (
	directSessions = 1024
	directChunks   = 1 << 30
	directConns    = 2048 // connections at once
	directEach     = 256  // those of one address
	directPlaces   = 8    // addresses that are told
)

// direct is a device's own mailbox (spec/private-sharing.md §5.4): that of a relay,
// in which the device alone may make queues, behind a certificate that friends know
// by its hash.
type direct struct {
	part     *mailbox.Part
	listener net.Listener
	server   *http.Server
	stop     context.CancelFunc
	ran      chan error
}

// openDirect opens it; what it keeps is in dir.
func openDirect(dir, listen string, log *slog.Logger) (*sharing.Direct, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the device's own mailbox: %w", err)
	}
	secret, err := relaySecret(filepath.Join(dir, relaySecretName))
	if err != nil {
		return nil, err
	}
	certificate, err := ownCertificate(filepath.Join(dir, ownCertificateName))
	if err != nil {
		return nil, err
	}
	token, err := derive("kith own mailbox token 1", secret)
	if err != nil {
		return nil, err
	}
	d := &direct{}
	if d.part, err = directPart(dir, secret, hex.EncodeToString(token), log); err != nil {
		return nil, err
	}
	if d.listener, err = net.Listen("tcp", freePort(listen, log)); err != nil {
		return nil, errors.Join(portError(listen, err), d.unused())
	}
	at := d.listener.Addr().(*net.TCPAddr).AddrPort()
	d.listener = relay.Bound(d.listener, directEach, directConns)
	d.start(certificate, log)
	hash := sha256.Sum256(certificate.Certificate[0])
	return &sharing.Direct{
		URL: "wss://" + at.String(), Certificate: hash[:], Close: d.close, Places: func() []string { return placesOf(at) },
		Client: client.Options{
			Token: hex.EncodeToString(token), TLS: pinnedTo(hash), Log: log,
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", loopbackOf(at).String())
			},
		},
	}, nil
}

// derive makes octets for one use from a secret.
func derive(use string, secret []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, use, 32)
}

func directPart(dir string, secret []byte, token string, log *slog.Logger) (*mailbox.Part, error) {
	key, err := derive("kith own mailbox 1", secret)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(filepath.Join(dir, relayQueuesName), sqlite.Options{Log: log})
	if err != nil {
		return nil, err
	}
	part, err := mailbox.New(mailbox.Options{
		Store: store, Chunks: filepath.Join(dir, relayChunksName), ChunkOctets: directChunks, Secret: key, Token: token,
		MaxSessions: directSessions, Log: log,
		Creates: guard.Limit{PerSecond: 100, Burst: 1000}, Puts: guard.Limit{PerSecond: 50, Burst: 500},
		Tickets: guard.Limit{PerSecond: 64, Burst: 1024}, Requests: guard.Limit{PerSecond: 500, Burst: 1000},
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return part, nil
}

// start serves it.
func (d *direct) start(certificate tls.Certificate, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle(d.part.Prefix(), d.part)
	d.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}},
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.ran = stop, make(chan error, 2)
	go func() { d.ran <- d.part.Run(ctx) }()
	go func() { d.ran <- d.server.ServeTLS(d.listener, "", "") }()
}

// close ends it.
func (d *direct) close() error {
	errs := []error{d.server.Close()}
	d.stop()
	for range cap(d.ran) {
		if err := <-d.ran; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// unused ends one that was not started: Run closes the store.
func (d *direct) unused() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.part.Run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// pinnedTo accepts the one certificate.
func pinnedTo(hash [sha256.Size]byte) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, // it is known by its hash
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].Raw) != hash {
				return errors.New("another program answers for the device's own mailbox")
			}
			return nil
		},
	}
}

// loopbackOf is where the device reaches what listens at an address.
func loopbackOf(at netip.AddrPort) netip.AddrPort {
	if !at.Addr().IsUnspecified() {
		return at
	}
	if at.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
}

// placesOf are the URLs at which others may reach what listens at an address: one
// that is given as it is, else those of the interfaces that are up.
func placesOf(at netip.AddrPort) []string {
	if !at.Addr().IsUnspecified() {
		return []string{"wss://" + at.String()}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var urls []string
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil || prefix.Addr().IsLoopback() || prefix.Addr().IsLinkLocalUnicast() {
			continue
		}
		if urls = append(urls, "wss://"+netip.AddrPortFrom(prefix.Addr(), at.Port()).String()); len(urls) == directPlaces {
			break
		}
	}
	return urls
}

// ownLife is how long a device's own certificate is good: those who know it by its
// hash would have to be told of another.
const ownLife = 20 * 365 * 24 * time.Hour
