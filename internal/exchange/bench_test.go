package exchange_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/seal"
)

// report says how long things took, and saves the figure of 99 of 100, if it is one.
func report(b *testing.B, took []time.Duration, title string, most float64) {
	b.Helper()
	slices.Sort(took)
	var goal *figure.Goal
	if most > 0 {
		goal = figure.Reach(fmt.Sprintf("at most %g ms", most), most)
	}
	p99 := float64(took[len(took)*99/100].Microseconds()) / 1000
	figure.Save(b, figure.Figure{
		Group: "friends", Title: title, Unit: "milliseconds, 99 of 100", Goal: goal,
		Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{p99}}},
		Note:        fmt.Sprintf("%d in all; the median is %.2g ms.", len(took), float64(took[len(took)/2].Microseconds())/1000),
	})
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(p99, "p99-ms")
}

// oneWay measures messages from friend to friend, from Send to Handle.
func oneWay(b *testing.B, from, to *live, id seal.RelationID, title string, most float64) {
	b.Helper()
	var took []time.Duration
	n := 0
	for b.Loop() {
		begin := time.Now()
		fatal(b)(from.peer.Send(changed(id, n)))
		n++
		to.until(n)
		took = append(took, time.Since(begin))
	}
	report(b, took, title, most)
}

func BenchmarkMessageThroughARelay(b *testing.B) {
	r := startRelay(b, b.TempDir(), "127.0.0.1:0", nil)
	b.Cleanup(r.stop)
	one, two, id := livePair(b, r)
	one.start()
	two.start()
	one.get(id, "/warm")
	oneWay(b, one, two, id, "A message from friend to friend by a relay", 100)
}

func BenchmarkMessageDirectly(b *testing.B) {
	r := startRelay(b, b.TempDir(), "127.0.0.1:0", nil)
	b.Cleanup(r.stop)
	config, hash := certificate(b)
	home := startRelay(b, b.TempDir(), "127.0.0.1:0", config)
	b.Cleanup(home.stop)
	one, two, id := livePair(b, r)
	two.own = ownMailbox(home)
	one.start()
	two.start()
	fatal(b)(two.peer.SetPlaces([]seal.Place{{URL: home.url, Certificate: hash}}, time.Now().Add(12*time.Hour)))
	one.get(id, "/warm")
	waitFor(b, func() bool { st, err := one.peer.Status(id); return err == nil && st.Direct })
	oneWay(b, one, two, id, "A message to the friend's own mailbox", 20)
}

func BenchmarkRequestThroughARelay(b *testing.B) {
	r := startRelay(b, b.TempDir(), "127.0.0.1:0", nil)
	b.Cleanup(r.stop)
	one, two, id := livePair(b, r)
	two.files["/x"] = make([]byte, 1024)
	one.start()
	two.start()
	one.get(id, "/warm")
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		one.get(id, "/x")
		took = append(took, time.Since(begin))
	}
	report(b, took, "A question to a friend and its answer, by a relay", 0)
}

// BenchmarkChangeForManyFriends measures until 250 queues on a relay have a message.
func BenchmarkChangeForManyFriends(b *testing.B) {
	r := startRelay(b, b.TempDir(), "127.0.0.1:0", nil)
	b.Cleanup(r.stop)
	w := newWorld(b, 1, network{})
	w.now = time.Now()
	me := w.person("me")
	var friends []seal.RelationID
	for range 250 {
		f := w.person("friend")
		id := w.befriend(me, f, 1)
		me.relations[id].In[0].Relay, me.relations[id].Out[0].Relay = r.url, r.url
		me.relations[id].Out[0].Recipient = f.relations[id].In[0].Recipient
		friends = append(friends, id)
	}
	l := newLive(b, w.device(me, "me"))
	l.start()
	fx := seal.Effects{}
	for _, id := range friends {
		fx.Create = append(fx.Create, seal.NewQueue{Mailbox: me.relations[id].Out[0]})
	}
	fatal(b)(l.peer.Apply(fx))
	arrived := func() bool {
		for _, id := range friends {
			if st, err := l.peer.Status(id); err != nil || st.Waiting != 0 {
				return false
			}
		}
		return true
	}
	n := 0
	tell := func() time.Duration {
		var out []seal.Outgoing
		for _, id := range friends {
			out = append(out, changed(id, n))
			n++
		}
		begin := time.Now()
		fatal(b)(l.peer.Send(out...))
		waitFor(b, arrived)
		return time.Since(begin)
	}
	tell() // queues and contexts are made
	var took []time.Duration
	for b.Loop() {
		took = append(took, tell())
	}
	report(b, took, "A change reaches the queues of 250 friends", 2000)
}
