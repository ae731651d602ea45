package tracker

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// retryMinutes is when one who asked too much may come again (BEP 31).
const retryMinutes = 5

// serveAnnounce is the announce of BEP 3.
func (t *Tracker) serveAnnounce(w http.ResponseWriter, r *http.Request) {
	from, ok := t.caller(w, r)
	if !ok {
		return
	}
	var q query
	err := parseQuery(r.URL.RawQuery, &q)
	switch {
	case err != nil:
	case len(q.hashes) != 1:
		err = errHash
	case !q.hasID:
		err = errPeerID
	case q.port == 0 && q.event != eventStopped:
		err = errPort
	}
	if err != nil {
		t.count.http.invalid.Add(1)
		t.send(w, http.StatusOK, func(b []byte) []byte { return failure(b, err.Error(), 0) })
		return
	}
	t.count.http.announces.Add(1)
	a := announce{
		hash: q.hashes[0], id: q.id, addr: netip.AddrPortFrom(from, q.port),
		seed: !q.left, event: q.event, want: t.want(q.want),
	}
	h := handout{named: !q.compact && q.named}
	var room4, room6 [64 * 6]byte
	h.v4, h.v6 = room4[:0], room6[:0]
	if err := t.store.announce(&a, t.now(), &h); err != nil {
		t.count.http.refused.Add(1)
		t.send(w, http.StatusOK, func(b []byte) []byte { return failure(b, err.Error(), retryMinutes) })
		return
	}
	t.send(w, http.StatusOK, func(b []byte) []byte { return t.appendAnnounce(b, from, &h, q.compact) })
}

// serveScrape is the scrape of BEP 48, of named swarms only.
func (t *Tracker) serveScrape(w http.ResponseWriter, r *http.Request) {
	if _, ok := t.caller(w, r); !ok {
		return
	}
	var q query
	err := parseQuery(r.URL.RawQuery, &q)
	if err == nil && len(q.hashes) == 0 {
		err = errScrape
	}
	if err != nil {
		t.count.http.invalid.Add(1)
		t.send(w, http.StatusOK, func(b []byte) []byte { return failure(b, err.Error(), 0) })
		return
	}
	t.count.http.scrapes.Add(1)
	t.send(w, http.StatusOK, func(b []byte) []byte {
		return t.appendScrape(b, q.hashes[:min(len(q.hashes), t.o.MaxScrape)])
	})
}

// caller returns the address a request comes from. Where that address asks too
// much, the request is answered and ok is false.
func (t *Tracker) caller(w http.ResponseWriter, r *http.Request) (from netip.Addr, ok bool) {
	from = guard.Client(r, t.o.Trusted)
	switch {
	case !from.IsValid():
		t.count.http.invalid.Add(1)
		http.Error(w, "who are you?", http.StatusBadRequest)
	case !t.rate.Allow(from):
		t.count.http.refused.Add(1)
		t.send(w, http.StatusTooManyRequests, func(b []byte) []byte {
			return failure(b, "too many requests from your address", retryMinutes)
		})
	default:
		return from, true
	}
	return from, false
}

// send answers with what fill appends.
func (t *Tracker) send(w http.ResponseWriter, status int, fill func([]byte) []byte) {
	buf := t.buffers.Get().(*[]byte)
	*buf = fill((*buf)[:0])
	h := w.Header()
	h["Content-Type"] = []string{"text/plain"}
	h["Content-Length"] = []string{strconv.Itoa(len(*buf))}
	w.WriteHeader(status)
	if _, err := w.Write(*buf); err != nil {
		t.o.Log.Debug("cannot answer", "error", err)
	}
	t.buffers.Put(buf)
}

// failure appends the answer to a request that is refused (BEP 3, BEP 31).
func failure(b []byte, why string, minutes int) []byte {
	b = appendText(append(b, "d14:failure reason"...), why)
	if minutes > 0 {
		b = appendNumber(append(b, "8:retry in"...), minutes)
	}
	return append(b, 'e')
}

// appendAnnounce writes the keys in order, as bencoding demands (BEP 3).
func (t *Tracker) appendAnnounce(b []byte, from netip.Addr, h *handout, compact bool) []byte {
	b = appendNumber(append(b, "d8:complete"...), h.Seeds)
	b = appendNumber(append(b, "10:downloaded"...), int(h.Completed))
	b = append(b, "11:external ip"...)
	if from.Is4() {
		ip := from.As4()
		b = append(append(b, "4:"...), ip[:]...)
	} else {
		ip := from.As16()
		b = append(append(b, "16:"...), ip[:]...)
	}
	b = appendNumber(append(b, "10:incomplete"...), h.Leechers)
	b = appendNumber(append(b, "8:interval"...), int(t.o.Interval/time.Second))
	b = appendNumber(append(b, "12:min interval"...), int(t.o.MinInterval/time.Second))
	b = append(b, "5:peers"...)
	if !compact {
		return append(appendNamed(b, h), 'e')
	}
	b = appendOctets(b, h.v4)
	if len(h.v6) > 0 {
		b = appendOctets(append(b, "6:peers6"...), h.v6)
	}
	return append(b, 'e')
}

// appendNamed appends the list of dictionaries that BEP 3 began with.
func appendNamed(b []byte, h *handout) []byte {
	b = append(b, 'l')
	for i := 0; i < len(h.v4); i += 6 {
		var id *PeerID
		if h.named {
			id = &h.id4[i/6]
		}
		b = appendPeer(b, netip.AddrFrom4([4]byte(h.v4[i:i+4])), h.v4[i+4:i+6], id)
	}
	for i := 0; i < len(h.v6); i += 18 {
		var id *PeerID
		if h.named {
			id = &h.id6[i/18]
		}
		b = appendPeer(b, netip.AddrFrom16([16]byte(h.v6[i:i+16])), h.v6[i+16:i+18], id)
	}
	return append(b, 'e')
}

func appendPeer(b []byte, a netip.Addr, port []byte, id *PeerID) []byte {
	b = appendText(append(b, "d2:ip"...), a.String())
	if id != nil {
		b = appendOctets(append(b, "7:peer id"...), id[:])
	}
	b = appendNumber(append(b, "4:port"...), int(port[0])<<8|int(port[1]))
	return append(b, 'e')
}

func (t *Tracker) appendScrape(b []byte, hashes []InfoHash) []byte {
	b = append(b, "d5:filesd"...)
	for _, h := range sorted(hashes) {
		s := t.store.scrape(h)
		b = appendOctets(b, h[:])
		b = appendNumber(append(b, "d8:complete"...), s.Seeds)
		b = appendNumber(append(b, "10:downloaded"...), int(s.Completed))
		b = appendNumber(append(b, "10:incomplete"...), s.Leechers)
		b = append(b, 'e')
	}
	b = append(b, "e5:flagsd20:min_request_interval"...)
	return append(appendNumber(b, int(t.o.MinInterval/time.Second)), "ee"...)
}
