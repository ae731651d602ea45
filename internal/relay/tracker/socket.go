package tracker

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"
)

// socket is one WebSocket. It holds memory for messages only while there are
// some: what is read goes through a shared buffer, and what waits to be written
// is written by a goroutine that ends when nothing more waits.
type socket struct {
	ws   *websocket.Conn // reads, and closes at errors of the protocol
	raw  net.Conn        // whole frames are written here
	addr netip.Addr      // of the client, behind proxies too
	t    *Tracker
	most int // swarms it may be in

	joined []membership // of the reading goroutine alone

	heard   atomic.Uint32 // second of the last sign of life
	asked   atomic.Uint32 // second of the last ping
	reading atomic.Uint32 // second at which the message at hand began; 0 for none
	writing atomic.Uint32 // likewise

	mu       sync.Mutex
	out      *[]byte // frames that wait; nil for none
	flushing bool
	closing  bool // nothing more is taken
}

// send puts a frame into the queue and reports whether there was room.
func (c *socket) send(op byte, parts ...[]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	if c.out == nil {
		c.out = c.t.buffers.Get().(*[]byte)
		*c.out = (*c.out)[:0]
	}
	if len(*c.out)+size(parts)+maxFrameHead > c.t.o.MaxQueue {
		return false
	}
	*c.out = appendFrame(*c.out, op, parts...)
	if !c.flushing {
		c.flushing = true
		go c.flush()
	}
	return true
}

// flush writes what waits until nothing does.
func (c *socket) flush() {
	for {
		c.mu.Lock()
		out := c.out
		c.out = nil
		last := c.closing
		if out == nil {
			c.flushing = false
			c.mu.Unlock()
			if last {
				c.close()
			}
			return
		}
		c.mu.Unlock()
		c.writing.Store(c.t.now())
		_, err := c.raw.Write(*out)
		c.writing.Store(0)
		c.t.recycle(out)
		if err != nil {
			c.close() // the reader tells of it
		}
	}
}

// farewell says goodbye with a status code (RFC 6455 §7.4) and closes when all
// that waits is written.
func (c *socket) farewell(code uint16) {
	c.send(opClose, []byte{byte(code >> 8), byte(code)})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if !c.flushing {
		c.flushing = true
		go c.flush()
	}
}

// close ends the connection; the goroutine that reads it then cleans up.
func (c *socket) close() {
	if err := c.raw.Close(); err != nil {
		c.t.o.Log.Debug("cannot close a WebSocket", "error", err)
	}
}

// recycle gives back a buffer, unless it has grown so large that keeping it
// would be a waste.
func (t *Tracker) recycle(b *[]byte) {
	if cap(*b) <= maxKept {
		t.buffers.Put(b)
	}
}

// maxKept is the largest buffer kept for use again.
const maxKept = 64 << 10
