package tracker

import (
	"errors"
	"strconv"
	"strings"
)

// maxQuery is the longest query string looked at: a scrape of maxScrape
// hashes, each octet escaped.
const maxQuery = maxScrape * (20*3 + len("info_hash=&"))

// What can be wrong with a query.
var (
	errQuery  = errors.New("query is too long or wrongly escaped")
	errHash   = errors.New("info_hash must be 20 octets")
	errPeerID = errors.New("peer_id must be 20 octets")
	errPort   = errors.New("port must be between 1 and 65535")
	errScrape = errors.New("name the swarms to scrape by info_hash")
)

// query is the parameters of an announce (BEP 3, 7, 23) or a scrape (BEP 48).
// The parameters ip, ipv4 and ipv6 are not read: see the package's comment.
type query struct {
	hashes  []InfoHash // backed by first where there is one
	first   [1]InfoHash
	id      PeerID
	port    uint16
	left    bool // something is left to download
	event   event
	want    int
	compact bool
	named   bool // peer ids are wanted in a list that is not compact
	hasID   bool
}

// parseQuery reads a raw query without making anything on the heap for an
// announce. Unknown parameters are passed over, but must be escaped rightly.
func parseQuery(raw string, q *query) error {
	*q = query{want: -1, left: true, compact: true, named: true}
	q.hashes = q.first[:0]
	if len(raw) > maxQuery {
		return errQuery
	}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if err := q.set(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (q *query) set(key, value string) error {
	switch key {
	case "info_hash":
		var h InfoHash
		if !unescape20(value, (*[20]byte)(&h)) {
			return errHash
		}
		if len(q.hashes) < maxScrape {
			q.hashes = append(q.hashes, h)
		}
	case "peer_id":
		if q.hasID = unescape20(value, (*[20]byte)(&q.id)); !q.hasID {
			return errPeerID
		}
	case "port":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return errPort
		}
		q.port = uint16(n)
	case "left":
		n, err := strconv.ParseUint(value, 10, 64)
		q.left = err != nil || n > 0
	case "event":
		q.event = parseEvent([]byte(value))
	case "numwant", "num_want":
		if n, err := strconv.Atoi(value); err == nil {
			q.want = n
		}
	case "compact":
		q.compact = value != "0"
	case "no_peer_id":
		q.named = value != "1"
	}
	return nil
}

// unescape20 decodes a percent-encoded value (RFC 3986 §2.1; "+" is a space as
// in forms) of 20 octets exactly.
func unescape20(s string, out *[20]byte) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		if n == len(out) {
			return false
		}
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(s) {
				return false
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi > 15 || lo > 15 {
				return false
			}
			c = hi<<4 | lo
			i += 2
		}
		out[n] = c
		n++
	}
	return n == len(out)
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}
