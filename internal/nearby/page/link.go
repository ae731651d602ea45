package page

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Link is a connection between an app here and a device, or the attempt to make
// one, as the console shows it.
type Link struct {
	ID       string    `json:"id"`
	App      string    `json:"app"`
	Device   Device    `json:"device"`
	Incoming bool      `json:"incoming"`
	Nickname string    `json:"nickname,omitempty"`
	Since    time.Time `json:"since"`
	// Connected is false while the device is being reached, or its person asked.
	Connected bool `json:"connected"`
	// Problem is why the last attempt failed.
	Problem string `json:"problem,omitempty"`
}

// link is a Link and how to end it.
type link struct {
	Link
	end func(cause error)
}

// Links are the connections and attempts of all pages, the oldest first.
func (s *Server) Links() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Link, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l.Link)
	}
	slices.SortFunc(out, func(a, b Link) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return out
}

// End cuts the connection called id, or gives the attempt up.
func (s *Server) End(id string) error {
	s.mu.Lock()
	l := s.links[id]
	s.mu.Unlock()
	if l == nil {
		return fault.New(fault.NotFound, "there is no such connection").WithHint("it may have ended by itself")
	}
	l.end(errRevoked)
	return nil
}

// EndDevice cuts every connection with a device.
func (s *Server) EndDevice(device string) {
	s.mu.Lock()
	var all []*link
	for _, l := range s.links {
		if l.Device.ID == device {
			all = append(all, l)
		}
	}
	s.mu.Unlock()
	for _, l := range all {
		l.end(errRevoked)
	}
}

// addLink shows a connection until ctx ends; end is how to end it.
func (s *Server) addLink(ctx context.Context, l Link, end func(error)) *link {
	l.ID, l.Since = rand.Text(), time.Now()
	entry := &link{Link: l, end: end}
	s.mu.Lock()
	s.links[l.ID] = entry
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.links, l.ID)
	})
	return entry
}

// note changes what is shown of a link.
func (s *Server) note(l *link, change func(*Link)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&l.Link)
}
