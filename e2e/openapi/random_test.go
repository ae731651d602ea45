package openapi

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// run is how requests are sent at random.
type run struct {
	w      *world
	d      *document
	seed   uint64
	begin  func(o *operation) *request
	rare   map[string]int // operations that are asked once in so many times
	never  map[string]bool
	count  atomic.Int64
	seen   sync.Map // operation and status
	failed atomic.Int64
}

// duration is how long requests are sent at random.
func duration(t *testing.T, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("KITH_OPENAPI_TIME")
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("KITH_OPENAPI_SEED"); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("KITH_OPENAPI_SEED=%d", s)
	return s
}

// workers send at the same time, as browsers do.
const workers = 8

// enough are as many complaints as anybody reads.
const enough = 12

func (x *run) do(t *testing.T, d time.Duration) {
	t.Helper()
	ends := time.Now().Add(d)
	var group sync.WaitGroup
	for n := range workers {
		group.Go(func() {
			g := &generator{d: x.d, r: rand.New(rand.NewPCG(x.seed, uint64(n))), p: x.w.pool}
			for time.Now().Before(ends) && x.failed.Load() < enough {
				x.once(t, g)
			}
		})
	}
	group.Wait()
	statuses, operations := 0, map[string]bool{}
	x.seen.Range(func(k, _ any) bool {
		statuses++
		operations[k.([2]string)[0]] = true
		return true
	})
	t.Logf("%d requests, %d of %d operations, %d different answers", x.count.Load(), len(operations), len(x.d.ops), statuses)
}

func (x *run) once(t *testing.T, g *generator) {
	t.Helper()
	o := x.d.ops[g.r.IntN(len(x.d.ops))]
	if x.never[o.id] || x.rare[o.id] > 0 && !g.one(x.rare[o.id]) {
		return
	}
	r := x.begin(o)
	g.fill(r)
	if !g.one(2) {
		g.spoil(r)
	}
	a, err := x.w.send(r)
	if err == nil {
		err = x.d.check(r, a)
	}
	x.count.Add(1)
	x.seen.Store([2]string{o.id, strconv.Itoa(a.status)}, true)
	if err != nil {
		x.failed.Add(1)
		t.Errorf("%v\n%s", err, r)
		return
	}
	if a.status == http.StatusOK && json.Valid(a.body) {
		x.w.pool.learn(a.body)
	}
}

// rare are operations whose own work takes long, or after which little can be done.
func rare() map[string]int {
	return map[string]int{
		"getCPUProfile": 20, "getTrace": 20, "getProfile": 4, "getDoctor": 8, "lock": 10, "unlock": 2, "setPassphrase": 20,
		"getBackupDevices": 10, "revokeApp": 10, "endPublication": 4, "removeSite": 4, "getMetrics": 4, "incarnate": 20, "forgetPhrase": 20,
	}
}

// TestTheNodeAnswersAsDescribed sends requests at random.
func TestTheNodeAnswersAsDescribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := &run{w: w, d: load(t, "node"), seed: seed(t), begin: w.request, rare: rare(), never: map[string]bool{"endNode": true}}
	w.furnish(t, x.d)
	x.do(t, duration(t, time.Second))
	w.call(t, x.d, "getStatus", nil, nil, 200) // it still answers
	w.call(t, x.d, "endNode", nil, nil, 202)
	w.end()
}
