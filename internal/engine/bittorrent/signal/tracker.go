package signal

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	randv2 "math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"
)

// Times of a tracker. A swarm that wants peers and has none asks again after
// hungry.
const (
	handshakeTime = 15 * time.Second
	writeTime     = 10 * time.Second
	minBackoff    = time.Second
	maxBackoff    = 5 * time.Minute
	hungry        = 30 * time.Second
	minInterval   = 10 * time.Second
)

// tracker is the connection to one tracker.
type tracker struct {
	hub    *Hub
	url    string
	ctx    context.Context //nolint:containedctx // ends the goroutine when the last swarm leaves
	cancel context.CancelFunc
	poke   chan struct{}

	mu       sync.Mutex
	swarms   map[[20]byte]*swarm
	offers   map[string]*webrtc.PeerConnection
	interval time.Duration
	last     time.Time
	err      error
}

// swarm is a torrent that is announced here.
type swarm struct {
	Swarm
	users int
	due   time.Time // zero: at once
	begun bool
}

func newTracker(h *Hub, url string) *tracker {
	ctx, cancel := context.WithCancel(h.ctx)
	return &tracker{
		hub: h, url: url, ctx: ctx, cancel: cancel, poke: make(chan struct{}, 1), interval: h.o.Every,
		swarms: map[[20]byte]*swarm{}, offers: map[string]*webrtc.PeerConnection{},
	}
}

func (t *tracker) join(hash [20]byte, s Swarm) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.swarms[hash] == nil {
		t.swarms[hash] = &swarm{Swarm: s}
	}
	t.swarms[hash].users++
	t.nudge()
}

// leave reports whether it was the last swarm.
func (t *tracker) leave(hash [20]byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.swarms[hash]; s != nil {
		if s.users--; s.users == 0 {
			delete(t.swarms, hash)
		}
	}
	return len(t.swarms) == 0
}

func (t *tracker) wake(hash [20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.swarms[hash]; s != nil && time.Until(s.due) < t.interval-minInterval {
		s.due = time.Time{}
		t.nudge()
	}
}

func (t *tracker) nudge() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

func (t *tracker) contact() Contact {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Contact{URL: t.url, Last: t.last, Err: t.err}
}

func (t *tracker) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.err = time.Now(), err
}

// run keeps the connection, opening it again after a while that doubles with
// every failure and varies, so that a tracker that comes back is not run over.
func (t *tracker) run() {
	backoff := minBackoff
	for {
		start := time.Now()
		err := t.session()
		if t.ctx.Err() != nil {
			return
		}
		t.note(err)
		t.hub.o.Log.Debug("websocket tracker", "url", t.url, "error", err)
		if time.Since(start) > time.Minute {
			backoff = minBackoff
		}
		wait := time.NewTimer(backoff/2 + randv2.N(backoff))
		select {
		case <-wait.C:
		case <-t.ctx.Done():
			wait.Stop()
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// session is one connection from its opening to its end.
func (t *tracker) session() error {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	open, done := context.WithTimeout(ctx, handshakeTime)
	client := &http.Client{}
	if t.hub.o.Dial != nil {
		client.Transport = &http.Transport{DialContext: t.hub.o.Dial}
	}
	ws, _, err := websocket.Dial(open, t.url, &websocket.DialOptions{HTTPClient: client})
	done()
	if err != nil {
		return err
	}
	defer ws.CloseNow() //nolint:errcheck // the session's error says more
	ws.SetReadLimit(maxMessage)
	t.reset()
	read := make(chan error, 1)
	go func() { read <- t.listen(ctx, ws) }()
	for {
		timer := time.NewTimer(t.announceDue(ctx, ws))
		select {
		case err := <-read:
			timer.Stop()
			return err
		case <-timer.C:
		case <-t.poke:
			timer.Stop()
		}
	}
}

// reset makes all swarms due, for a tracker that knows nothing of them.
func (t *tracker) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.swarms {
		s.due, s.begun = time.Time{}, false
	}
}

// announceDue announces the swarms whose time has come, and says how long it is
// to the next.
func (t *tracker) announceDue(ctx context.Context, ws *websocket.Conn) time.Duration {
	now := time.Now()
	next := now.Add(time.Hour)
	type job struct {
		hash [20]byte
		s    *swarm
		ev   string
	}
	var jobs []job
	t.mu.Lock()
	for hash, s := range t.swarms {
		if !s.due.After(now) {
			ev := ""
			if !s.begun {
				ev = "started"
			}
			s.begun = true
			wait := t.interval
			if s.Wanted() >= maxOffers {
				wait = min(wait, hungry)
			}
			s.due = now.Add(wait - randv2.N(wait/10+1))
			jobs = append(jobs, job{hash, s, ev})
		}
		if s.due.Before(next) {
			next = s.due
		}
	}
	t.mu.Unlock()
	for _, j := range jobs {
		go func() {
			if err := t.announce(ctx, ws, j.hash, j.s, j.ev); err != nil && ctx.Err() == nil {
				_ = ws.CloseNow()
			}
		}()
	}
	return time.Until(next)
}

// announce tells the tracker of a swarm, with offers while it wants peers.
func (t *tracker) announce(ctx context.Context, ws *websocket.Conn, hash [20]byte, s *swarm, event string) error {
	up, down, left := s.Progress()
	if left < 0 {
		left = math.MaxInt32 // trackers take a peer that lacks nothing for a seed
	}
	a := announce{
		Action: "announce", InfoHash: hash[:], PeerID: t.hub.o.PeerID[:],
		Uploaded: up, Downloaded: down, Left: &left, Event: event, Offers: []offer{},
	}
	want := min(s.Wanted(), maxOffers)
	results := make(chan *offer, max(want, 0))
	for range want {
		go func() { results <- t.makeOffer(ctx, hash) }()
	}
	for range want {
		if o := <-results; o != nil {
			a.Offers = append(a.Offers, *o)
		}
	}
	a.NumWant = len(a.Offers)
	return t.write(ctx, ws, a)
}

func (t *tracker) write(ctx context.Context, ws *websocket.Conn, v any) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return wsjson.Write(ctx, ws, v)
}

// makeOffer prepares a connection that somebody may answer.
func (t *tracker) makeOffer(ctx context.Context, hash [20]byte) *offer {
	id := make([]byte, 20)
	_, _ = rand.Read(id)
	pc, sdp, err := t.hub.offer(ctx, id, func(c *conn) { t.hub.opened(hash, c) })
	if err != nil {
		return nil
	}
	t.mu.Lock()
	t.offers[string(id)] = pc
	t.mu.Unlock()
	time.AfterFunc(offerTime, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.offers, string(id))
	})
	sdp.WebTransport = t.hub.endpoints()
	return &offer{ID: id, Offer: sdp}
}

