package mailbox

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Part is the mailboxes of a relay. It is a relay.Part.
type Part struct {
	o        Options
	identity ed25519.PrivateKey
	id       mailbox.Key
	hub      *hub
	work     *work
	chunks   *chunks // nil when none are taken
	tickets  *tickets
	keys     *keyring
	forward  *forwarder
	waker    *waker // nil when nobody is woken
	disk     *disk
	count    counters

	// keyGeneration grows when a sender's key is replaced or a queue removed.
	keyGeneration atomic.Int64

	sessions *sessions
	rates    rates
	present  presence
	writers  sync.Pool // of gorilla's write buffers
	buffers  sync.Pool // of *[]byte
}

// rates are what addresses and queues are held to.
type rates struct {
	proofs, strays, creates, puts, tickets, requests *guard.Rate
}

// New makes the mailboxes; Run must follow.
func New(o Options) (*Part, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Part{o: o, work: newWork(o.Store), disk: newDisk(o.Disk, o.MaxDisk)}
	if p.identity, err = o.identity(); err != nil {
		return nil, err
	}
	p.id = mailbox.PublicKey(p.identity)
	p.keys = newKeyring(&p.o)
	if o.Chunks != "" {
		if p.chunks, err = openChunks(o.Chunks, o.ChunkOctets, o.ChunkAge); err != nil {
			return nil, err
		}
	}
	out := outward(o.Private)
	if o.Contact != "" {
		if p.waker, err = newWaker(&o, out); err != nil {
			return nil, err
		}
	}
	if o.Forwards {
		p.forward = newForwarder(&o, out)
	}
	p.tickets = newTickets()
	p.hub = newHub(p)
	p.sessions = newSessions(o)
	p.rates = rates{
		proofs: guard.NewRate(o.Proofs), strays: guard.NewRate(o.Strays), creates: guard.NewRate(o.Creates), puts: guard.NewRate(o.Puts),
		tickets: guard.NewRate(o.Tickets), requests: guard.NewRate(o.Requests),
	}
	p.buffers.New = func() any { return new([]byte) }
	return p, nil
}

// ID is the relay's id.
func (p *Part) ID() mailbox.Key { return p.id }

// Prefix is the path the mailboxes answer under.
func (p *Part) Prefix() string { return "/mailbox/" }

// ServeHTTP opens a session, or answers what is asked by HTTP.
func (p *Part) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // any page may ask: see the package's comment
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE")
		h.Set("Access-Control-Allow-Headers", strings.Join([]string{
			"Content-Type", "Range", mailbox.TicketHeader, mailbox.EraseHeader, mailbox.EraseKeyHeader,
		}, ", "))
		h.Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.URL.Path == mailbox.Path {
		p.serveSession(w, r)
		return
	}
	if !p.rates.requests.Allow(guard.Client(r, p.o.Trusted)) {
		p.count.limited.Add(1)
		later(w, http.StatusTooManyRequests, 10)
		return
	}
	switch {
	case strings.HasPrefix(r.URL.Path, mailbox.ChunkPath) && p.chunks != nil:
		p.serveChunk(w, r)
	case r.URL.Path == mailbox.OHTTPKeysPath && r.Method == http.MethodGet:
		p.serveKeys(w)
	case r.URL.Path == mailbox.OHTTPPath && r.Method == http.MethodPost:
		p.serveOblivious(w, r)
	case r.URL.Path == mailbox.ForwardPath && p.forward != nil:
		p.forward.serve(w, r, &p.count)
	default:
		http.NotFound(w, r)
	}
}

// later refuses for now.
func later(w http.ResponseWriter, status, seconds int) {
	w.Header().Set("Retry-After", itoa(seconds))
	http.Error(w, http.StatusText(status), status)
}

// serveSession opens a WebSocket and hands it to a goroutine of its own, so that
// what net/http holds for a request is freed.
func (p *Part) serveSession(w http.ResponseWriter, r *http.Request) {
	from := guard.Client(r, p.o.Trusted)
	if !from.IsValid() || !p.rates.requests.Allow(from) || !p.sessions.count.Take(from) {
		p.count.limited.Add(1)
		later(w, http.StatusTooManyRequests, 30)
		return
	}
	up := websocket.Upgrader{
		HandshakeTimeout: p.o.Patience, ReadBufferSize: readBuffer, WriteBufferPool: &p.writers,
		Subprotocols: []string{mailbox.Protocol},
		CheckOrigin:  func(*http.Request) bool { return true },
	}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil { // and it is answered
		p.sessions.count.Give(from)
		return
	}
	s := newSession(p, ws, from)
	if !p.sessions.add(s) {
		p.sessions.count.Give(from)
		s.close()
		return
	}
	p.count.sessions.Add(1)
	go s.serve()
}

// Run works until ctx ends, and then ends all sessions and closes the store.
func (p *Part) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	working, stop := context.WithCancel(context.Background())
	wg.Go(func() { p.work.run(working) })
	if p.waker != nil {
		wg.Go(func() { p.waker.run(working) })
	}
	if t, ok := p.o.Store.(queue.Teller); ok && p.o.Shared {
		wg.Go(func() { t.Hear(ctx, p.hub.elsewhere) })
	}
	wg.Go(func() { p.tick(ctx) })
	wg.Go(func() { p.clean(ctx) })
	<-ctx.Done()
	p.sessions.end()
	p.hub.wait()
	stop()
	wg.Wait()
	last, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	p.notePresence(last)
	return errors.Join(p.o.Store.Close(), ctx.Err())
}

// tick ends leases that ran out and looks for signs of life.
func (p *Part) tick(ctx context.Context) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-second.C:
			p.hub.expire(now)
			if p.o.Shared && n%int(poll/time.Second) == 0 {
				p.hub.lookAgain(n%int(p.o.Lease/time.Second+1) < int(poll/time.Second))
			}
			p.sessions.check(now)
		}
	}
}

// clean erases what has outlived its time and notes who was here.
func (p *Part) clean(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		p.notePresence(ctx)
		p.erase(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// erasedAtOnce is how many rows are erased in one step.
const erasedAtOnce = 1000

func (p *Part) erase(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := p.o.Store.Expire(ctx, time.Now(), erasedAtOnce)
		if err != nil && ctx.Err() == nil {
			p.o.Log.Warn("what has outlived its time cannot be erased", "error", err)
		}
		if err != nil || n == 0 {
			break
		}
		p.count.expired.Add(int64(n))
	}
	if p.chunks == nil || ctx.Err() != nil {
		return
	}
	if err := p.chunks.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
		p.o.Log.Warn("chunks cannot be erased", "error", err)
	}
}
