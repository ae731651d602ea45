package mailbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"math"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	"github.com/kith-web/kith/internal/seal"
)

// watched is a store that remembers what it was given.
type watched struct {
	queue.Store
	mu   sync.Mutex
	puts []queue.Put
}

func (w *watched) Put(ctx context.Context, puts []queue.Put) ([]queue.Taken, error) {
	w.mu.Lock()
	for _, p := range puts {
		p.Body = bytes.Clone(p.Body)
		w.puts = append(w.puts, p)
	}
	w.mu.Unlock()
	return w.Store.Put(ctx, puts)
}

func (w *watched) last() queue.Put {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.puts[len(w.puts)-1]
}

// weighed counts what a client writes.
type weighed struct {
	net.Conn
	n *atomic.Int64
}

func (c weighed) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b))) // before an answer can come
	return c.Conn.Write(b)
}

// perKind is how many messages of each kind are compared.
const perKind = 150

// TestMessagesOfOneBucketAreAlike (spec §7): what a relay sees and stores of a
// short answer and of a long text in one bucket is equally long everywhere, and
// neither can be told from random octets or from the other, but for the eight
// octets that name a sender's context.
func TestMessagesOfOneBucketAreAlike(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	store, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: 1})
	must(t, err)
	w := &watched{Store: store}
	o.Store = w
	r := run(t, dir, "127.0.0.1:0", o)
	var written atomic.Int64
	s, err := client.Dial(within(t), r.url, client.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return weighed{conn, &written}, err
	}})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	context, reader := sealing(t), r.dial(t)
	q := newQueue(t, s)
	must(t, s.ProveSender(within(t), q.sender))
	var octets [2][]byte
	var wire [2]map[int64]bool
	for kind, text := range []string{"yes", strings.Repeat("a long and very regular text ", 40)} {
		wire[kind] = map[int64]bool{}
		for i := range perKind {
			envelope := context(uint64(i), text)
			before := written.Load()
			must(t, s.Put(within(t), q.sender, messageID(), 0, envelope))
			wire[kind][written.Load()-before] = true
			p := w.last()
			if !bytes.Equal(p.Body, envelope) || len(p.Body) != 1536 || time.Until(p.Expires) > 7*24*time.Hour+time.Hour || p.Expires.Unix()%3600 != 0 {
				t.Fatalf("%d octets are stored until %v", len(p.Body), p.Expires)
			}
			octets[kind] = append(octets[kind], p.Body[8:]...)
			if i%50 == 49 { // before the queue is full
				empty(t, reader, q, 50)
			}
		}
		if len(wire[kind]) != 1 {
			t.Errorf("messages of one bucket took %v octets on the wire", wire[kind])
		}
		if x := againstUniform(octets[kind]); x > bound {
			t.Errorf("kind %d: the octets are not random (chi-square %.0f, at most %.0f)", kind, x, bound)
		}
		if n := mostAtOnePlace(octets[kind], 1528); n > 12 {
			t.Errorf("kind %d: one octet stands %d times in %d at one place", kind, n, perKind)
		}
	}
	for n := range wire[0] {
		if !wire[1][n] {
			t.Errorf("one kind takes %v octets on the wire, the other %v", wire[0], wire[1])
		}
	}
	if x := againstEachOther(octets[0], octets[1]); x > bound {
		t.Errorf("the two kinds differ (chi-square %.0f, at most %.0f)", x, bound)
	}
}

// bound is where chi-square with 255 degrees of freedom is hardly ever: once in
// more than a hundred million tries.
const bound = 255 + 6.5*22.6

func againstUniform(b []byte) (x float64) {
	n := histogram(b)
	want := float64(len(b)) / 256
	for _, c := range n {
		x += math.Pow(c-want, 2) / want
	}
	return x
}

func againstEachOther(a, b []byte) (x float64) {
	m, n := histogram(a), histogram(b)
	for i := range m {
		x += math.Pow(m[i]-n[i], 2) / (m[i] + n[i])
	}
	return x
}

func histogram(b []byte) (n [256]float64) {
	for _, c := range b {
		n[c]++
	}
	return n
}

// mostAtOnePlace is how often the most frequent octet of any place stands there.
func mostAtOnePlace(b []byte, length int) (most int) {
	for place := range length {
		var n [256]int
		for i := place; i < len(b); i += length {
			n[b[i]]++
			most = max(most, n[b[i]])
		}
	}
	return most
}

// sealing returns what seals messages to somebody (spec/private-sharing.md).
func sealing(t *testing.T) func(number uint64, text string) []byte {
	t.Helper()
	_, public, err := seal.NewEpoch(rand.Reader, time.Now())
	must(t, err)
	root := make([]byte, 32)
	rand.Read(root)
	c, err := seal.NewSendContext(seal.Relation{
		ID: seal.RelationOf(root), Kind: seal.Friend, Side: 1, Root: root, PeerEpoch: seal.PeerEpoch{Public: public},
	})
	must(t, err)
	return func(number uint64, text string) []byte {
		content, err := seal.Marshal(text)
		must(t, err)
		id, err := seal.NewID(rand.Reader)
		must(t, err)
		envelope, err := c.Seal(rand.Reader, seal.Message{Kind: 1, ID: id, Number: number, Sent: time.Now().UnixMilli(), Body: content}, false)
		must(t, err)
		return envelope
	}
}

// empty takes the n messages that wait in a queue.
func empty(t *testing.T, s *client.Session, q pair, n int) {
	t.Helper()
	ch := collect(t, s, q, 100)
	for range n {
		must(t, next(t, ch).Ack(within(t)))
	}
	must(t, s.Unsubscribe(within(t), q.rid))
}
