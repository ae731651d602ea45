package openscreen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// certificateLife is how long a certificate says that it is good. Nobody relies
// on it: clocks of devices differ, and the key is the identity.
const certificateLife = 366 * 24 * time.Hour

// domain is the only one of mDNS.
const domain = "local"

// serialText is the form of a serial number in names and records: the URL
// alphabet without padding (spec/open-screen.md, 2.1).
func serialText(serial [20]byte) string { return base64.RawURLEncoding.EncodeToString(serial[:]) }

// agentHostname is the name in the certificate and in SNI (network protocol,
// "Computing the Agent Hostname").
func agentHostname(serial, instance string) string {
	return serial + "." + dashed(instance) + "." + domain
}

// dashed replaces every character outside of [A-Za-z0-9-] with a hyphen.
func dashed(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, s)
}

// makeCertificate issues the next certificate of an identity.
func makeCertificate(id *Identity, instance, model string, now time.Time) (tls.Certificate, string, error) {
	serial := id.next()
	text := serialText(serial)
	host := agentHostname(text, instance)
	if model == "" {
		model = "unknown"
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial[:]),
		Subject:               pkix.Name{CommonName: host},
		DNSNames:              []string{host},
		NotBefore:             now.Add(-24 * time.Hour),
		NotAfter:              now.Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SignatureAlgorithm:    x509.ECDSAWithSHA256,
		BasicConstraintsValid: true,
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: model}}
	raw, err := x509.CreateCertificate(rand.Reader, template, issuer, &id.key.PublicKey, id.key)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("make an agent certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("read the agent certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: id.key, Leaf: leaf}, text, nil
}

// Errors of certificates of peers.
var (
	errNoCertificate  = errors.New("the peer shows no certificate, or more than one")
	errBadCertificate = errors.New("the peer's certificate is not a self-signed one of P-256")
)

// checkCertificate holds a peer's certificates to the form of agent certificates.
// Names and dates are not looked at: the key is the identity, and TLS has the
// peer prove that it holds it.
func checkCertificate(certs []*x509.Certificate) (*x509.Certificate, error) {
	if len(certs) != 1 {
		return nil, errNoCertificate
	}
	c := certs[0]
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || c.SignatureAlgorithm != x509.ECDSAWithSHA256 {
		return nil, errBadCertificate
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadCertificate, err)
	}
	return c, nil
}

// VerifyPeer is for TLS beside QUIC: it returns the check of a connection state
// that lets only the agent of f through. The configuration needs
// InsecureSkipVerify as a client and RequireAnyClientCert as a server.
func VerifyPeer(f Fingerprint) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		c, err := checkCertificate(cs.PeerCertificates)
		if err != nil {
			return err
		}
		if FingerprintOf(c) != f {
			return errors.New("the peer is another agent than the one expected")
		}
		return nil
	}
}
