package enginetest

import (
	"context"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// DefaultTimeout is how long one operation with peers may take.
const DefaultTimeout = time.Minute

// Harness makes the engines that Run tests. Engines are closed by the test's
// cleanup, which New and Reopen register.
type Harness struct {
	// New makes an engine with storage of its own and no peers. It reaches out
	// to nothing but the peers it is connected with.
	New func(t *testing.T) engine.Engine

	// Connect makes two engines each other's peers, before or after they open
	// sites. It may be nil when Hints is enough, or New's engines meet anyway.
	Connect func(t *testing.T, a, b engine.Engine)

	// Hints, if not nil, returns what an address must bring along for other
	// engines to find e.
	Hints func(e engine.Engine) address.Hints

	// Reopen closes e and returns an engine over the same storage. When it is
	// nil, tests of restarting are skipped.
	Reopen func(t *testing.T, e engine.Engine) engine.Engine

	// Timeout replaces DefaultTimeout.
	Timeout time.Duration
}

// ctx ends with the test, or when the harness's patience does.
func (h Harness) ctx(t *testing.T) context.Context {
	t.Helper()
	limit := h.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// publisher makes an engine that can publish.
func (h Harness) publisher(t *testing.T) engine.Publisher {
	t.Helper()
	p, ok := h.New(t).(engine.Publisher)
	if !ok {
		t.Fatal("the engine does not implement engine.Publisher")
	}
	return p
}

// reader makes an engine that is a peer of p.
func (h Harness) reader(t *testing.T, p engine.Engine) engine.Engine {
	t.Helper()
	e := h.New(t)
	h.connect(t, p, e)
	return e
}

func (h Harness) connect(t *testing.T, a, b engine.Engine) {
	t.Helper()
	if h.Connect != nil {
		h.Connect(t, a, b)
	}
}

// hinted adds the hints that lead to e.
func (h Harness) hinted(e engine.Engine, a address.Address) address.Address {
	if h.Hints != nil {
		a.Hints = h.Hints(e)
	}
	return a
}

// open opens a with e and closes it with the test.
func (h Harness) open(t *testing.T, e engine.Engine, a address.Address) engine.Site {
	t.Helper()
	s, err := e.Open(h.ctx(t), a)
	if err != nil {
		t.Fatalf("open %v: %v", a, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// served is a folder that is published and open, so that peers get it.
type served struct {
	by      engine.Publisher
	folder  string
	files   map[string][]byte
	address address.Address // with hints
	site    engine.Site
}

// serve publishes files with a new engine.
func (h Harness) serve(t *testing.T, files map[string][]byte) served {
	t.Helper()
	s := served{by: h.publisher(t), folder: t.TempDir(), files: files}
	Write(t, s.folder, files)
	a, _ := Publish(t, s.by, s.folder, engine.DraftOptions{})
	s.site = h.open(t, s.by, a)
	s.address = h.hinted(s.by, a)
	return s
}
