package resolve_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/resolve"
)

// TestASlowNetworkDoesNotHoldUpTheOther: a DNSLink to a key that nobody finds
// leaves the torrent of the same name to be opened.
func TestASlowNetworkDoesNotHoldUpTheOther(t *testing.T) {
	z := newZone(t)
	z.set("example.com", txt("3000", "dnslink="+strings.Replace(ipnsKey, "ipns:/", "/ipns", 1)), txt("3000", "wtpkey="+hash1))
	slow := &names{network: address.NetworkIPFS, delay: time.Hour}
	r := newResolver(t, resolve.Options{Server: z.Addr, Namers: []resolve.Namer{slow}, Deadline: 300 * time.Millisecond})
	start := time.Now()
	res, err := r.Resolve(t.Context(), parse(t, "example.com"))
	if err != nil || !slices.Equal(targets(res), []string{"wtp://" + hash1}) {
		t.Fatalf("%v, %v", targets(res), err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if again := time.Until(res.Expires); again > resolve.DefaultFailureTTL {
		t.Errorf("the other network is asked again only in %s", again)
	}
}

// TestWhatOneNetworkSaidLastStillCounts while it cannot be asked.
func TestWhatOneNetworkSaidLastStillCounts(t *testing.T) {
	z := newZone(t)
	z.set("_dnslink.example.com", txt("1", "dnslink="+strings.Replace(ipnsKey, "ipns:/", "/ipns", 1)))
	z.set("example.com", txt("1", "wtpkey="+hash1))
	n := &names{network: address.NetworkIPFS, target: parse(t, cid1), ttl: time.Second}
	r := newResolver(t, resolve.Options{Server: z.Addr, Namers: []resolve.Namer{n}, MinTTL: time.Nanosecond, MaxTTL: time.Nanosecond})
	both := []string{"ipfs://" + cid1, "wtp://" + hash1}
	if res, err := r.Resolve(t.Context(), parse(t, "example.com")); err != nil || !slices.Equal(targets(res), both) {
		t.Fatalf("%v, %v", targets(res), err)
	}
	n.say(func() { n.err = fault.New(fault.Unreachable, "nobody") })
	if res, err := r.Resolve(t.Context(), parse(t, "example.com")); err != nil || !slices.Equal(targets(res), both) || res.Stale {
		t.Errorf("while it cannot be asked: %v, %v", targets(res), err)
	}
	n.say(func() { n.err = fault.New(fault.NotFound, "no such name") })
	if res, err := r.Resolve(t.Context(), parse(t, "example.com")); err != nil || !slices.Equal(targets(res), both[1:]) {
		t.Errorf("once it says that there is none: %v, %v", targets(res), err)
	}
	if n.count() != 3 {
		t.Errorf("asked %d times", n.count())
	}
}

// TestALostDatagram is asked for again.
func TestALostDatagram(t *testing.T) {
	z := newZone(t)
	seen := map[string]bool{}
	z.setAnswer(func(q *dns.Msg) *dns.Msg {
		if name := q.Question[0].Name; !seen[name] {
			seen[name] = true
			return nil
		}
		m := new(dns.Msg).SetReply(q)
		rr, err := dns.NewRR(q.Question[0].Name + " " + txt("60", "dnslink=/ipfs/"+cid1))
		if err != nil {
			t.Error(err)
		}
		m.Answer = []dns.RR{rr}
		return m
	})
	r := newResolver(t, resolve.Options{Server: z.Addr, Deadline: 2 * time.Second})
	if res, err := r.Resolve(t.Context(), parse(t, "example.com")); err != nil || targets(res)[0] != "ipfs://"+cid1 {
		t.Errorf("%v, %v", targets(res), err)
	}
}
