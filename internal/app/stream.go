package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// writeTime is how long a page may take to receive one event.
const writeTime = 30 * time.Second

// stream answers with events (HTML §9.2): of everything, or of documents below a
// folder.
func (c *call) stream(folder string) error {
	b := c.h.hubs.join(c.from)
	if b == nil {
		return fault.New(fault.RateLimited, "%d pages of this app listen already", c.h.o.MaxStreams).WithHint("close some")
	}
	defer c.h.hubs.leave(b)
	select {
	case <-b.ready:
	case <-c.r.Context().Done():
		return context.Cause(c.r.Context())
	case <-c.h.hubs.ctx.Done():
		return fault.New(fault.NotRunning, "the node is about to end")
	}
	_, _, at, _ := b.after(0)
	resync := false
	if text := c.r.Header.Get("Last-Event-ID"); text != "" {
		id, err := strconv.ParseInt(text, 10, 63)
		if _, _, _, gap := b.after(id); err != nil || gap {
			resync = true
		} else {
			at = id
		}
	}
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("Cache-Control", "no-store")
	if c.r.Method == http.MethodHead {
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	s := &sender{w: c.w, out: http.NewResponseController(c.w), folder: folder}
	s.write(":\n\n")
	if resync {
		s.resync(at)
	}
	c.follow(b, s, at)
	_ = s.out.SetWriteDeadline(time.Time{}) // the connection may be used again
	return nil
}

// follow sends events until the page goes away, the node ends, or the app is not
// connected any more.
func (c *call) follow(b *hub, s *sender, at int64) {
	beat := time.NewTicker(c.h.o.Beat)
	defer beat.Stop()
	for s.err == nil {
		events, more, last, gap := b.after(at)
		if gap {
			s.resync(last)
		}
		over := false
		for _, e := range events {
			s.send(e)
			over = e.kind == "connected" && bytes.Contains(e.data, []byte(`"granted":[]`))
		}
		at = last
		allowed := c.h.grants.of(c.from.Label).has(GrantData)
		if over && !allowed { // the page was told
			return
		}
		select {
		case <-more:
		case <-beat.C:
			if !allowed {
				return
			}
			s.write(":\n\n")
		case <-c.r.Context().Done():
			return
		case <-c.h.hubs.ctx.Done():
			return
		}
	}
}

// sender writes events until one cannot be written.
type sender struct {
	w      http.ResponseWriter
	out    *http.ResponseController
	folder string
	err    error
}

func (s *sender) send(e event) {
	if s.folder != "" && e.kind != "resync" && (e.kind != "document" || !strings.HasPrefix(e.path, s.folder)) {
		return
	}
	s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.id, e.kind, e.data))
}

func (s *sender) resync(id int64) { s.write(fmt.Sprintf("id: %d\nevent: resync\ndata: {}\n\n", id)) }

func (s *sender) write(text string) {
	if s.err != nil {
		return
	}
	_ = s.out.SetWriteDeadline(time.Now().Add(writeTime)) // a connection without deadlines has none
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.out.Flush()
	}
}
