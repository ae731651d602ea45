package address

import (
	"strings"
	"unicode/utf8"
)

// MaxLength is the longest address Parse reads, in octets; magnet links with
// many trackers are the longest there are.
const MaxLength = 16 << 10

// Parse reads an address in any of its forms. The error is of kind
// fault.Invalid, names s and says what is wrong with it.
func Parse(s string) (Address, error) {
	text := strings.TrimSpace(s)
	a, err := parse(text)
	if err != nil {
		return Address{}, about(text, err)
	}
	return a, nil
}

func parse(s string) (Address, error) {
	switch {
	case s == "":
		return Address{}, invalid("it is empty").WithHint("give a domain, a CID, an infohash or a magnet link")
	case len(s) > MaxLength:
		return Address{}, invalid("it is longer than %d octets", MaxLength)
	case !utf8.ValidString(s):
		return Address{}, invalid("it is not UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Address{}, invalid("it has a control character")
	}
	scheme, rest := cutScheme(s)
	switch scheme {
	case "":
		return parseBare(s)
	case "wtp", "web+wtp":
		return parseWTP(rest)
	case "ipfs", "web+ipfs":
		return parseContent("ipfs", rest)
	case "ipns", "web+ipns":
		return parseContent("ipns", rest)
	case "dweb", "web+dweb":
		return parseContent("", rest)
	case "nearby":
		return parseNearby(rest)
	case "magnet":
		return parseMagnet(rest)
	case "http", "https":
		return parseWeb(s)
	case "file":
		return parseFile(s)
	}
	return Address{}, invalid("the scheme %s: is not one of wtp:, ipfs:, ipns:, dweb: and magnet:", scheme)
}

// cutScheme cuts "scheme:" off and lower-cases it. host:port, a drive letter
// and a path have no scheme.
func cutScheme(s string) (scheme, rest string) {
	i := strings.IndexByte(s, ':')
	if i < 2 || !all(s[:i], func(c byte) bool { return isLower(c|0x20) || isDigit(c) || c == '+' || c == '-' }) {
		return "", s
	}
	return lower(s[:i]), s[i+1:]
}

// cutAuthority splits "//id/path?query" or lunet's "id/path" before the tail.
func cutAuthority(s string) (id, tail string) {
	s = strings.TrimLeft(s, "/")
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func parseWTP(rest string) (Address, error) {
	id, tail := cutAuthority(rest)
	a, ok := parseInfoHash(id)
	if !ok {
		a, ok = parseKeyForm(lower(id))
	}
	if !ok {
		if id == "" || !strings.Contains(id, ".") {
			return Address{}, invalid("%s is neither an infohash, a key nor a name", quote(id)).
				WithHint("an infohash has 40 hex, 32 base32 or, in version 2, 64 hex digits")
		}
		var err error
		if a, err = FromName(id); err != nil {
			return Address{}, err
		}
		a.Hints.Prefer = NetworkBitTorrent
	}
	return a, a.setTail(tail)
}

// parseContent reads what follows ipfs:, ipns: and dweb:. "ipfs://ipfs/cid", a
// common slip, and dweb: name the protocol in the first part of the path.
func parseContent(protocol, rest string) (Address, error) {
	id, tail := cutAuthority(rest)
	if (id == "ipfs" || id == "ipns") && strings.HasPrefix(tail, "/") {
		protocol = id
		id, tail = cutAuthority(tail)
	}
	switch protocol {
	case "ipfs":
		c, ok := parseCID(id)
		if !ok {
			return Address{}, notACID(id)
		}
		a := FromCID(c)
		return a, a.setTail(tail)
	case "ipns":
		a, err := parseIPNS(id)
		if err != nil {
			return Address{}, err
		}
		return a, a.setTail(tail)
	}
	return Address{}, invalid("it does not go on with /ipfs/ or /ipns/").WithHint("for instance dweb:/ipfs/bafy…")
}

func parseIPNS(id string) (Address, error) {
	if a, ok := parsePeerKey(id); ok {
		return a, nil
	}
	if !strings.Contains(id, ".") {
		err := invalid("%s is neither an IPNS key nor a name", quote(id))
		if lostCapitals(id) {
			return Address{}, err.WithHint("its capitals were lost, as happens in a browser's address bar; use the key in base36 (k51…)")
		}
		return Address{}, err.WithHint("a key begins with k51, bafz, 12D3 or Qm")
	}
	a, err := FromName(id)
	a.Hints.Prefer = NetworkIPFS
	return a, err
}

func parseNearby(rest string) (Address, error) {
	id, tail := cutAuthority(rest)
	a, err := FromDevice(id)
	if err != nil {
		return Address{}, err
	}
	return a, a.setTail(tail)
}

// parseBare reads an address without a scheme.
func parseBare(s string) (Address, error) {
	for _, prefix := range []string{"/ipfs/", "/ipns/", "ipfs/", "ipns/"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return parseContent(strings.Trim(prefix, "/"), rest)
		}
	}
	if isFilePath(s) {
		return fromLocation(s)
	}
	id, tail := cutAuthority(s)
	if a, _, err := fromHost(id); err == nil {
		return a, a.setTail(tail)
	}
	a, ok := parseIdentifier(id)
	if !ok {
		var err error
		if a, err = FromName(id); err != nil {
			return Address{}, err
		}
	}
	return a, a.setTail(tail)
}

// parseIdentifier reads a CID, an infohash or a peer's key that stands alone.
func parseIdentifier(id string) (Address, bool) {
	if c, ok := parseCID(id); ok {
		return FromCID(c), true
	}
	if a, ok := parseInfoHash(id); ok {
		return a, true
	}
	return parsePeerKey(id)
}
