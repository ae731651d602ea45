package front

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

const (
	magic         = "kith-front-1"
	signedPrefix  = "kith front manifest 1\x00"
	swarmPrefix   = "kith front swarm 1\x00"
	signatureText = 88 // base64 of 64 octets

	// PieceLength is the size of the pieces of the manifests that are made here.
	PieceLength = 64 << 10
	// Limits of a manifest (spec/front.md §3).
	minPieceLength = 16 << 10
	maxPieceLength = 4 << 20
	maxPath        = 2048
	maxType        = 256
	maxHeaders     = 8 << 10
	maxSize        = 1 << 40
	maxPieces      = 1 << 20
	maxDocument    = 64 << 20
)

// Manifest is what a site's files are, as its key signed it.
type Manifest struct {
	// Site is the origin of the website, Key its public key.
	Site string `json:"site"`
	Key  []byte `json:"key"`
	// Sequence grows with every manifest of a key.
	Sequence int64 `json:"sequence"`
	// Created and Expires are in seconds since 1970.
	Created int64 `json:"created"`
	Expires int64 `json:"expires"`
	// PieceLength is the size of every piece of a file but its last.
	PieceLength int64  `json:"pieceLength"`
	Files       []File `json:"files"`
}

// File is one file of a Manifest.
type File struct {
	// Path is what is asked for: path and query, as in the request.
	Path    string            `json:"path"`
	Size    int64             `json:"size"`
	Type    string            `json:"type,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Hashes are the SHA-256 of the pieces.
	Hashes [][]byte `json:"hashes"`
}

// pieces is how many pieces of length a file of size has.
func pieces(size, length int64) int { return int((size + length - 1) / length) }

// Sign returns the document of m, signed with key.
func (m Manifest) Sign(key ed25519.PrivateKey) ([]byte, error) {
	m.Key = key.Public().(ed25519.PublicKey)
	if m.Files == nil {
		m.Files = []File{}
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return nil, fault.New(fault.Internal, "write a manifest: %w", err)
	}
	signature := ed25519.Sign(key, append([]byte(signedPrefix), payload...))
	return slices.Concat([]byte(magic+"\n"), []byte(base64.StdEncoding.EncodeToString(signature)+"\n"), payload), nil
}

// Open reads a document and checks it: its form, its limits, that key signed it,
// and that it has not expired at now.
func Open(document []byte, key ed25519.PublicKey, now time.Time) (Manifest, error) {
	var m Manifest
	payload, signature, err := split(document)
	if err != nil {
		return m, err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, append([]byte(signedPrefix), payload...), signature) {
		return m, bad("its signature is not of the site's key")
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if err := d.Decode(&m); err != nil {
		return m, bad("%w", err)
	}
	switch {
	case len(bytes.TrimSpace(payload[d.InputOffset():])) > 0:
		return m, bad("something follows it")
	case !bytes.Equal(m.Key, key):
		return m, bad("it names another key than the one that signed it")
	case now.Unix() >= m.Expires:
		return m, bad("it expired on %s", time.Unix(m.Expires, 0).UTC().Format(time.DateTime))
	}
	return m, m.check()
}

func split(document []byte) (payload, signature []byte, err error) {
	if len(document) > maxDocument {
		return nil, nil, bad("it has more than %d octets", maxDocument)
	}
	rest, ok := bytes.CutPrefix(document, []byte(magic+"\n"))
	line, payload, found := bytes.Cut(rest, []byte("\n"))
	if !ok || !found || len(line) != signatureText {
		return nil, nil, bad("it does not begin as one")
	}
	signature, err = base64.StdEncoding.Strict().DecodeString(string(line))
	if err != nil {
		return nil, nil, bad("its signature is not base64")
	}
	return payload, signature, nil
}

// check holds m against the limits of spec/front.md §3.
func (m Manifest) check() error {
	length := m.PieceLength
	switch {
	case len(m.Key) != ed25519.PublicKeySize:
		return bad("its key has %d octets", len(m.Key))
	case m.Sequence < 1 || m.Sequence >= 1<<53:
		return bad("%d is no sequence number", m.Sequence)
	case m.Created < 0 || m.Expires <= m.Created || m.Expires >= 1<<53:
		return bad("it ends before it begins")
	case length < minPieceLength || length > maxPieceLength || length&(length-1) != 0:
		return bad("%d is no length of pieces", length)
	}
	seen, total := make(map[string]bool, len(m.Files)), 0
	for _, f := range m.Files {
		if err := f.check(length); err != nil {
			return err
		}
		if seen[f.Path] {
			return bad("it has %.100q twice", f.Path)
		}
		seen[f.Path] = true
		if total += len(f.Hashes); total > maxPieces {
			return bad("it has more than %d pieces", maxPieces)
		}
	}
	return nil
}

func (f File) check(length int64) error {
	if len(f.Path) > maxPath || !strings.HasPrefix(f.Path, "/") || strings.HasPrefix(f.Path, "/.kith/") ||
		strings.ContainsFunc(f.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) {
		return bad("%.100q is no path", f.Path)
	}
	if f.Size < 0 || f.Size > maxSize || len(f.Type) > maxType {
		return bad("%.100q has %d octets of %.50q", f.Path, f.Size, f.Type)
	}
	if len(f.Hashes) != pieces(f.Size, length) {
		return bad("%.100q has %d octets and %d pieces", f.Path, f.Size, len(f.Hashes))
	}
	for _, h := range f.Hashes {
		if len(h) != sha256.Size {
			return bad("%.100q has a piece with a hash of %d octets", f.Path, len(h))
		}
	}
	size := 0
	for name, value := range f.Headers {
		if size += len(name) + len(value); size > maxHeaders || !token(name) || strings.ContainsAny(value, "\r\n\x00") {
			return bad("%.100q has a header %.50q that cannot be one", f.Path, name)
		}
	}
	return nil
}

// token reports whether s is a name of a header (RFC 9110 §5.6.2), in lower case.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

func bad(format string, args ...any) error {
	return fault.New(fault.Corrupt, "the manifest is refused: %w", fault.New(fault.Corrupt, format, args...))
}

// index returns what peers need of a document that holds m.
func (m Manifest) index(document []byte) engine.Index {
	sum := sha256.Sum256(append([]byte(swarmPrefix), document...))
	x := engine.Index{Kind: engine.IndexFront, Swarm: [20]byte(sum[:20]), Data: document}
	for _, f := range m.Files {
		x.Pieces += len(f.Hashes)
		x.Bytes += f.Size
	}
	return x
}
