package node

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host/acme"
)

// hasTLS reports whether the host has, or gets, certificates.
func (h *hosting) hasTLS() bool { return h.c.Certificate != "" || h.c.ACME != "" }

// certificates gives the server those from files, those an authority gives, or
// none.
func (h *hosting) certificates() error {
	log := h.p.node.o.Log.With("part", "certificates")
	if h.c.Certificate != "" {
		pair, err := newCertificate(h.c.Certificate, h.c.Key, log)
		if err == nil {
			h.server.Secure(pair.config(), nil)
		}
		return err
	}
	if h.c.ACME == "" {
		return nil
	}
	o := acme.Options{
		Dir: filepath.Join(h.p.node.o.Home, "certificates"), Email: h.c.ACME, Server: h.c.ACMEServer, Domain: h.c.Domain,
		Allow: h.host.Serves, HTTPPort: portOf(h.server.HTTPAddr()), TLSPort: portOf(h.server.HTTPSAddr()), Log: log,
	}
	if h.c.ACMERoot != "" {
		pem, err := os.ReadFile(h.c.ACMERoot)
		if err != nil {
			return fault.New(fault.KindOf(err), "cannot read host.acme_root %s: %w", h.c.ACMERoot, err)
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(pem) {
			return bad("host.acme_root", h.c.ACMERoot, "a PEM file with certificates")
		}
	}
	m, err := acme.New(o)
	if err != nil {
		return err
	}
	h.acme = m
	h.p.node.onClose("certificates", m.Close)
	h.server.Secure(m.TLS(), m.Challenge)
	return nil
}

// obtain sees to it that a host name has a certificate, where the host is to get
// some.
func (h *hosting) obtain(ctx context.Context, name string) error {
	if h.acme == nil {
		return nil
	}
	return h.acme.Obtain(ctx, name)
}

// portOf is the port of a listener; 0 for none.
func portOf(a net.Addr) int {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}
