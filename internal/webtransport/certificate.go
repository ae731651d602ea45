package webtransport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"sync"
	"time"
)

// Times of a certificate. It is shown for useTime from its begin, and valid from
// leadTime before to lagTime after, for clocks that are wrong: eleven days in all,
// of the fourteen that browsers allow.
const (
	useTime  = 9 * 24 * time.Hour
	leadTime = 24 * time.Hour
	lagTime  = 24 * time.Hour
)

// certKey is where the certificates are in the Bucket.
const certKey = "certificates"

// cert is a certificate with its key, as it is stored too.
type cert struct {
	Begin time.Time `json:"begin"`
	DER   []byte    `json:"der"`
	Key   []byte    `json:"key"` // PKCS #8

	pair *tls.Certificate
}

// hash is what browsers know the certificate by.
func (c *cert) hash() string {
	sum := sha256.Sum256(c.DER)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// certs are the certificate that is shown now and the one after it.
type certs struct {
	store Bucket // may be nil
	now   func() time.Time

	mu   sync.Mutex
	list []*cert // of two, by begin
}

// newCerts takes up the stored certificates.
func newCerts(store Bucket, now func() time.Time) (*certs, error) {
	c := &certs{store: store, now: now}
	if store != nil {
		data, err := store.Get(certKey)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the certificates: %w", err)
		}
		c.list = decodeCerts(data)
	}
	_, err := c.both()
	return c, err
}

// decodeCerts reads what was stored; nothing when it is damaged.
func decodeCerts(data []byte) []*cert {
	var list []*cert
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	for _, c := range list {
		if c == nil || c.open() != nil {
			return nil
		}
	}
	return list
}

// open makes the certificate ready for use.
func (c *cert) open() error {
	key, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return err
	}
	c.pair = &tls.Certificate{Certificate: [][]byte{c.DER}, PrivateKey: key, Leaf: leaf}
	return nil
}

// both returns the certificate to show now and the next one, making what is
// missing.
func (c *certs) both() ([]*cert, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, list := c.now(), c.list
	for len(list) > 0 && !now.Before(list[0].Begin.Add(useTime)) {
		list = list[1:]
	}
	if len(list) > 0 && now.Before(list[0].Begin.Add(-leadTime)) {
		list = nil // the clock went back: what was made is not valid yet
	}
	if len(list) == 2 && len(c.list) == 2 {
		return list, nil
	}
	begin := now
	for len(list) < 2 {
		if len(list) == 1 {
			begin = list[0].Begin.Add(useTime)
		}
		next, err := newCert(begin)
		if err != nil {
			return nil, err
		}
		list = append(list[:len(list):len(list)], next)
	}
	if c.store != nil {
		data, err := json.Marshal(list)
		if err == nil {
			err = c.store.Put(certKey, data)
		}
		if err != nil {
			return nil, fmt.Errorf("store the certificates: %w", err)
		}
	}
	c.list = list
	return list, nil
}

// get implements tls.Config.GetCertificate.
func (c *certs) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	list, err := c.both()
	if err != nil {
		return nil, err
	}
	return list[0].pair, nil
}

// newCert makes a certificate to be shown from begin on. It names nobody:
// browsers know it by its hash.
func newCert(begin time.Time) (*cert, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "peer"}, DNSNames: []string{"peer.invalid"},
		NotBefore: begin.Add(-leadTime), NotAfter: begin.Add(useTime + lagTime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	c := &cert{Begin: begin.UTC(), DER: der, Key: raw}
	return c, c.open()
}
