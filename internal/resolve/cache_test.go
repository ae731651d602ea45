package resolve_test

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/store"
)

const ipnsKey = "ipns://k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"

// names is a network of mutable names that a test tells what to say.
type names struct {
	mu      sync.Mutex
	network address.Network
	target  address.Address
	ttl     time.Duration
	delay   time.Duration
	err     error
	asked   int
}

func (n *names) Network() address.Network { return n.network }

func (n *names) ResolveName(ctx context.Context, _ address.Address) (address.Address, time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	delay := n.delay
	n.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
	n.mu.Lock()
	if ctx.Err() != nil {
		return address.Address{}, 0, context.Cause(ctx)
	}
	return n.target, n.ttl, n.err
}

func (n *names) say(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func (n *names) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

// bucket is a Bucket that a synctest bubble may use, unlike a database.
type bucket struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (b *bucket) Put(key string, value []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data[key] = value
	return nil
}

func (b *bucket) Delete(key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.data, key)
	return nil
}

func (b *bucket) Each(prefix string, f func(string, []byte) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(b.data)) {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		if err := f(k, b.data[k]); err != nil {
			return err
		}
	}
	return nil
}

// want resolves the key and compares.
func want(t *testing.T, r *resolve.Resolver, target string, stale bool) resolve.Resolution {
	t.Helper()
	res, err := r.Resolve(t.Context(), parse(t, ipnsKey))
	if err != nil || len(res.Candidates) != 1 || res.Candidates[0].String() != target || res.Stale != stale {
		t.Fatalf("%v, stale %v, %v; want %s, stale %v", targets(res), res.Stale, err, target, stale)
	}
	return res
}

func TestAnswersAreKeptForTheirTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, target: parse(t, cid1), ttl: 10 * time.Minute}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}})
		start := time.Now()
		if res := want(t, r, "ipfs://"+cid1, false); res.Expires.Sub(start) != 10*time.Minute {
			t.Errorf("expires after %s", res.Expires.Sub(start))
		}
		n.say(func() { n.target = parse(t, cid2) })
		time.Sleep(10*time.Minute - 1)
		want(t, r, "ipfs://"+cid1, false)
		time.Sleep(time.Nanosecond)
		want(t, r, "ipfs://"+cid2, false)
		if n.count() != 2 {
			t.Errorf("asked %d times", n.count())
		}
	})
}

func TestTTLsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, target: parse(t, cid1)}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}, MinTTL: time.Minute, MaxTTL: time.Hour})
		for ttl, bounded := range map[time.Duration]time.Duration{
			0: time.Minute, time.Second: time.Minute, 1000 * time.Hour: time.Hour, -1: time.Minute,
		} {
			n.say(func() { n.ttl = ttl })
			r.Forget(parse(t, ipnsKey))
			start := time.Now()
			if res := want(t, r, "ipfs://"+cid1, false); res.Expires.Sub(start) != bounded {
				t.Errorf("a TTL of %s becomes %s, want %s", ttl, res.Expires.Sub(start), bounded)
			}
		}
	})
}

// TestAShortTTLIsHonoured: whoever runs a name says how soon it may move.
func TestAShortTTLIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, target: parse(t, cid1), ttl: 3 * time.Second}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}})
		want(t, r, "ipfs://"+cid1, false)
		n.say(func() { n.target = parse(t, cid2) })
		time.Sleep(3*time.Second - 1)
		want(t, r, "ipfs://"+cid1, false)
		time.Sleep(time.Nanosecond)
		want(t, r, "ipfs://"+cid2, false)
	})
}

func TestStaleAnswersAreServedWhileTheyRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, target: parse(t, cid1), ttl: time.Minute, delay: 10 * time.Second}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}, Deadline: 2 * time.Second})
		start := time.Now()
		want(t, r, "ipfs://"+cid1, false)
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("without an older answer it took %s", d)
		}
		time.Sleep(time.Minute)
		n.say(func() { n.target = parse(t, cid2) })
		start = time.Now()
		want(t, r, "ipfs://"+cid1, true)
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("the first waited %s, want the deadline", d)
		}
		want(t, r, "ipfs://"+cid1, true)
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("the second waited too, until %s", d)
		}
		time.Sleep(8 * time.Second)
		synctest.Wait()
		want(t, r, "ipfs://"+cid2, false)
		if n.count() != 2 {
			t.Errorf("asked %d times", n.count())
		}
	})
}

func TestFailuresAreRememberedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, err: fault.New(fault.Unreachable, "nobody")}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}})
		for range 3 {
			if _, err := r.Resolve(t.Context(), parse(t, ipnsKey)); fault.KindOf(err) != fault.Unreachable {
				t.Fatal(err)
			}
		}
		if n.count() != 1 {
			t.Errorf("asked %d times within a minute", n.count())
		}
		time.Sleep(time.Minute)
		n.say(func() { n.err, n.target, n.ttl = nil, parse(t, cid1), time.Minute })
		want(t, r, "ipfs://"+cid1, false)

		// The last good answer outlives a failure, but not the name's own end.
		time.Sleep(time.Minute)
		n.say(func() { n.err = fault.New(fault.Unreachable, "nobody") })
		want(t, r, "ipfs://"+cid1, true)
		if res := want(t, r, "ipfs://"+cid1, true); time.Until(res.Expires) != time.Minute {
			t.Errorf("to be asked again in %s", time.Until(res.Expires))
		}
		if n.count() != 3 {
			t.Errorf("asked %d times", n.count())
		}
		time.Sleep(time.Minute)
		n.say(func() { n.err = fault.New(fault.NotFound, "gone") })
		if _, err := r.Resolve(t.Context(), parse(t, ipnsKey)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a name that is gone: %v", err)
		}
	})
}

func TestLookUpsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, target: parse(t, cid1), ttl: time.Minute, delay: 5 * time.Second}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}})
		var waiting sync.WaitGroup
		for range 50 {
			waiting.Go(func() { want(t, r, "ipfs://"+cid1, false) })
		}
		// One who leaves neither gets an answer nor takes it from the others.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Resolve(ctx, parse(t, ipnsKey)); fault.KindOf(err) != fault.Unreachable {
			t.Errorf("%v", err)
		}
		waiting.Wait()
		if n.count() != 1 {
			t.Errorf("asked %d times", n.count())
		}
	})
}

func TestALookUpEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{network: address.NetworkIPFS, delay: time.Hour}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}, Timeout: 30 * time.Second})
		start := time.Now()
		_, err := r.Resolve(t.Context(), parse(t, ipnsKey))
		if fault.KindOf(err) != fault.Unreachable || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		go func() { _, _ = r.Resolve(t.Context(), parse(t, cid2+"")) }()
		time.Sleep(2 * time.Minute)
		go func() { _, _ = r.Resolve(t.Context(), parse(t, ipnsKey)) }()
		synctest.Wait()
		start = time.Now()
		if err := r.Close(); err != nil || time.Since(start) != 0 {
			t.Errorf("Close took %s, %v", time.Since(start), err)
		}
	})
}

func TestTooManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{data: map[string][]byte{}}
		n := &names{network: address.NetworkBitTorrent, target: parse(t, hash1), ttl: time.Hour}
		r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}, Store: b, MaxNames: 16, MaxLookups: 4})
		name := func(i int) address.Address {
			return parse(t, "magnet:?xt=urn:btpk:"+strings.Repeat("ab", 31)+strconv.Itoa(10+i))
		}
		for i := range 40 {
			if _, err := r.Resolve(t.Context(), name(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if _, err := r.Resolve(t.Context(), name(0)); err != nil { // stays the most recently used
				t.Fatal(err)
			}
		}
		if len(b.data) > 16 {
			t.Errorf("%d answers stored", len(b.data))
		}
		if asked := n.count(); asked != 40 {
			t.Errorf("asked %d times for 40 names", asked)
		}
		n.say(func() { n.delay = time.Minute })
		for i := range 4 {
			go func() { _, _ = r.Resolve(t.Context(), name(50+i)) }()
		}
		synctest.Wait()
		if _, err := r.Resolve(t.Context(), name(60)); fault.KindOf(err) != fault.RateLimited {
			t.Errorf("a fifth look-up: %v", err)
		}
	})
}

func TestAnswersSurviveARestart(t *testing.T) {
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := s.Bucket("names")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put("example.com", []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	n := &names{network: address.NetworkIPFS, target: parse(t, cid1+"/folder"), ttl: time.Hour}
	r := newResolver(t, resolve.Options{Namers: []resolve.Namer{n}, Store: b})
	want(t, r, "ipfs://"+cid1+"/folder", false)
	_ = r.Close()

	dead := &names{network: address.NetworkIPFS, err: fault.New(fault.Unreachable, "nobody")}
	again := newResolver(t, resolve.Options{Namers: []resolve.Namer{dead}, Store: b})
	want(t, again, "ipfs://"+cid1+"/folder", false)
	if dead.count() != 0 {
		t.Error("it was asked again")
	}
	again.Forget(parse(t, ipnsKey))
	if _, err := b.Get(parse(t, ipnsKey).Key()); err == nil {
		t.Error("it is still stored")
	} else if fault.KindOf(err) != fault.NotFound {
		t.Error(err, fs.ErrNotExist)
	}
}
