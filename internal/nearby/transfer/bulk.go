package transfer

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/door"
)

// BulkProtocol is the ALPN of bulk connections (spec/nearby-transfer.md §5).
const BulkProtocol = "kith-transfer/1"

const (
	ticketSize = 32
	// ticketTime is how long a client may take to show its ticket.
	ticketTime = 10 * time.Second
)

// Bulk is the TCP port where this device takes the bulk of transfers. It is
// for all transfers of the process.
type Bulk struct {
	door *door.Door
	cert tls.Certificate

	mu      sync.Mutex
	waiters map[[ticketSize]byte]*waiter
}

// waiter is one connection that is expected.
type waiter struct {
	bulk   *Bulk
	ticket [ticketSize]byte
	peer   Fingerprint
	conn   chan *door.Conn // of one
}

// NewBulk takes the connections of BulkProtocol at a door. cert is what this
// device shows where it connects itself.
func NewBulk(d *door.Door, cert tls.Certificate) *Bulk {
	b := &Bulk{door: d, cert: cert, waiters: map[[ticketSize]byte]*waiter{}}
	d.Handle(BulkProtocol, b.admit)
	return b
}

// admit hands a connection to whoever waits for its ticket.
func (b *Bulk) admit(c *door.Conn) {
	var ticket [ticketSize]byte
	_ = c.SetReadDeadline(time.Now().Add(ticketTime))
	if _, err := io.ReadFull(c, ticket[:]); err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	b.mu.Lock()
	w := b.waiters[ticket]
	if w != nil && w.peer == c.Peer() {
		delete(b.waiters, ticket)
	} else {
		w = nil
	}
	b.mu.Unlock()
	if w == nil {
		_ = c.Close()
		return
	}
	w.conn <- c
}

// expect waits for a connection with the ticket from now on; a nil ticket makes
// a new one.
func (b *Bulk) expect(peer Fingerprint, ticket []byte) (*waiter, error) {
	w := &waiter{bulk: b, peer: peer, conn: make(chan *door.Conn, 1)}
	switch len(ticket) {
	case 0:
		_, _ = rand.Read(w.ticket[:])
	case ticketSize:
		copy(w.ticket[:], ticket)
	default:
		return nil, fault.New(fault.Invalid, "a ticket has %d bytes", len(ticket))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiters[w.ticket] != nil {
		return nil, fault.New(fault.Invalid, "a ticket was given twice")
	}
	b.waiters[w.ticket] = w
	return w, nil
}

// wait returns the connection.
func (w *waiter) wait(ctx context.Context) (*door.Conn, error) {
	select {
	case c := <-w.conn:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cancel stops waiting, and closes a connection that nobody took.
func (w *waiter) cancel() {
	w.bulk.mu.Lock()
	if w.bulk.waiters[w.ticket] == w {
		delete(w.bulk.waiters, w.ticket)
	}
	w.bulk.mu.Unlock()
	select {
	case c := <-w.conn:
		_ = c.Close()
	default:
	}
}

// dialBulk connects and shows the ticket.
func dialBulk(ctx context.Context, addr string, cert tls.Certificate, peer Fingerprint, ticket []byte) (*door.Conn, error) {
	c, err := door.Dial(ctx, addr, BulkProtocol, cert, peer)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(ticket); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// hostOf is the host of an address without its port; "" when there is none.
func hostOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return ""
	}
	return host
}

// bulkAddr is where the port of a peer is that a session reached.
func bulkAddr(a net.Addr, port int) (string, bool) {
	host := hostOf(a)
	if host == "" || port <= 0 || port > 65535 {
		return "", false
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), true
}

// bulkConn is what chunks go through: a connection of a Bulk or a stream of the
// session.
type bulkConn interface {
	io.ReadWriteCloser
	Flush() error
}

// streamConn makes a stream of the session a bulkConn. What a QUIC stream is
// given is sent without delay.
type streamConn struct{ io.ReadWriteCloser }

func (streamConn) Flush() error { return nil }
