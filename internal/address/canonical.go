package address

import (
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// String returns the canonical form, path included; hints are left out. Parse
// reads it back. The zero Address is "".
func (a Address) String() string {
	var b strings.Builder
	b.WriteString(a.Key())
	b.WriteString(escapePath(a.Path))
	a.writeTail(&b)
	return b.String()
}

// Key returns the canonical form of the site itself, without path. Two
// addresses name the same site exactly when it is the same.
func (a Address) Key() string {
	switch a.id.kind {
	case IPFS:
		return "ipfs://" + a.id.cid.String()
	case IPNS:
		return "ipns://" + base36(a.id.cid)
	case Torrent:
		if h, ok := a.InfoHash(); ok {
			return "wtp://" + hex.EncodeToString(h[:])
		}
		return "wtp://" + hex.EncodeToString(a.id.v2[:])
	case Mutable:
		return "wtp://" + keyForm(a.id.key, a.id.text)
	case Device:
		return "nearby:" + a.id.text
	case Name, Index:
		return a.id.text
	}
	return ""
}

// Root returns the address of the site itself: no path, query, fragment or
// hints.
func (a Address) Root() Address { return Address{id: a.id, v2: a.v2} }

// URL returns where a browser finds the address when base is the host and port
// of the gateway, "localhost:5484".
func (a Address) URL(base string) (string, error) {
	label, err := a.Label()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("http://" + label + "." + base)
	if a.Path == "" {
		b.WriteByte('/')
	}
	b.WriteString(escapePath(a.Path))
	a.writeTail(&b)
	return b.String(), nil
}

func (a Address) writeTail(b *strings.Builder) {
	if a.Query != "" {
		b.WriteString("?" + a.Query)
	}
	if a.Fragment != "" {
		b.WriteString("#" + a.Fragment)
	}
}

// MarshalText is String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is Parse; "" is the zero Address.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// notACID is the error for text where a CID belongs.
func notACID(s string) *fault.Error {
	err := invalid("%s is not a CID", quote(s))
	switch {
	case lostCapitals(s):
		return err.WithHint("its capitals were lost, as happens in a browser's address bar; use the CID in base32 (bafy…)")
	case strings.Contains(s, "."):
		return err.WithHint("a name is written ipns://%s", s)
	}
	return err.WithHint("a CID begins with bafy, bafk, k2 or Qm")
}
