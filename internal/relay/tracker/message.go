package tracker

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// What can be wrong with a WebSocket message.
var (
	errJSON     = errors.New("message is not JSON of the tracker protocol")
	errAction   = errors.New("action must be announce or scrape")
	errToPeer   = errors.New("to_peer_id must be 20 octets")
	errOfferID  = errors.New("offer_id is missing or too long")
	errWebHash  = errors.New("info_hash must be 20 characters up to U+00FF")
	errWebPeer  = errors.New("peer_id must be 20 characters up to U+00FF")
	errDescribe = errors.New("an offer or answer must be an object")
)

// maxOfferID is the longest spelling of an offer id that is passed on.
const maxOfferID = 256

// message is one message of WebTorrent's tracker protocol. Its slices are parts
// of the text it was read from, as they are written there, fit to be put into
// other messages.
type message struct {
	scrape   bool
	hash     InfoHash
	peer     PeerID
	to       PeerID
	seed     bool
	event    event
	rawHash  []byte
	rawPeer  []byte
	offers   []offer
	answer   []byte // nil when there is none
	offerID  []byte // of the answer
	scraped  []InfoHash
	scrapees [][]byte
}

// offer is an offer of a connection and its id.
type offer struct{ description, id []byte }

// fields are the values of a message as they are written; the last of a name
// counts, as in JSON.parse.
type fields struct {
	action, hash, peer, to, event, left, offers, answer, offerID []byte
}

func (f *fields) set(key, value []byte) {
	var buf [32]byte
	if bytes.IndexByte(key, '\\') < 0 {
		key = key[1 : len(key)-1]
	} else {
		key = plainText(key, buf[:])
	}
	switch string(key) {
	case "action":
		f.action = value
	case "info_hash":
		f.hash = value
	case "peer_id":
		f.peer = value
	case "to_peer_id":
		f.to = value
	case "event":
		f.event = value
	case "left":
		f.left = value
	case "offers":
		f.offers = value
	case "answer":
		f.answer = value
	case "offer_id":
		f.offerID = value
	}
}

// parseMessage reads a message into m, whose slices it uses again. At most
// maxOffers offers and maxScraped hashes are taken. After an error m.rawHash is
// set if there was one, so that the answer can name it.
func parseMessage(data []byte, m *message, maxOffers, maxScraped int) error {
	*m = message{
		offers: m.offers[:0], scraped: m.scraped[:0], scrapees: m.scrapees[:0],
	}
	if !utf8.Valid(data) {
		return errJSON
	}
	c := cursor{data: data}
	var f fields
	ok := c.object(0, func(key []byte) bool {
		value, ok := c.value(1)
		f.set(key, value)
		return ok
	})
	if c.space(); !ok || c.pos != len(data) {
		return errJSON
	}
	var word [16]byte
	switch string(plainText(f.action, word[:])) {
	case "announce":
		return m.announce(&f, maxOffers)
	case "scrape":
		m.scrape = true
		return m.hashes(f.hash, maxScraped)
	}
	return errAction
}

func (m *message) announce(f *fields, maxOffers int) error {
	if !binary20(f.hash, (*[20]byte)(&m.hash)) {
		return errWebHash
	}
	m.rawHash = f.hash
	if !binary20(f.peer, (*[20]byte)(&m.peer)) {
		return errWebPeer
	}
	m.rawPeer = f.peer
	var word [16]byte
	m.event = parseEvent(plainText(f.event, word[:]))
	m.seed = nothingLeft(f.left)
	if truthy(f.answer) {
		switch {
		case f.answer[0] != '{':
			return errDescribe
		case !binary20(f.to, (*[20]byte)(&m.to)):
			return errToPeer
		case !isOfferID(f.offerID):
			return errOfferID
		}
		m.answer, m.offerID = f.answer, f.offerID
	}
	if len(f.offers) == 0 || f.offers[0] != '[' {
		return nil
	}
	return m.takeOffers(f.offers, maxOffers)
}

// takeOffers reads [{"offer": {…}, "offer_id": "…"}, …].
func (m *message) takeOffers(raw []byte, most int) error {
	c := cursor{data: raw}
	var err error
	c.array(0, func() bool {
		if c.space() != '{' {
			err = errDescribe
			return false
		}
		var o offer
		c.object(1, func(key []byte) bool {
			value, ok := c.value(2)
			switch string(key) {
			case `"offer"`:
				o.description = value
			case `"offer_id"`:
				o.id = value
			}
			return ok
		})
		switch {
		case len(o.description) == 0 || o.description[0] != '{':
			err = errDescribe
		case !isOfferID(o.id):
			err = errOfferID
		default:
			m.offers = append(m.offers, o)
		}
		return err == nil && len(m.offers) < most
	})
	return err
}

// hashes reads the one info_hash of a scrape, or the array of them.
func (m *message) hashes(raw []byte, most int) error {
	add := func(raw []byte) bool {
		var h InfoHash
		if !binary20(raw, (*[20]byte)(&h)) {
			return false
		}
		if len(m.scraped) < most {
			m.scraped, m.scrapees = append(m.scraped, h), append(m.scrapees, raw)
		}
		return true
	}
	if len(raw) == 0 || raw[0] != '[' {
		if !add(raw) {
			return errWebHash
		}
		return nil
	}
	c := cursor{data: raw}
	if !c.array(0, func() bool { raw, ok := c.value(1); return ok && add(raw) }) {
		return errWebHash
	}
	return nil
}

// nothingLeft reports whether the value of "left" is zero. Infinity, which a
// peer has left that knows no metadata yet, is written null.
func nothingLeft(raw []byte) bool {
	n, err := strconv.ParseFloat(string(raw), 64)
	return err == nil && n == 0
}

func isOfferID(raw []byte) bool {
	return len(raw) > 2 && len(raw) <= maxOfferID && raw[0] == '"'
}

// truthy reports whether a value is there and is neither null nor false.
func truthy(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && raw[0] != 'f'
}
