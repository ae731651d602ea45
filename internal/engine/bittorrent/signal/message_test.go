package signal

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Octets above 127 are code points, as JavaScript trackers write them.
func TestOctetsInJSON(t *testing.T) {
	in := binary{0, 1, 127, 128, 255}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out binary
	if err := json.Unmarshal(data, &out); err != nil || !bytes.Equal(in, out) {
		t.Errorf("%v became %s, then %v, %v", in, data, out, err)
	}
	if err := json.Unmarshal([]byte(`"€"`), &out); err == nil {
		t.Error("a code point above 255 was taken for an octet")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","interval":120}`))
	f.Add([]byte(`{"info_hash":"aaaaaaaaaaaaaaaaaaaa","offer_id":"x","offer":{"type":"offer","sdp":"v=0"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, hash, err := parse(data)
		if err == nil && (!bytes.Equal(hash[:], m.InfoHash) || len(m.OfferID) > 64 || len(m.PeerID) > 64) {
			t.Fatalf("accepted %+v", m)
		}
	})
}
