package resolve_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/resolve"
)

const (
	cid1  = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34"
	cid2  = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
	hash1 = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
	hash2 = "d8dd32ac93357c368556af3ac1d95c9d76bd0dff6fa9833ecdac3d53134efabb"
)

func parse(t *testing.T, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newResolver(t *testing.T, o resolve.Options) *resolve.Resolver {
	t.Helper()
	r, err := resolve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func targets(res resolve.Resolution) []string {
	var out []string
	for _, c := range res.Candidates {
		out = append(out, c.String())
	}
	return out
}

// TestTransports asks the same zone in every way there is.
func TestTransports(t *testing.T) {
	z := newZone(t)
	host, port, _ := strings.Cut(z.Addr, ":")
	z.set("_dnslink.example.com", txt("300", "dnslink=/ipfs/"+cid1))
	z.set("example.com", txt("200", `wtpkey=`+hash1))
	z.set("_dnslink.long.example.com", append(slices.Repeat([]string{txt("300", strings.Repeat("x", 250))}, 40),
		txt("300", "dnslink=/ipfs/"+cid1+"/"+strings.Repeat("long/", 200)))...)
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver "+host+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]resolve.Options{
		"server": {Server: z.Addr},
		"doh":    {DoH: z.DoH},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResolver(t, o)
			before := time.Now()
			res, err := r.Resolve(t.Context(), parse(t, "example.com"))
			if err != nil || !slices.Equal(targets(res), []string{"ipfs://" + cid1, "wtp://" + hash1}) {
				t.Fatalf("%v, %v", targets(res), err)
			}
			if ttl := res.Expires.Sub(before); ttl < 195*time.Second || ttl > 205*time.Second || res.Stale {
				t.Errorf("TTL %s, stale %v; want the shorter of both, 200 s", ttl, res.Stale)
			}
			res, err = r.Resolve(t.Context(), parse(t, "wtp://example.com"))
			if err != nil || !slices.Equal(targets(res), []string{"wtp://" + hash1, "ipfs://" + cid1}) {
				t.Errorf("preferring BitTorrent: %v, %v", targets(res), err)
			}
			res, err = r.Resolve(t.Context(), parse(t, "long.example.com"))
			if err != nil || len(res.Candidates) != 1 || !strings.HasSuffix(res.Candidates[0].Path, "/long/long") {
				t.Errorf("an answer too long for a datagram: %.200v, %v", targets(res), err)
			}
		})
	}
	t.Run("system", func(t *testing.T) {
		if port != "53" { // resolv.conf has no ports, so all this shows is that the file is read
			r := newResolver(t, resolve.Options{System: true, ResolvConf: conf, Deadline: 200 * time.Millisecond})
			if _, err := r.Resolve(t.Context(), parse(t, "example.com")); fault.KindOf(err) != fault.Unreachable {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestRecords(t *testing.T) {
	const key = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"
	for name, c := range map[string]struct {
		zone map[string][]string
		want []string
		kind fault.Kind
	}{
		"dnslink at the name itself":          {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/"+cid1)}}, want: []string{"ipfs://" + cid1}},
		"_dnslink comes first":                {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/"+cid1)}, "_dnslink.e.com": {txt("9", "dnslink=/ipfs/"+cid2)}}, want: []string{"ipfs://" + cid2}},
		"the first of several":                {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/"+cid1), txt("9", "dnslink=/ipfs/"+cid2), txt("9", "v=spf1")}}, want: []string{"ipfs://" + cid2}},
		"a folder":                            {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/"+cid1+"/a/b/")}}, want: []string{"ipfs://" + cid1 + "/a/b"}},
		"a name that points at a name":        {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipns/f.com/x")}, "_dnslink.f.com": {txt("9", "dnslink=/ipfs/"+cid1+"/y")}}, want: []string{"ipfs://" + cid1 + "/y/x"}},
		"an alias":                            {zone: map[string][]string{"_dnslink.e.com": {"9 CNAME x.com."}, "x.com": {"9 CNAME y.com."}, "y.com": {txt("9", "dnslink=/ipfs/"+cid1)}}, want: []string{"ipfs://" + cid1}},
		"rubbish beside it":                   {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/zzz"), txt("9", "dnslink=x"), txt("9", "dnslink=/ipfs/"+cid1)}}, want: []string{"ipfs://" + cid1}},
		"wtpkey with quotes and capitals":     {zone: map[string][]string{"e.com": {txt("9", `\"WTPKey=`+strings.ToUpper(hash1)+`\"`)}}, want: []string{"wtp://" + hash1}},
		"wtpkey with quotes inside":           {zone: map[string][]string{"e.com": {txt("9", `wtpkey=\"`+hash1+`\"`)}}, want: []string{"wtp://" + hash1}},
		"wtpkey at www":                       {zone: map[string][]string{"www.e.com": {txt("9", "wtpkey="+hash1)}}, want: []string{"wtp://" + hash1}},
		"wtpkey version 2":                    {zone: map[string][]string{"e.com": {txt("9", "wtpkey="+hash2)}}, want: []string{"wtp://" + hash2}},
		"nothing":                             {kind: fault.NotFound},
		"nothing useful":                      {zone: map[string][]string{"e.com": {txt("9", "v=spf1 -all"), "9 A 127.0.0.1"}}, kind: fault.NotFound},
		"only rubbish":                        {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipfs/zzz")}}, kind: fault.Corrupt},
		"a loop":                              {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipns/f.com")}, "f.com": {txt("9", "dnslink=/ipns/e.com")}}, kind: fault.Corrupt},
		"itself":                              {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipns/e.com")}}, kind: fault.Corrupt},
		"a key of an engine that is off":      {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipns/"+key)}}, kind: fault.Unsupported},
		"a loop, and a torrent that is there": {zone: map[string][]string{"e.com": {txt("9", "dnslink=/ipns/e.com"), txt("9", "wtpkey="+hash1)}}, want: []string{"wtp://" + hash1}},
		"an alias of itself":                  {zone: map[string][]string{"e.com": {"9 CNAME e.com."}}, kind: fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			z := newZone(t)
			for n, records := range c.zone {
				z.set(n, records...)
			}
			r := newResolver(t, resolve.Options{Server: z.Addr})
			res, err := r.Resolve(t.Context(), parse(t, "e.com"))
			if fault.KindOf(err) != c.kind || !slices.Equal(targets(res), c.want) {
				t.Errorf("%v, %v; want %v, %q", targets(res), err, c.want, c.kind)
			}
			if strings.HasPrefix(name, "a loop") && err != nil && !strings.Contains(err.Error(), "back to itself: e.com -> f.com -> e.com") {
				t.Errorf("the loop is not named: %v", err)
			}
			if err != nil && fault.Hint(err) == "" {
				t.Errorf("no hint: %v", err)
			}
		})
	}
}

func TestALongChainEnds(t *testing.T) {
	z := newZone(t)
	for i := range 20 {
		z.set("_dnslink."+string(rune('a'+i))+".com", txt("9", "dnslink=/ipns/"+string(rune('a'+i+1))+".com"))
	}
	r := newResolver(t, resolve.Options{Server: z.Addr})
	_, err := r.Resolve(t.Context(), parse(t, "a.com"))
	if fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "a.com -> b.com") {
		t.Errorf("%v", err)
	}
}

// TestRubbishAnswers: whatever a server says, the look-up ends in time with an
// error, and says nothing that was not asked.
func TestRubbishAnswers(t *testing.T) {
	linkTo := func(name string) dns.RR {
		rr, err := dns.NewRR(name + " " + txt("9", "dnslink=/ipfs/"+cid1))
		if err != nil {
			t.Fatal(err)
		}
		return rr
	}
	for name, answer := range map[string]func(q *dns.Msg) *dns.Msg{
		"another id": func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			m.Id++
			m.Answer = []dns.RR{linkTo(q.Question[0].Name)}
			return m
		},
		"another question": func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			m.Question[0].Name = "evil.com."
			m.Answer = []dns.RR{linkTo(q.Question[0].Name)}
			return m
		},
		"no question": func(q *dns.Msg) *dns.Msg { m := new(dns.Msg).SetReply(q); m.Question = nil; return m },
		"records of others": func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			m.Answer = []dns.RR{linkTo("evil.com.")}
			return m
		},
		"server failure": func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure) },
		"refused":        func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(q, dns.RcodeRefused) },
		"a query":        func(q *dns.Msg) *dns.Msg { return q },
		"aliases without end": func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			rr, _ := dns.NewRR(q.Question[0].Name + " 9 CNAME x." + strings.TrimPrefix(q.Question[0].Name, "_dnslink."))
			m.Answer = []dns.RR{rr}
			return m
		},
		"many records": func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			for range 2000 {
				m.Answer = append(m.Answer, linkTo("evil.com."))
			}
			return m
		},
		"silence": func(*dns.Msg) *dns.Msg { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := newZone(t)
			z.setAnswer(answer)
			for _, o := range []resolve.Options{{Server: z.Addr}, {DoH: z.DoH}} {
				o.Deadline = 300 * time.Millisecond
				r := newResolver(t, o)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				res, err := r.Resolve(ctx, parse(t, "e.com"))
				if err == nil || ctx.Err() != nil {
					t.Errorf("%v, %v", targets(res), err)
				}
				cancel()
			}
		})
	}
}

func TestImmutableAddressesResolveToThemselves(t *testing.T) {
	r := newResolver(t, resolve.Options{})
	a := parse(t, "magnet:?xt=urn:btih:"+hash1+"&x.pe=127.0.0.1:1")
	res, err := r.Resolve(t.Context(), a)
	if err != nil || len(res.Candidates) != 1 || res.Candidates[0].Key() != a.Key() || len(res.Candidates[0].Hints.Peers) != 1 || !res.Expires.IsZero() {
		t.Errorf("%+v, %v", res, err)
	}
	for in, want := range map[string]fault.Kind{
		"x.torrent": fault.Invalid, "nearby:7abc": fault.Invalid, "example.com": fault.Unsupported, "wtp://k" + strings.Repeat("0", 49) + "1": fault.Unsupported,
	} {
		if _, err := r.Resolve(t.Context(), parse(t, in)); fault.KindOf(err) != want || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s and a hint", in, err, want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []resolve.Options{{DoH: "example.com"}, {DoH: "ftp://x/"}, {Server: "1.1.1.1"}, {Server: "x:"}} {
		if _, err := resolve.New(o); fault.KindOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
