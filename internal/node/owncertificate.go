package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// ownCertificateName is the file with the certificate and key of a device's own
// mailbox, below its folder.
const ownCertificateName = "certificate.pem"

// ownCertificate reads the certificate at path with its key, or makes one. It says
// nothing about whose it is: who is to know it knows its hash.
func ownCertificate(path string) (tls.Certificate, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = newOwnCertificate(); err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("keep the own mailbox's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return pair, fault.New(fault.Corrupt, "%s has no certificate and key: %w", path, err).
			WithHint("remove the file: a new one is made, and friends are told of it by way of relays")
	}
	return pair, nil
}

func newOwnCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "mailbox"}, DNSNames: []string{"mailbox"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(ownLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}
