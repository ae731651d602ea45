package friends

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/store"
)

// envScale runs TestFigures: many friends and documents, for minutes.
const envScale = "KITH_BENCH_FRIENDS"

// The figures are of so many.
const (
	manyFriends   = 250
	manyDocuments = 100_000
	smallDocument = 400 // octets
)

// roomyRelay is the configuration of a relay that takes all people of one computer
// for as many computers.
const roomyRelay = `[relay]
connections = 10000
rate = 100000

[relay.mailbox]
sessions = 10000
create_burst = 100000
create_rate = 3600000
disk = 100
`

// befriended is a friend without a node: the service that a node runs for it.
type befriended struct {
	*sharing.Service
	events <-chan sharing.Event
}

// newFriend makes a friend in this process.
func newFriend(t *testing.T, name string, r *relay) *befriended {
	t.Helper()
	home := t.TempDir()
	db, err := store.Open(home)
	must(t, err)
	o := sharing.Options{Dir: filepath.Join(home, "friends"), Name: name, DeviceName: name, Relays: []string{r.url()}}
	for bucket, to := range map[string]*sharing.Bucket{"device": &o.Device, "exchange": &o.Exchange} {
		b, err := db.Bucket(bucket)
		must(t, err)
		*to = b
	}
	s, err := sharing.New(t.Context(), o)
	must(t, err)
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return &befriended{Service: s, events: s.Watch(t.Context(), "")}
}

// TestFigures measures one node with 250 friends and 100,000 documents: memory, a
// change that all friends may see, and messages from one friend to another.
func TestFigures(t *testing.T) {
	if os.Getenv(envScale) == "" {
		t.Skip("measured when " + envScale + " is set: it takes minutes")
	}
	r := newRelay(t)
	must(t, os.WriteFile(filepath.Join(r.home, "config.toml"), []byte(roomyRelay), 0o600))
	r.start(t)
	alice := start(t, "alice", false, r)
	alice.CLI(t, "person", "name", "alice")

	documents, people := manyDocuments, manyFriends
	if os.Getenv("KITH_BENCH_SMALL") != "" {
		documents, people = 1000, 3
	}
	folder := t.TempDir()
	for i := range documents {
		dir := filepath.Join(folder, fmt.Sprint(i/1000))
		if i%1000 == 0 {
			must(t, os.Mkdir(dir, 0o700))
		}
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), harness.Bytes(uint64(i), smallDocument), 0o600))
	}
	began := time.Now()
	for i := range documents / 1000 {
		alice.CLI(t, "data", "import", filepath.Join(folder, fmt.Sprint(i)), fmt.Sprint("notes/", i), "--for", "all")
	}
	t.Logf("%d documents were imported in %v", documents, time.Since(began).Round(time.Second))
	memory := figure.Figure{
		Group: "friends-node", Title: "Memory of a node with 100,000 documents and 250 friends", Unit: "MiB", Goal: figure.Reach("at most 150 MiB", 150),
	}
	note := func(when string) {
		memory.Contestants = append(memory.Contestants, figure.Contestant{Name: "Kith, " + when, Samples: []float64{report(t, alice, when)}})
	}
	note("with the documents")

	var friends []*befriended
	began = time.Now()
	for i := range people {
		friends = append(friends, newVerified(t, alice, fmt.Sprintf("friend %d", i), r))
	}
	t.Logf("%d friends were made in %v", people, time.Since(began).Round(time.Second))
	note("with the friends too")
	told := changeForAll(t, alice, friends, 5)
	figure.Save(t, figure.Figure{
		Group: "friends-node", Title: "A change is told to 250 friends", Unit: "seconds until the last one knows", Goal: figure.Reach("at most 2 s", 2),
		Contestants: []figure.Contestant{{Name: "Kith", Samples: told}},
	})
	note("after changes that all were told")

	alice.End(t)
	alice.restart(t)
	eventually(t, func() error {
		if !alice.state(t).Person.Relays[0].Connected {
			return errors.New("the relay is not connected")
		}
		return nil
	})
	note("started again")
	figure.Save(t, memory)
}

// newVerified makes a friend of alice's whose code was compared.
func newVerified(t *testing.T, alice *person, name string, r *relay) *befriended {
	t.Helper()
	one := newFriend(t, name, r)
	link, err := alice.Client.InviteFriend(t.Context(), api.Invite{For: name})
	must(t, err)
	_, err = one.Accept(t.Context(), link.Link, "alice")
	must(t, err)
	eventually(t, func() error {
		if f, ok := alice.friend(t, name); !ok || f.Pending {
			return fmt.Errorf("%s is no friend yet", name)
		}
		return nil
	})
	verified := true
	_, err = alice.Client.ChangeFriend(t.Context(), name, sharing.FriendChange{Verified: &verified})
	must(t, err)
	return one
}

// changeForAll measures, so often, how many seconds it takes until every friend was
// told of a change.
func changeForAll(t *testing.T, alice *person, friends []*befriended, rounds int) (seconds []float64) {
	t.Helper()
	for round := range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var wg sync.WaitGroup
		told := make([]time.Duration, len(friends))
		drain(friends)
		began := time.Now()
		for i, f := range friends {
			wg.Go(func() {
				select {
				case <-f.events:
					told[i] = time.Since(began)
				case <-ctx.Done():
				}
			})
		}
		alice.CLI(t, "data", "put", "notes/0/0", file(t, "n.txt", fmt.Sprint("changed ", round)))
		wrote := time.Since(began)
		wg.Wait()
		cancel()
		last, missing := time.Duration(0), 0
		for _, d := range told {
			if d == 0 {
				missing++
			}
			last = max(last, d)
		}
		t.Logf("a change was written in %v, and all friends were told after %v; %d were not within a minute",
			wrote.Round(time.Millisecond), last.Round(time.Millisecond), missing)
		if missing == 0 {
			seconds = append(seconds, last.Seconds())
		}
	}
	return seconds
}

// drain forgets what friends were told before.
func drain(friends []*befriended) {
	for _, f := range friends {
		for done := false; !done; {
			select {
			case <-f.events:
			case <-time.After(10 * time.Millisecond):
				done = true
			}
		}
	}
}

// report tells what a node takes, and returns how many MiB are resident.
func report(t *testing.T, p *person, when string) float64 {
	t.Helper()
	u, err := harness.UsageOf(p.PID())
	must(t, err)
	t.Logf("%s: %d MiB resident, at most %d so far, %v of a processor", when, u.RSS>>20, u.Peak>>20, u.CPU.Round(time.Second))
	return float64(u.RSS) / (1 << 20)
}
