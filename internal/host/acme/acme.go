package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/kith-web/kith/internal/fault"
)

// DefaultPatience is how long obtaining one certificate may take.
const DefaultPatience = 90 * time.Second

// Options of a Manager. All but those with a default are needed.
type Options struct {
	// Dir keeps accounts, keys and certificates.
	Dir string
	// Email is where the authority writes to; it also means that its terms are
	// agreed to.
	Email string
	// Server is the authority's directory: Let's Encrypt's.
	Server string
	// Roots verify the authority's own server: the system's.
	Roots *x509.CertPool
	// Domain is whose certificate a client gets that names no host.
	Domain string
	// Allow returns nil for a name that may have a certificate.
	Allow func(ctx context.Context, name string) error
	// HTTPPort and TLSPort are the host's own ports that the authority's questions
	// reach; 0 where there is none.
	HTTPPort, TLSPort int
	// Patience is how long obtaining one certificate may take: DefaultPatience.
	Patience time.Duration
	// Log gets what is obtained and what fails; nil discards it.
	Log *slog.Logger
}

// Manager has the certificates. It is safe for concurrent use.
type Manager struct {
	config *certmagic.Config
	cache  *certmagic.Cache
	issuer *certmagic.ACMEIssuer
}

// New returns a Manager, which asks nobody before the first handshake.
func New(o Options) (*Manager, error) {
	if o.Allow == nil || o.Dir == "" || o.Email == "" {
		return nil, fault.New(fault.Internal, "acme: a folder, an e-mail address and who may have a certificate are needed")
	}
	if o.Server == "" {
		o.Server = certmagic.LetsEncryptProductionCA
	}
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	log := logger(o.Log)
	m := &Manager{}
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return m.config, nil },
		Logger:           log,
	})
	m.config = certmagic.New(m.cache, certmagic.Config{
		OnDemand:          &certmagic.OnDemandConfig{DecisionFunc: o.Allow},
		Storage:           &certmagic.FileStorage{Path: o.Dir},
		DefaultServerName: o.Domain,
		Logger:            log,
	})
	m.issuer = certmagic.NewACMEIssuer(m.config, certmagic.ACMEIssuer{
		CA: o.Server, Email: o.Email, Agreed: true, TrustedRoots: o.Roots, CertObtainTimeout: o.Patience,
		DisableHTTPChallenge: o.HTTPPort == 0, DisableTLSALPNChallenge: o.TLSPort == 0,
		AltHTTPPort: o.HTTPPort, AltTLSALPNPort: o.TLSPort, Logger: log,
	})
	m.config.Issuers = []certmagic.Issuer{m.issuer}
	return m, nil
}

// TLS is what a server of HTTPS needs.
func (m *Manager) TLS() *tls.Config {
	c := m.config.TLSConfig()
	c.NextProtos = append([]string{"h2", "http/1.1"}, c.NextProtos...)
	c.MinVersion = tls.VersionTLS12
	return c
}

// Challenge answers the authority's questions on the HTTP port, and hands on
// everything else.
func (m *Manager) Challenge(next http.Handler) http.Handler {
	return m.issuer.HTTPChallengeHandler(next)
}

// Obtain sees to it that a name has a certificate before the first visitor asks.
func (m *Manager) Obtain(ctx context.Context, name string) error {
	if err := m.config.ObtainCertSync(ctx, name); err != nil {
		return fault.New(fault.Unreachable, "there is no certificate for %s: %w", name, err).
			WithHint("the name has to lead to this computer, and its ports 80 or 443 be reached from outside")
	}
	return nil
}

// Close ends the renewing.
func (m *Manager) Close() error {
	m.cache.Stop()
	return nil
}
