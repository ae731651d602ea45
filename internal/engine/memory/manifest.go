package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// hash is the SHA-256 of a piece or a manifest.
type hash [sha256.Size]byte

// MarshalText writes the hash in hexadecimal.
func (h hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText is the inverse of MarshalText.
func (h *hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fault.New(fault.Corrupt, "a hash of %d digits", len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// manifest lists what a site is made of.
type manifest struct {
	Name      string  `json:"name"`
	PieceSize int     `json:"pieceSize"`
	Files     []entry `json:"files"`
}

// entry is one regular file.
type entry struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Pieces []hash `json:"pieces"`
}

// encode returns the manifest's bytes, which its address is the hash of.
func (m *manifest) encode() ([]byte, error) { return json.Marshal(m) }

func (m *manifest) total() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// decode parses and checks a manifest, which may come from a hostile peer.
func decode(raw []byte, maxFiles int, maxSize int64) (*manifest, error) {
	m := new(manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fault.New(fault.Corrupt, "the list of files cannot be read: %w", err)
	}
	if len(m.Files) > maxFiles {
		return nil, fault.New(fault.TooLarge, "the site has %d files; at most %d are accepted", len(m.Files), maxFiles)
	}
	if m.PieceSize < 1 || m.PieceSize > maxPieceSize {
		return nil, fault.New(fault.Corrupt, "a piece size of %d", m.PieceSize)
	}
	var total int64
	for _, f := range m.Files {
		if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsRune(f.Path, 0) {
			return nil, fault.New(fault.Corrupt, "the file name %q is not safe", f.Path)
		}
		if f.Size < 0 || f.Size > maxSize-total {
			return nil, fault.New(fault.TooLarge, "the site is larger than %d bytes", maxSize)
		}
		total += f.Size
		if want := (f.Size + int64(m.PieceSize) - 1) / int64(m.PieceSize); want != int64(len(f.Pieces)) {
			return nil, fault.New(fault.Corrupt, "%q has %d pieces instead of %d", f.Path, len(f.Pieces), want)
		}
	}
	if _, err := newTree(m); err != nil {
		return nil, err
	}
	return m, nil
}
