package address

import (
	"crypto/sha1" //nolint:gosec // BEP 3 names torrents by SHA-1
	"crypto/sha256"
)

// MaxTorrent is the largest .torrent file that is read, in octets.
const MaxTorrent = 64 << 20

// FromTorrent returns the address of the torrent that metainfo, the content of
// a .torrent file, describes, with its trackers and web seeds as hints. A hybrid
// torrent is known by its v1 infohash.
//
// Nothing but the span of the info dictionary is checked here: whether the
// torrent is one a site can be served from is for the engine to say.
func FromTorrent(metainfo []byte) (Address, error) {
	if len(metainfo) > MaxTorrent {
		return Address{}, invalid("the .torrent file is larger than %d octets", MaxTorrent)
	}
	var info []byte
	var hints Hints
	seen := map[string]bool{}
	twice := false
	s := scanner{data: metainfo}
	ok := s.dict(func(key string, value []byte) {
		switch key {
		case "info", "announce", "announce-list", "url-list":
		default:
			return
		}
		twice = twice || seen[key]
		seen[key] = true
		switch key {
		case "info":
			info = value
		case "announce", "announce-list":
			hints.addNested("tr", value)
		case "url-list":
			hints.addNested("ws", value)
		}
	})
	switch {
	case !ok, twice:
		return Address{}, invalid("the .torrent file is damaged: it is not a bencoded dictionary")
	case info == nil:
		return Address{}, invalid("the .torrent file has no info dictionary")
	}
	a, err := fromInfo(info, &hints)
	a.Hints = hints
	return a, err
}

// fromInfo names the torrent by the hash of its bencoded info dictionary: SHA-1
// where it has pieces (BEP 3), SHA-256 where its meta version is 2 (BEP 52).
func fromInfo(info []byte, hints *Hints) (Address, error) {
	var hasPieces, isV2 bool
	s := scanner{data: info}
	ok := s.dict(func(key string, value []byte) {
		v := scanner{data: value}
		switch key {
		case "pieces":
			_, hasPieces = v.text()
		case "meta version":
			n, ok := v.integer()
			isV2 = ok && n == 2
		case "name":
			if name, ok := v.text(); ok && len(name) <= MaxHintLength {
				hints.DisplayName = cleanName(string(name))
			}
		}
	})
	switch {
	case !ok:
		return Address{}, invalid("the .torrent file is damaged: its info is not a dictionary")
	case hasPieces && isV2:
		return FromHybrid(sha1.Sum(info), sha256.Sum256(info)), nil
	case isV2:
		return FromInfoHashV2(sha256.Sum256(info)), nil
	case hasPieces:
		return FromInfoHash(sha1.Sum(info)), nil
	}
	return Address{}, invalid("the .torrent file has no pieces")
}

// addNested adds a string, a list of strings, or a list of such lists.
func (h *Hints) addNested(name string, value []byte) {
	s := scanner{data: value}
	if text, ok := s.text(); ok {
		h.add(name, string(text))
		return
	}
	(&scanner{data: value}).list(func(item []byte) {
		if text, ok := (&scanner{data: item}).text(); ok {
			h.add(name, string(text))
			return
		}
		(&scanner{data: item}).list(func(inner []byte) {
			if text, ok := (&scanner{data: inner}).text(); ok {
				h.add(name, string(text))
			}
		})
	})
}
