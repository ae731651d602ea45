package tracker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/relay/guard"
)

// FuzzQuery holds the reader of queries against net/url.
func FuzzQuery(f *testing.F) {
	f.Add("info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-AA0000-aaaaaaaaaaaa&port=6881&left=0")
	f.Add("info_hash=++++++++++++++++++++&port=0&compact=0&no_peer_id=1&numwant=-1&event=stopped")
	f.Add("info_hash=%&port=99999")
	f.Add("&&=&a=b=c&info_hash")
	f.Fuzz(func(t *testing.T, raw string) {
		var q query
		if parseQuery(raw, &q) != nil {
			return
		}
		want, err := url.ParseQuery(raw)
		if err != nil { // net/url is stricter about what we pass over
			return
		}
		for i, h := range q.hashes {
			if all := want["info_hash"]; i >= len(all) || all[i] != string(h[:]) {
				t.Errorf("info_hash %d is %x, want %q", i, h, all)
			}
		}
		if q.hasID {
			if all := want["peer_id"]; all[len(all)-1] != string(q.id[:]) {
				t.Errorf("peer_id is %x, want %q", q.id, all)
			}
		}
	})
}

// FuzzUDP sends a packet, with a good connection id and without.
func FuzzUDP(f *testing.F) {
	f.Add(make([]byte, 98), true)
	f.Add(append(binary.BigEndian.AppendUint64(nil, udpMagic), 0, 0, 0, 0, 1, 2, 3, 4), false)
	f.Add([]byte{15: 0}, true)
	announce := make([]byte, 98)
	announce[11], announce[97] = udpAnnounce, 1
	f.Add(announce, true)
	scrape := make([]byte, 16+3*20)
	scrape[11] = udpScrape
	f.Add(scrape, true)
	tr, err := New(Options{Rate: guard.Limit{PerSecond: -1}})
	if err != nil {
		f.Fatal(err)
	}
	w := &udpWorker{t: tr, oven: oven{bakery: tr.bakery}}
	from := netip.MustParseAddrPort("192.0.2.1:1")
	f.Fuzz(func(t *testing.T, packet []byte, proven bool) {
		in := bytes.Clone(packet)
		if proven && len(in) >= 8 {
			c := append(binary.BigEndian.AppendUint64(nil, udpMagic), make([]byte, 8)...)
			copy(in, w.answer(c, from, nil)[8:16])
		}
		out := w.answer(in, from, nil)
		if len(out) > maxPacket {
			t.Errorf("an answer of %d octets", len(out))
		}
		if !proven && len(out) > len(in) {
			t.Errorf("%d octets from nobody knows whom make %d", len(in), len(out))
		}
		if len(out) > 0 && (len(out) < 8 || !bytes.Equal(out[4:8], in[12:16])) {
			t.Errorf("%x answered by %x, of another transaction", in, out)
		}
	})
}

// FuzzMessage holds the reader of WebSocket messages against encoding/json.
func FuzzMessage(f *testing.F) {
	hash := `"\u0000\u00ff\n\"\\\/aaaaaaaaaaaaaa"`
	f.Add([]byte(`{"action":"announce","info_hash":` + hash + `,"peer_id":"-WW0000-\u00e9\u0001aaaaaaaaaa","left":0,"event":"completed","offers":[{"offer":{"type":"offer","sdp":"v=0\r\n"},"offer_id":"x"}]}`))
	f.Add([]byte(`{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb","to_peer_id":"cccccccccccccccccccc","answer":{"sdp":null},"offer_id":"\ud83d\ude00"}`))
	f.Add([]byte(`{"action":"scrape","info_hash":["aaaaaaaaaaaaaaaaaaaa",` + hash + `]}`))
	f.Add([]byte(`{"\u0061ction":"scrape","info_hash":"aaaaaaaaaaaaaaaaaaaa"}`))
	f.Add([]byte(`{"a":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],"b":-0.5e+7,"c":tru}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m message
		err := parseMessage(data, &m, 10, 74)
		c := cursor{data: data}
		_, ok := c.value(0)
		c.space()
		ok = ok && c.pos == len(data) && utf8.Valid(data)
		if ok && !json.Valid(data) {
			t.Fatalf("taken for JSON: %q", data)
		}
		if !ok && utf8.Valid(data) && json.Valid(data) && bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) < maxDepth {
			t.Fatalf("not taken for JSON: %q", data)
		}
		if err != nil {
			return
		}
		if !ok {
			t.Fatalf("%q is no JSON, but was read", data)
		}
		checkMessage(t, &m)
	})
}

// checkMessage demands that what would be passed on is JSON, and what was read
// from it is right.
func checkMessage(t *testing.T, m *message) {
	for _, o := range m.offers {
		if !json.Valid(o.description) || !json.Valid(o.id) {
			t.Errorf("offer %q of id %q", o.description, o.id)
		}
	}
	if m.answer != nil && (!json.Valid(m.answer) || !json.Valid(m.offerID)) {
		t.Errorf("answer %q to %q", m.answer, m.offerID)
	}
	same := func(raw []byte, got [20]byte) {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Errorf("%q: %v", raw, err)
			return
		}
		var want []byte
		for _, r := range s {
			want = append(want, byte(r))
		}
		if !bytes.Equal(want, got[:]) {
			t.Errorf("%q is %x, was read as %x", raw, want, got)
		}
	}
	if m.scrape {
		for i, raw := range m.scrapees {
			same(raw, m.scraped[i])
		}
		return
	}
	same(m.rawHash, m.hash)
	same(m.rawPeer, m.peer)
}
