package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/mailbox"
	mail "github.com/kith-web/kith/internal/mailbox/client"
)

// Who takes part in the benchmark of mailboxes: enough queues that none fills,
// enough sessions that no connection is what is measured.
const (
	mailQueues   = 2000
	mailSessions = 8
	mailInFlight = 128
	mailSettle   = 2 * time.Second
	mailSpan     = 8 * time.Second
)

// mailbox measures messages through mailboxes: put durably, delivered,
// acknowledged durably.
func (b *bench) mailbox(t *testing.T) []race {
	var races []race
	for _, size := range []struct {
		octets, goal int
	}{{16384, 5000}, {4096, 8000}} {
		full := map[string][]mailResult{}
		var mu sync.Mutex
		run := func(name, engine string, rate float64, pick func(mailResult) float64) func(*testing.T) float64 {
			return func(t *testing.T) float64 {
				// One run gives the rate and its delay; they are two races.
				key := fmt.Sprint(name, rate)
				mu.Lock()
				defer mu.Unlock()
				if list := full[key]; len(list) > 0 && rate == 0 {
					full[key] = list[1:]
					return pick(list[0])
				}
				m := b.mailLoad(t, engine, size.octets, rate)
				if rate == 0 {
					full[key] = append(full[key], m)
				}
				return pick(m)
			}
		}
		perSecond := func(m mailResult) float64 { return m.rate }
		delay := func(m mailResult) float64 { return m.p99.Seconds() * 1000 }
		what := fmt.Sprintf("%d KiB", size.octets/kib)
		by := func(rate float64, pick func(mailResult) float64) []contestant {
			list := []contestant{{name: "Kith, SQLite", run: run("sqlite", "", rate, pick)}}
			if url := os.Getenv(envPostgres); url != "" {
				list = append(list, contestant{name: "the same relay on PostgreSQL", run: run("postgres", url, rate, pick)})
			} else {
				list = append(list, contestant{name: "the same relay on PostgreSQL", missing: "set " + envPostgres + " to the URL of an empty database"})
			}
			return list
		}
		races = append(races,
			race{
				title: "Mailboxes, messages of " + what, unit: "messages a second, put, delivered and acknowledged durably", more: true,
				goal: figure.Reach(fmt.Sprintf("at least %d", size.goal), float64(size.goal)),
				by:   by(0, perSecond),
			},
			race{
				title: "Mailboxes, from sender to receiver at full load, " + what, unit: "ms, 99th of 100",
				goal: figure.Reach("at most 50 ms", 50), by: by(0, delay),
			},
			race{
				title: "Mailboxes, from sender to receiver at a tenth of it, " + what, unit: "ms, 99th of 100",
				goal: figure.Reach("at most 10 ms", 10), by: by(float64(size.goal)/10, delay),
			})
	}
	return append(races, race{
		title: "Mailboxes, memory of a session that waits", unit: "KiB of the relay's, without TLS",
		goal: figure.Reach("at most 25 KiB", 25),
		by:   []contestant{{name: "Kith", run: b.mailMemory}},
	})
}

// envPostgres names an empty database for the engine on PostgreSQL.
const envPostgres = "KITH_POSTGRES"

// mailResult is what one run measured.
type mailResult struct {
	rate     float64
	p50, p99 time.Duration
}

// mailRelay starts a relay without limits that are for strangers.
func (b *bench) mailRelay(t *testing.T, engine string) server {
	home, addr := t.TempDir(), harness.Loopback(harness.FreePort(t))
	config := "[relay]\nudp = \"off\"\nconnections = 100000\nrate = 1000000\n[relay.mailbox]\nput_rate = 1000000000\ncreate_rate = 1000000000\n" +
		"create_burst = 1000000\nsessions = 100000\ndisk = 100\n"
	if engine != "" {
		config += fmt.Sprintf("engine = %q\n", engine)
	}
	must(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600))
	return started(t, harness.Program{Path: b.binary, Args: []string{"relay", "--home", home, "--listen", addr}}, addr)
}

// mailQueue is a queue under load.
type mailQueue struct {
	recipient ed25519.PrivateKey
	sender    mail.Sender
	out, in   *mail.Session
}