// listen reads what the tracker says until the connection ends.
func (t *tracker) listen(ctx context.Context, ws *websocket.Conn) error {
	for {
		_, data, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		m, hash, err := parse(data)
		if err != nil {
			continue
		}
		t.mu.Lock()
		s := t.swarms[hash]
		t.mu.Unlock()
		if s == nil {
			continue
		}
		switch {
		case m.Failure != "":
			t.note(errors.New(m.Failure))
		case m.Offer != nil && m.Offer.Type == "offer":
			go t.reply(ctx, ws, hash, s.Swarm, m)
		case m.Answer != nil && m.Answer.Type == "answer":
			t.take(m)
		default:
			t.obey(m)
		}
	}
}

// obey takes the interval a tracker asks for, if it is shorter than ours: our
// own is polite enough, and trackers forget.
func (t *tracker) obey(m message) {
	t.note(nil)
	if m.Interval > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.interval = max(min(t.hub.o.Every, time.Duration(min(m.Interval, 86400))*time.Second), min(minInterval, t.hub.o.Every))
	}
}

// reply answers the offer of a peer.
func (t *tracker) reply(ctx context.Context, ws *websocket.Conn, hash [20]byte, s Swarm, m message) {
	if string(m.PeerID) == string(t.hub.o.PeerID[:]) {
		return
	}
	sdp, err := t.hub.answer(ctx, m.OfferID, m.Offer.SDP, func(c *conn) { t.hub.accepted(s, c) })
	if err != nil {
		t.hub.o.Log.Debug("webrtc offer", "tracker", t.url, "error", err)
		return
	}
	sdp.WebTransport = t.hub.endpoints()
	a := answer{
		Action: "announce", InfoHash: hash[:], PeerID: t.hub.o.PeerID[:],
		ToPeerID: m.PeerID, OfferID: m.OfferID, Answer: sdp,
	}
	if err := t.write(ctx, ws, a); err != nil && ctx.Err() == nil {
		_ = ws.CloseNow()
	}
}

// take takes the answer to an offer of ours.
func (t *tracker) take(m message) {
	t.mu.Lock()
	pc := t.offers[string(m.OfferID)]
	delete(t.offers, string(m.OfferID))
	t.mu.Unlock()
	if pc == nil {
		return
	}
	err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.Answer.SDP})
	if err != nil {
		t.hub.dropPC(pc)
		_ = pc.Close()
	}
}
