package friends

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
)

// TestGrowthOfFriends measures one node by how many friends it has, when
// KITH_BENCH_GROWTH asks for it: it takes minutes.
func TestGrowthOfFriends(t *testing.T) {
	if os.Getenv("KITH_BENCH_GROWTH") == "" {
		t.Skip("measured when KITH_BENCH_GROWTH is set")
	}
	amounts := []int{1, 5, 25, 100, 250}
	if os.Getenv("KITH_BENCH_SMALL") != "" {
		amounts = []int{1, 3}
	}
	r := newRelay(t)
	must(t, os.WriteFile(filepath.Join(r.home, "config.toml"), []byte(roomyRelay), 0o600))
	r.start(t)
	alice := start(t, "alice", false, r)
	alice.CLI(t, "person", "name", "alice")
	alice.CLI(t, "data", "put", "notes/0/0", file(t, "n.txt", "a note"), "--for", "all")
	told, memory := figure.Contestant{Name: "Kith, the last friend knows"}, figure.Contestant{Name: "Kith, memory"}
	var friends []*befriended
	for _, n := range amounts {
		for len(friends) < n {
			friends = append(friends, newVerified(t, alice, fmt.Sprintf("friend %d", len(friends)), r))
		}
		if times := changeForAll(t, alice, friends, 5); len(times) > 0 {
			told.At(float64(n), times...)
		}
		memory.At(float64(n), report(t, alice, fmt.Sprintf("with %d friends", n)))
	}
	const group, axis = "growth-friends", "friends"
	figure.Save(t, figure.Grows(group, 1, "Telling a change to all friends", "seconds", axis, "linear: each is told", 1.1, told))
	figure.Save(t, figure.Grows(group, 2, "Memory of a node, by its friends", "MiB", axis, "less than linear", 0.8, memory))
}
