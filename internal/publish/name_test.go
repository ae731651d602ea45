package publish_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/store"
)

func TestPublishingAgainMovesTheName(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "1"})
	first := b.publish(t, publish.Request{Name: "My-Site.example."})
	if first.Mutable != "my-site.example" || first.IPNS == "" || first.WTPKey == "" || len(first.URLs) != 4 {
		t.Fatalf("%+v", first)
	}
	b.write(t, map[string]string{"a": "22"})
	second := b.publish(t, publish.Request{})
	if second.IPNS != first.IPNS || second.WTPKey != first.WTPKey || second.IPFS == first.IPFS {
		t.Fatalf("%+v", second)
	}
	for name, target := range map[string]string{second.IPNS: second.IPFS, second.WTPKey: second.WTP} {
		e := b.keeper.engine(parse(t, name)).(engine.Namer)
		if got, _, err := e.ResolveName(t.Context(), parse(t, name)); err != nil || got.String() != target {
			t.Errorf("%s leads to %s, %v; want %s", name, got, err, target)
		}
	}
	want := []publish.Record{
		{Name: "_dnslink.my-site.example", Type: "TXT", Value: "dnslink=/ipns/" + first.IPNS[len("ipns://"):]},
		{Name: "my-site.example", Type: "TXT", Value: "wtpkey=" + first.WTPKey[len("wtp://"):]},
	}
	if len(second.DNS) != 2 || second.DNS[0] != want[0] || second.DNS[1] != want[1] {
		t.Errorf("dns %v, want %v", second.DNS, want)
	}
}

func TestWithoutANameTheRecordsLeadToThisVersion(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "1"})
	pub := b.publish(t, publish.Request{})
	if pub.DNS[0].Name != "_dnslink.example.org" || pub.DNS[0].Value != "dnslink=/ipfs/"+pub.IPFS[len("ipfs://"):] ||
		pub.DNS[1].Name != "example.org" || pub.DNS[1].Value != "wtpkey="+pub.WTP[len("wtp://"):] {
		t.Errorf("%v", pub.DNS)
	}
}

func TestANameBelongsToTheFolderItWasLastGiven(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"one/a": "1", "two/a": "2"})
	one := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "one"), Name: "blog"})
	two := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "two"), Name: " blog "})
	if one.IPNS != two.IPNS {
		t.Fatalf("%s is not %s", two.IPNS, one.IPNS)
	}
	again := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "one")})
	if again.Mutable != "" || again.IPNS != "" {
		t.Errorf("the first folder took the name back: %+v", again)
	}
	got, _, err := b.ipfs.ResolveName(t.Context(), parse(t, two.IPNS))
	if err != nil || got.String() != two.IPFS {
		t.Errorf("the name leads to %s, %v", got, err)
	}
}

func TestBadNames(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "1"})
	for _, name := range []string{"a\nb", "\xff", string(make([]byte, 300))} {
		if _, err := b.Publish(t.Context(), publish.Request{Folder: b.folder, Name: name}, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNamesAndPublicationsSurviveARestart(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "1"})
	home := t.TempDir()
	open := func() (*publish.Publisher, func()) {
		s, err := store.Open(home)
		must(t, err)
		publications, err := s.Bucket("publications")
		must(t, err)
		names, err := s.Bucket("names")
		must(t, err)
		p, err := publish.New(publish.Options{
			Engines: []engine.Publisher{b.ipfs}, Publications: publications, Names: names, Gateway: "localhost:1",
		})
		must(t, err)
		return p, func() { must(t, s.Close()) }
	}
	p, done := open()
	first, err := p.Publish(t.Context(), publish.Request{Folder: b.folder, Name: "n"}, nil)
	must(t, err)
	done()
	p, done = open()
	defer done()
	list, err := p.Publications()
	must(t, err)
	if len(list) != 1 || list[0].IPNS != first.IPNS || list[0].URLs[0] != first.URLs[0] {
		t.Fatalf("%+v", list)
	}
	second, err := p.Publish(t.Context(), publish.Request{Folder: b.folder}, nil)
	must(t, err)
	if second.IPNS != first.IPNS || second.Reused != 1 {
		t.Errorf("%+v", second)
	}
}

func TestNamesAreRenewedAfterARestart(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "1"})
	pub := b.publish(t, publish.Request{Name: "blog"})
	// Engines that start again hold no keys and, in a network that forgot,
	// nobody knows the names any more.
	network := memory.NewNetwork()
	fresh := setUp(t, func(o *publish.Options) {
		o.Publications, o.Names = b.publications, b.names
		o.Engines = []engine.Publisher{
			newEngine(t, memory.Options{Network: network}),
			newEngine(t, memory.Options{Network: network, As: address.NetworkBitTorrent}),
		}
	})
	other := newEngine(t, memory.Options{Network: network})
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := other.ResolveName(brief, parse(t, pub.IPNS)); err == nil {
		t.Fatal("the name is known before it is renewed")
	}
	must(t, fresh.Renew(t.Context()))
	if got, _, err := other.ResolveName(t.Context(), parse(t, pub.IPNS)); err != nil || got.String() != pub.IPFS {
		t.Errorf("%s leads to %s, %v; want %s", pub.IPNS, got, err, pub.IPFS)
	}
}
