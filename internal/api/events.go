package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

const (
	// eventGap is the time between two looks at the sites. Changes in between
	// become one event; rates change without anybody's notice, so they are
	// looked for rather than waited for.
	eventGap = time.Second
	// statusEvery is after how many gaps the status is sent.
	statusEvery = 3
)

// getEvents follows what happens, as server-sent events: "sites" with the whole
// list when it changed, "nearby" with devices, offers and transfers, "pages" with
// what web pages want of devices nearby, "apps" with what web apps want and may,
// "sharing" with the person's friends, devices and what waits, "tour" with how far the
// first steps are, each when it changed, and
// "status" every few seconds.
func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		fail(w, fault.New(fault.RateLimited, "%d clients follow the events already", cap(s.streams)).
			WithHint("close some tabs of the console"))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead { // it has no body to wait for, and its client asks on
		return
	}
	s.follow(r.Context(), &eventStream{w: w})
}

func (s *Server) follow(ctx context.Context, stream *eventStream) {
	ticker := time.NewTicker(eventGap)
	defer ticker.Stop()
	sites, pages := &change{event: "sites"}, &change{event: "pages"}
	around, people, apps := &change{event: "nearby"}, &change{event: "sharing"}, &change{event: "apps"}
	tour := &change{event: "tour"}
	for i := 0; ; i++ {
		err := sites.send(stream, s.siteList())
		if err == nil {
			err = s.sendPages(stream, pages)
		}
		if err == nil {
			err = s.sendNearby(stream, around)
		}
		if err == nil {
			err = s.sendSharing(stream, people)
		}
		if err == nil {
			err = s.sendApps(stream, apps)
		}
		if err == nil {
			err = s.sendTour(ctx, stream, tour)
		}
		if err == nil && i%statusEvery == 0 {
			err = (&change{event: "status"}).send(stream, s.status())
		}
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// change sends one kind of event when its data differs from the last.
type change struct {
	event string
	last  []byte
}

func (c *change) send(stream *eventStream, v any) error {
	data, err := json.Marshal(v)
	if err != nil || bytes.Equal(data, c.last) {
		return err
	}
	c.last = data
	return stream.send(c.event, data)
}

// eventStream writes the form of HTML §9.2.
type eventStream struct{ w http.ResponseWriter }

func (e *eventStream) send(event string, data []byte) error {
	if _, err := fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", event, data); err != nil {
		return err
	}
	return http.NewResponseController(e.w).Flush()
}
