package bittorrent_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// BEP 46 over a DHT of several nodes, only some of which know each other.
func TestNamesCrossTheDHT(t *testing.T) {
	var nodes []*node
	for range 5 {
		o := loopback(t)
		o.DHT = true
		nodes = append(nodes, start(t, o))
	}
	link := func() {
		for i := range nodes[1:] {
			meet(t, nodes[i].Engine, nodes[i+1].Engine)
		}
	}
	link()
	first, last := nodes[0], nodes[len(nodes)-1]
	a, _, _ := publish(t, first, enginetest.Tree(), engine.DraftOptions{})
	key := ed25519.NewKeyFromSeed(enginetest.Bytes(7, ed25519.SeedSize))
	name, err := first.PublishName(within(t, 10*time.Second), key, a)
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 20*time.Second)
	for {
		got, _, err := last.ResolveName(ctx, name)
		if err == nil && got.Key() == a.Key() {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("ResolveName = %v, %v; want %v", got, err, a)
		}
		time.Sleep(100 * time.Millisecond)
		link() // a ping may be lost, and nodes talk to one another once in a minute
	}
}
