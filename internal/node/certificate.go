package node

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// certificateEvery is how often the files of a certificate are looked at.
const certificateEvery = 10 * time.Second

// certificate is a certificate in two files that others renew: a handshake gets
// what the files hold now.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	seen   [2]stamp
	looked time.Time
}

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// newCertificate reads the files, PEM, which must be a pair.
func newCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// config is what a server needs of crypto/tls.
func (c *certificate) config() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateEvery {
		return c.pair, nil
	}
	seen := c.look()
	if c.looked = time.Now(); seen == c.seen {
		return c.pair, nil
	}
	// A renewal writes one file after the other: until they are a pair again, and
	// should they never be, the old one is good as long as it is.
	if err := c.read(); err != nil {
		c.log.Warn("the new certificate cannot be used", "error", err)
	} else {
		c.log.Info("a new certificate is in use", "file", c.cert)
	}
	return c.pair, nil
}

// look says which versions the files are of.
func (c *certificate) look() (seen [2]stamp) {
	for i, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			seen[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return seen
}

func (c *certificate) read() error {
	seen := c.look()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fault.New(fault.Invalid, "cannot use the certificate %s with the key %s: %w", c.cert, c.key, err)
	}
	c.pair, c.seen, c.looked = &pair, seen, time.Now()
	return nil
}
