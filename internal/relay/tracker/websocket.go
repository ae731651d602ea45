package tracker

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/relay/buffer"
	"github.com/kith-web/kith/internal/relay/guard"
)

// readBuffer is what each open WebSocket keeps for reading. It holds most
// messages that are no offers; longer ones are read past it.
const readBuffer = 512

// longestDelay is how long a WebSocket that sends too fast is not read from;
// one that would have to wait longer is closed.
const longestDelay = 2 * time.Second

// Status codes of RFC 6455 §7.4.1.
const (
	unsupportedData = 1003
	policyViolation = 1008
)

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveSocket opens a WebSocket and hands it to a goroutine of its own, so that
// what net/http holds for a request is freed.
func (t *Tracker) serveSocket(w http.ResponseWriter, r *http.Request) {
	from := guard.Client(r, t.o.Trusted)
	if !from.IsValid() || !t.rate.Allow(from) || !t.sockets.count.Take(from) {
		t.count.web.refused.Add(1)
		w.Header().Set("Retry-After", strconv.Itoa(retryMinutes*60))
		http.Error(w, "too many connections from your address", http.StatusTooManyRequests)
		return
	}
	up := websocket.Upgrader{
		HandshakeTimeout: t.o.Patience,
		ReadBufferSize:   readBuffer,
		WriteBufferPool:  &t.writers,
		CheckOrigin:      func(*http.Request) bool { return true }, // any page may use a tracker
	}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil { // and it is answered
		t.sockets.count.Give(from)
		t.count.web.invalid.Add(1)
		return
	}
	c := &socket{ws: ws, raw: ws.NetConn(), addr: from, t: t, most: t.o.MaxJoined}
	c.heard.Store(t.now())
	ws.SetReadLimit(int64(t.o.MaxMessage))
	ws.SetPingHandler(func(data string) error {
		c.heard.Store(t.now())
		c.send(opPong, []byte(data))
		return nil
	})
	ws.SetPongHandler(func(string) error {
		c.heard.Store(t.now())
		return nil
	})
	if !t.sockets.add(c) {
		c.farewell(goingAway)
		t.sockets.count.Give(from)
		return
	}
	t.count.web.connects.Add(1)
	go c.serve()
}

// serve reads messages until the connection ends, and cleans up after it.
func (c *socket) serve() {
	for c.read() {
	}
	c.t.store.leave(c)
	c.mu.Lock()
	c.closing = true
	flushing := c.flushing
	c.mu.Unlock()
	if !flushing { // else who flushes closes
		c.close()
	}
	c.t.sockets.count.Give(c.addr)
	c.t.sockets.remove(c)
}

// read takes one message and reports whether there may be more. One who sends
// too fast is not read from for a while, which TCP makes the sender feel.
func (c *socket) read() bool {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return false
	}
	now := c.t.now()
	c.heard.Store(now)
	if kind != websocket.TextMessage {
		c.farewell(unsupportedData)
		return false
	}
	wait, ok := c.t.rate.Delay(c.addr, longestDelay)
	if !ok {
		c.t.count.web.refused.Add(1)
		c.farewell(policyViolation)
		return false
	}
	if wait > 0 {
		time.Sleep(wait)
	}
	c.reading.Store(now)
	buf := c.t.buffers.Get().(*[]byte)
	*buf, err = buffer.ReadAll(r, (*buf)[:0])
	c.reading.Store(0)
	if err == nil {
		c.take(*buf, now)
	}
	c.t.recycle(buf)
	return err == nil
}
