package signal

import (
	"encoding/json"
	"errors"
)

// maxMessage is the longest message taken from a tracker, in octets. An SDP with
// many candidates has some thousands.
const maxMessage = 64 << 10

// binary is a string of octets, each a code point of the JSON string.
type binary []byte

func (b binary) MarshalJSON() ([]byte, error) {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return json.Marshal(string(runes))
}

func (b *binary) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return errors.New("not a string of octets")
		}
		out = append(out, byte(r))
	}
	*b = out
	return nil
}

// description is an SDP (RFC 8866) and whether it offers or answers. Beside it,
// a browser is told how it reaches this node over WebTransport.
type description struct {
	Type         string     `json:"type"`
	SDP          string     `json:"sdp"`
	WebTransport []Endpoint `json:"webtransport,omitempty"`
}

// Endpoint is a WebTransport server that speaks the peer protocol.
type Endpoint struct {
	URL string `json:"url"`
	// Hashes are base64 of the SHA-256 of the certificates it may show.
	Hashes []string `json:"hashes"`
}

// offer is an offer in an announce.
type offer struct {
	ID    binary      `json:"offer_id"`
	Offer description `json:"offer"`
}

// announce is what a tracker is told.
type announce struct {
	Action     string  `json:"action"`
	InfoHash   binary  `json:"info_hash"`
	PeerID     binary  `json:"peer_id"`
	NumWant    int     `json:"numwant"`
	Uploaded   int64   `json:"uploaded"`
	Downloaded int64   `json:"downloaded"`
	Left       *int64  `json:"left"`
	Event      string  `json:"event,omitempty"`
	Offers     []offer `json:"offers"`
}

// answer is what an offer that the tracker handed on is answered with.
type answer struct {
	Action   string      `json:"action"`
	InfoHash binary      `json:"info_hash"`
	PeerID   binary      `json:"peer_id"`
	ToPeerID binary      `json:"to_peer_id"`
	OfferID  binary      `json:"offer_id"`
	Answer   description `json:"answer"`
}

// message is what a tracker says: the interval of its announces, an offer of
// another peer, an answer of another peer, or what went wrong.
type message struct {
	Action   string       `json:"action"`
	InfoHash binary       `json:"info_hash"`
	PeerID   binary       `json:"peer_id"`
	OfferID  binary       `json:"offer_id"`
	Interval int          `json:"interval"`
	Offer    *description `json:"offer"`
	Answer   *description `json:"answer"`
	Failure  string       `json:"failure reason"`
}

// parse reads what a tracker says.
func parse(data []byte) (m message, hash [20]byte, err error) {
	if len(data) > maxMessage {
		return m, hash, errors.New("the message is too long")
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, hash, err
	}
	if copy(hash[:], m.InfoHash) != len(hash) || len(m.InfoHash) != len(hash) {
		return m, hash, errors.New("the message has no infohash")
	}
	if len(m.OfferID) > 64 || len(m.PeerID) > 64 {
		return m, hash, errors.New("the message has overlong identifiers")
	}
	return m, hash, nil
}
