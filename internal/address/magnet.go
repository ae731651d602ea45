package address

import (
	"encoding/hex"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The most hints of each sort that are kept of a magnet link or torrent, and
// the longest of them. A link that names more is not refused; the rest is
// dropped.
const (
	MaxHints      = 64
	MaxHintLength = 1024
)

// magnetTopics are the identifiers a magnet link names.
type magnetTopics struct {
	v1, v2, key Address
	salt        string
	other       string
}

// parseMagnet reads what follows "magnet:" (BEP 9, BEP 46, BEP 52).
func parseMagnet(rest string) (Address, error) {
	rest, _, _ = strings.Cut(rest, "#")
	query, ok := strings.CutPrefix(rest, "?")
	if !ok {
		return Address{}, invalid("a magnet link goes on with ?xt=")
	}
	var topics magnetTopics
	var hints Hints
	for pair := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		name, _, _ = strings.Cut(lower(name), ".") // xt.1, tr.2, but x.pe
		if strings.HasPrefix(lower(pair), "x.pe=") {
			name = "x.pe"
		}
		value, err := url.QueryUnescape(raw)
		if err != nil {
			if name == "xt" {
				return Address{}, invalid("its xt has a %% that two hex digits do not follow")
			}
			continue
		}
		if err := topics.add(name, value); err != nil {
			return Address{}, err
		}
		hints.add(name, value)
	}
	a, err := topics.address()
	a.Hints = hints
	return a, err
}

func (t *magnetTopics) add(name, value string) error {
	switch name {
	case "xt":
		return t.addTopic(value)
	case "xs":
		if key, ok := cutPrefixFold(value, "urn:btpk:"); ok && !t.key.Valid() {
			return t.addKey(key)
		}
	case "s":
		salt, err := hex.DecodeString(value)
		if err != nil {
			return invalid("its salt s= is not in hex digits (BEP 46)")
		}
		t.salt = string(salt)
	}
	return nil
}

func (t *magnetTopics) addTopic(topic string) error {
	if id, ok := cutPrefixFold(topic, "urn:btih:"); ok {
		a, ok := parseInfoHash(id)
		if _, isV1 := a.InfoHash(); !ok || !isV1 {
			return invalid("its infohash %s has neither 40 hex nor 32 base32 digits", quote(id))
		}
		return setOnce(&t.v1, a)
	}
	if id, ok := cutPrefixFold(topic, "urn:btmh:"); ok {
		digits, isSHA256 := strings.CutPrefix(lower(id), "1220")
		a, ok := parseInfoHash(digits)
		if !ok || !isSHA256 || len(digits) != 64 {
			return invalid("its infohash %s is not 1220 and 64 hex digits", quote(id))
		}
		return setOnce(&t.v2, a)
	}
	if id, ok := cutPrefixFold(topic, "urn:btpk:"); ok {
		return t.addKey(id)
	}
	t.other = topic
	return nil
}

func (t *magnetTopics) addKey(digits string) error {
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) != 32 {
		return invalid("its key %s does not have 64 hex digits", quote(digits))
	}
	a, err := FromPublicKey([32]byte(key), "")
	if err != nil {
		return err
	}
	return setOnce(&t.key, a)
}

func setOnce(to *Address, a Address) error {
	if to.Valid() && to.id != a.id {
		return invalid("it names two sites").WithHint("use one magnet link for each")
	}
	*to = a
	return nil
}

// address chooses among the topics. A torrent comes before a key, which then
// only says where newer versions would be found.
func (t *magnetTopics) address() (Address, error) {
	v1, isV1 := t.v1.InfoHash()
	v2, isV2 := t.v2.InfoHashV2()
	switch {
	case isV1 || isV2:
		if !isV2 {
			v2 = [32]byte{}
		}
		return FromHybrid(v1, v2), nil
	case t.key.Valid():
		return FromPublicKey(t.key.id.key, t.salt)
	case t.other != "":
		return Address{}, invalid("its topic %s is not one of urn:btih:, urn:btmh: and urn:btpk:", quote(t.other))
	}
	return Address{}, invalid("it has no xt= that names a torrent")
}

// add keeps a hint that is well formed.
func (h *Hints) add(name, value string) {
	if len(value) > MaxHintLength {
		return
	}
	switch name {
	case "dn":
		h.DisplayName = cleanName(value)
	case "tr":
		addHint(&h.Trackers, value, isURL(value, "udp", "http", "https", "ws", "wss"))
	case "ws":
		addHint(&h.WebSeeds, value, isURL(value, "http", "https"))
	case "xs":
		addHint(&h.ExactSources, value, isURL(value, "http", "https"))
	case "x.pe":
		addHint(&h.Peers, value, isHostPort(value))
	}
}

func addHint(list *[]string, value string, ok bool) {
	if ok && len(*list) < MaxHints && !slices.Contains(*list, value) {
		*list = append(*list, value)
	}
}

func isURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Hostname() != "" && slices.Contains(schemes, u.Scheme)
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, numErr := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && numErr == nil && n > 0 && !strings.ContainsAny(host, "/?#@ ")
}

// cleanName takes out what would not print.
func cleanName(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}

// Magnet returns the magnet link of a torrent or a mutable torrent with all its
// hints; "" for others.
func (a Address) Magnet() string {
	var b strings.Builder
	b.WriteString("magnet:?")
	switch a.id.kind {
	case Torrent:
		sep := ""
		if v1, ok := a.InfoHash(); ok {
			b.WriteString("xt=urn:btih:" + hex.EncodeToString(v1[:]))
			sep = "&"
		}
		if v2, ok := a.InfoHashV2(); ok {
			b.WriteString(sep + "xt=urn:btmh:1220" + hex.EncodeToString(v2[:]))
		}
	case Mutable:
		b.WriteString("xs=urn:btpk:" + hex.EncodeToString(a.id.key[:]))
		if a.id.text != "" {
			b.WriteString("&s=" + hex.EncodeToString([]byte(a.id.text)))
		}
	default:
		return ""
	}
	if a.Hints.DisplayName != "" {
		b.WriteString("&dn=" + url.QueryEscape(a.Hints.DisplayName))
	}
	writeHints(&b, "tr", a.Hints.Trackers)
	writeHints(&b, "ws", a.Hints.WebSeeds)
	writeHints(&b, "xs", a.Hints.ExactSources)
	writeHints(&b, "x.pe", a.Hints.Peers)
	return b.String()
}

func writeHints(b *strings.Builder, name string, values []string) {
	for _, v := range values {
		b.WriteString("&" + name + "=" + url.QueryEscape(v))
	}
}