// mailLoad puts messages, as many as go or so many a second, and measures.
func (b *bench) mailLoad(t *testing.T, engine string, octets int, rate float64) mailResult {
	t.Helper()
	s := b.mailRelay(t, engine)
	var out, in []*mail.Session
	for range mailSessions {
		for _, list := range []*[]*mail.Session{&out, &in} {
			session, err := mail.Dial(timeout(t, time.Minute), "ws://"+s.addr, mail.Options{Inflight: 2 * mailQueues})
			must(t, err)
			defer func() { must(t, session.Close()) }()
			*list = append(*list, session)
		}
	}
	l := &mailLoad{octets: octets}
	queues := l.queues(t, out, in)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	work := make(chan *mailQueue, mailInFlight)
	for range mailInFlight {
		wg.Go(func() {
			body := make([]byte, octets)
			rand.Read(body)
			for q := range work {
				l.put(t, q, body)
			}
		})
	}
	wg.Go(func() {
		defer close(work)
		feed(stop, queues, work, rate)
	})
	time.Sleep(mailSettle)
	l.from.Store(time.Now().UnixNano())
	before := l.acked.Load()
	begin := time.Now()
	time.Sleep(mailSpan)
	done, took := l.acked.Load()-before, time.Since(begin)
	l.from.Store(0)
	close(stop)
	wg.Wait()
	m := mailResult{rate: float64(done) / took.Seconds()}
	m.p50, m.p99 = l.quantiles()
	if u, err := harness.UsageOf(s.process.PID()); err == nil {
		t.Logf("%d octets, %.0f a second wanted: %.0f a second, p50 %v, p99 %v; the relay: %v of processor time, %d MiB",
			octets, rate, m.rate, m.p50, m.p99, u.CPU, u.RSS/mib)
	}
	return m
}

// feed hands out queues in turn, as fast as they are taken or at a rate.
func feed(stop chan struct{}, queues []*mailQueue, work chan<- *mailQueue, rate float64) {
	begin := time.Now()
	for i := 0; ; i++ {
		if rate > 0 {
			if wait := time.Duration(float64(i)/rate*float64(time.Second)) - time.Since(begin); wait > 0 {
				time.Sleep(wait)
			}
		}
		select {
		case <-stop:
			return
		case work <- queues[i%len(queues)]:
		}
	}
}

// mailLoad is what senders and receivers share.
type mailLoad struct {
	octets int
	from   atomic.Int64 // when measuring began, 0 when it is not going on
	acked  atomic.Int64

	mu     sync.Mutex
	delays []time.Duration
}

// queues makes them and listens to them.
func (l *mailLoad) queues(t *testing.T, out, in []*mail.Session) []*mailQueue {
	t.Helper()
	var wg sync.WaitGroup
	list := make([]*mailQueue, mailQueues)
	for i := range list {
		_, recipient, err := ed25519.GenerateKey(nil)
		must(t, err)
		_, sender, err := ed25519.GenerateKey(nil)
		must(t, err)
		q := &mailQueue{recipient, mail.FirstSender(sender), out[i%len(out)], in[i%len(in)]}
		list[i] = q
		wg.Go(func() {
			ctx := timeout(t, 2*time.Minute)
			err := q.in.NewQueue(ctx, recipient, mailbox.PublicKey(sender), 1)
			if err == nil {
				err = q.in.Subscribe(ctx, recipient, 32, func(d mail.Delivery) { l.take(t, d) })
			}
			if err == nil {
				err = q.out.ProveSender(ctx, q.sender)
			}
			if err != nil {
				t.Errorf("queue: %v", err)
			}
		})
	}
	wg.Wait()
	return list
}

// put sends one message, which says when.
func (l *mailLoad) put(t *testing.T, q *mailQueue, body []byte) {
	var id mailbox.MessageID
	rand.Read(id[:])
	binary.BigEndian.PutUint64(body, uint64(time.Now().UnixNano()))
	ctx, stop := withTime(time.Minute)
	defer stop()
	if err := q.out.Put(ctx, q.sender, id, 0, body); err != nil {
		t.Errorf("put: %v", err)
	}
}

// take notes how long a message took, and acknowledges it beside others.
func (l *mailLoad) take(t *testing.T, d mail.Delivery) {
	sent := int64(binary.BigEndian.Uint64(d.Body))
	if from := l.from.Load(); from != 0 && sent > from {
		l.mu.Lock()
		l.delays = append(l.delays, time.Duration(time.Now().UnixNano()-sent))
		l.mu.Unlock()
	}
	go func() {
		ctx, stop := withTime(time.Minute)
		defer stop()
		if err := d.Ack(ctx); err == nil {
			l.acked.Add(1)
		}
	}()
}

func (l *mailLoad) quantiles() (p50, p99 time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.delays) == 0 {
		return 0, 0
	}
	slices.Sort(l.delays)
	return l.delays[len(l.delays)/2], l.delays[len(l.delays)*99/100]
}
