package sharing

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// bodiesAtOnce is how many bodies are fetched from other devices in one go.
const bodiesAtOnce = 64

// openPeer makes the exchange of a home.
func (s *Service) openPeer(h *home, local exchange.Local) (*exchange.Peer, error) {
	o := exchange.PeerOptions{
		Core: exchange.Options{
			People: h.joint.People(), Handler: h.joint, Local: local, Now: time.Now, Rand: s.o.Rand, Lifetime: s.o.Lifetime, Log: s.log,
		},
		Answerer: h.joint, Log: s.log,
		Relay: s.relay, Hop: s.o.Hop, HopOnly: s.o.HopOnly, Arrived: h.arrived,
	}
	if h.direct != nil {
		o.Own = &exchange.OwnMailbox{URL: h.direct.URL, Client: h.direct.Client}
	}
	return exchange.NewPeer(o)
}

// relay is how a relay is talked to. Friends name relays too: the token is for the
// person's own.
func (s *Service) relay(url string) client.Options {
	o := client.Options{TLS: s.o.TLS, Through: s.o.Through, Log: s.log}
	for _, address := range s.o.Relays {
		if own, _, err := seal.CutRelay(address); err == nil && own == url {
			o.Token = s.o.Token
		}
	}
	return o
}

// begin starts what works until the home closes.
func (h *home) begin() error {
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	if err := h.resume(); err != nil {
		stop()
		close(h.done)
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- h.peer.Run(ctx) }()
	go func() {
		defer close(h.done)
		h.work(ctx)
		if err := <-ran; err != nil && !errors.Is(err, context.Canceled) {
			h.s.log.Error("messages were not carried to the end", "error", err)
		}
	}()
	return nil
}

// resume brings the parts together after a start.
func (h *home) resume() error {
	h.unwatch = h.library.Watch(func(e library.Event) {
		if joint.IsPersons(e.Record) {
			h.records.Store(true)
		}
		h.s.events.changed(e)
		h.look()
	})
	out, err := h.joint.Returned()
	if err != nil {
		return err
	}
	if err := h.peer.Apply(h.joint.Refreshed()); err != nil {
		return err
	}
	if err := h.send(out); err != nil {
		return err
	}
	if err := h.setRelays(); err != nil {
		return err
	}
	h.tellPlaces()
	return h.do(h.person.Resume())
}

// work does what changes and time ask for, until ctx ends.
func (h *home) work(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	h.look()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.stale:
		case <-tick.C:
			h.tick()
		}
		h.refresh(ctx)
		h.s.changes.note()
	}
}

// tick does what time asks for.
func (h *home) tick() {
	if err := h.do(h.person.Tick()); err != nil {
		h.s.log.Error("cannot look after friends and devices", "error", err)
	}
	out, err := h.library.Tick()
	if err == nil {
		err = h.send(out)
	}
	if err != nil {
		h.s.log.Error("cannot look after documents", "error", err)
	}
	if _, err := h.copies.Tick(); err != nil {
		h.s.log.Error("cannot look after friends' documents", "error", err)
	}
	h.tellPlaces()
}

// refresh brings up to date what follows from the person and the library.
func (h *home) refresh(ctx context.Context) {
	var effects seal.Effects
	if h.records.Swap(false) {
		effects = h.joint.Refreshed()
	}
	h.dropGone()
	if err := h.passOn(); err != nil {
		h.s.log.Error("cannot tell the other devices what friends said", "error", err)
	}
	out, err := h.joint.TellLibrary() // before anything is listened to that it has to know of
	if err != nil {
		h.s.log.Error("cannot tell the library who there is", "error", err)
	}
	if effects.Changed {
		if err := h.peer.Apply(effects); err != nil {
			h.s.log.Error("cannot listen to what changed", "error", err)
		}
	}
	if err := h.send(out); err != nil {
		h.s.log.Error("cannot tell friends and devices what changed", "error", err)
	}
	h.fetchBodies(ctx)
	if st, err := h.person.Status(); err == nil && st.Exists && !h.tried && h.s.o.Direct != nil {
		go func() { // this device was linked: it has a mailbox of its own from now on
			if err := h.s.reopen(); err != nil {
				h.s.log.Error("cannot open the device's own mailbox", "error", err)
			}
		}()
		<-ctx.Done()
	}
}

// dropGone erases what is held of friends who are none any more.
func (h *home) dropGone() {
	h.goneMu.Lock()
	gone := h.gone
	h.gone = nil
	h.goneMu.Unlock()
	for _, f := range gone {
		if _, err := h.copies.EraseFriend(seal.RelationID(f)); err != nil {
			h.s.log.Error("cannot erase what a former friend sent", "error", err)
			h.note(person.Effects{Gone: []person.FriendID{f}})
		}
	}
}

// fetchBodies begins to bring bodies that belong on this device, unless it is at
// it already.
func (h *home) fetchBodies(ctx context.Context) {
	wanted := h.library.Wanted(bodiesAtOnce)
	if len(wanted) == 0 || !h.fetching.CompareAndSwap(false, true) {
		return
	}
	h.working.Go(func() {
		defer h.fetching.Store(false)
		for _, item := range wanted {
			if ctx.Err() != nil {
				return
			}
			if err := h.library.Fetch(ctx, asker{h}, item.Handle); err != nil {
				h.s.log.Debug("a body is not to be had now", "error", err)
			}
		}
	})
}

// hold changes which bodies this device keeps.
func (h *home) hold(holds *roster.Holds) error {
	if holds == nil {
		return nil
	}
	h.library.SetHolds(libraryHolds(*holds))
	h.look()
	return nil
}

func libraryHolds(r roster.Holds) library.Holds {
	return library.Holds{Apps: r.Apps, Recent: time.Duration(r.Days) * 24 * time.Hour}
}

// placesFor is how long a place is said to be good.
const placesFor = 12 * time.Hour

// tellPlaces says where this device can be reached without a relay.
func (h *home) tellPlaces() {
	var at []seal.Place
	for _, u := range h.places() {
		at = append(at, seal.Place{URL: u, Certificate: h.direct.Certificate})
	}
	if len(at) == 0 {
		return
	}
	if err := h.peer.SetPlaces(at, time.Now().Add(placesFor)); err != nil {
		h.s.log.Warn("cannot say where this device is", "error", err)
	}
}

func (h *home) places() []string {
	if h.direct == nil {
		return nil
	}
	return h.direct.Places()
}

// openDirect opens this device's own mailbox, once there is a person.
func (h *home) openDirect() error {
	st, err := h.person.Status()
	if err != nil || !st.Exists || h.s.o.Direct == nil {
		return err
	}
	h.tried = true
	if h.direct, err = h.s.o.Direct(filepath.Join(h.s.o.Dir, "mailbox")); err != nil {
		h.s.log.Warn("friends reach this device by relays alone", "error", err)
	}
	return nil
}

// shownRelays are those that keep mailboxes.
func (h *home) shownRelays(urls []string) []Relay {
	list := []Relay{}
	for _, u := range urls {
		r := Relay{URL: u, Connected: true}
		if err := h.peer.Listening(u); err != nil {
			r.Connected, r.Error = false, err.Error()
		}
		list = append(list, r)
	}
	return list
}
