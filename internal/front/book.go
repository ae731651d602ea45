package front

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// entry is a file of the website as it was last seen. It is never changed.
type entry struct {
	File
	// ETag and Modified are what to ask the server by whether it changed.
	ETag     string
	Modified string
	// Linked says that a page of the site links to it.
	Linked bool
	// Fresh is until when it need not be asked for again.
	Fresh time.Time
}

func (e *entry) hash(i int) hash { return hash(e.Hashes[i]) }

// same reports whether two entries make the same file of a manifest.
func (e *entry) same(o *entry) bool {
	return e.Size == o.Size && e.Type == o.Type && maps.Equal(e.Headers, o.Headers) &&
		slices.EqualFunc(e.Hashes, o.Hashes, bytes.Equal)
}

// book is what a front knows of the site.
type book struct {
	maxFiles int

	mu       sync.Mutex
	entries  map[string]*entry
	contents map[string]int  // how many entries have a content, by hashes
	linked   map[string]bool // what pages link to
	pieces   int
	changed  time.Time // of the first change that is in no manifest; zero for none
	last     time.Time // of the last
}

func newBook(maxFiles int) *book {
	return &book{maxFiles: maxFiles, entries: map[string]*entry{}, contents: map[string]int{}, linked: map[string]bool{}}
}

func (b *book) get(path string) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.entries[path]
}

// link notes that a page links to path. It says whether that is new.
func (b *book) link(path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.linked[path] || len(b.linked) >= 4*b.maxFiles {
		return false
	}
	b.linked[path] = true
	return true
}

// knows reports whether anybody finds path: it is the first page, or one links to
// it.
func (b *book) knows(path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return path == "/" || b.linked[path]
}

// may reports whether an answer for path is worth recording.
func (b *book) may(path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(path) <= maxPath && !strings.HasPrefix(path, "/.kith/") &&
		(b.entries[path] != nil || b.linked[path] || !strings.Contains(path, "?"))
}

// put enters e, where the rules of spec/front.md §5 let it.
func (b *book) put(e *entry, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.entries[e.Path]
	e.Linked = b.linked[e.Path]
	content := contentOf(e)
	switch {
	case old != nil:
	case len(b.entries) >= b.maxFiles, b.pieces+len(e.Hashes) > maxPieces:
		return
	case !e.Linked && (b.contents[content] > 0 || strings.Contains(e.Path, "?")):
		return
	}
	if old == nil || !old.same(e) {
		b.touch(now)
	}
	b.forget(old)
	b.entries[e.Path] = e
	b.contents[content]++
	b.pieces += len(e.Hashes)
}

// remove takes out path, if e is still what is known of it.
func (b *book) remove(e *entry, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries[e.Path] == e {
		b.forget(e)
		delete(b.entries, e.Path)
		b.touch(now)
	}
}

// refresh sets until when e is fresh, if it is still what is known of it.
func (b *book) refresh(e *entry, until time.Time) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries[e.Path] != e {
		return b.entries[e.Path]
	}
	again := *e
	again.Fresh = until
	b.entries[e.Path] = &again
	return &again
}

// forget takes e out of the sums.
func (b *book) forget(e *entry) {
	if e == nil {
		return
	}
	content := contentOf(e)
	if b.contents[content]--; b.contents[content] <= 0 {
		delete(b.contents, content)
	}
	b.pieces -= len(e.Hashes)
}

func (b *book) touch(now time.Time) {
	if b.changed.IsZero() {
		b.changed = now
	}
	b.last = now
}

// stale returns the entry that has been stale longest, nil for none.
func (b *book) stale(now time.Time) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var oldest *entry
	for _, e := range b.entries {
		if now.After(e.Fresh) && (oldest == nil || e.Fresh.Before(oldest.Fresh)) {
			oldest = e
		}
	}
	return oldest
}

// due says in how long a manifest is due, and whether there is anything new. It
// waits until nothing has changed for a while, but not for ever.
func (b *book) due(now time.Time, every time.Duration) (time.Duration, bool) {
	const patience = 6
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed.IsZero() {
		return 0, false
	}
	at := b.last.Add(every)
	if latest := b.changed.Add(patience * every); latest.Before(at) {
		at = latest
	}
	return at.Sub(now), true
}

// all returns the entries by their path, for a manifest, and takes note that they
// are in one.
func (b *book) all() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed = time.Time{}
	out := slices.Collect(maps.Values(b.entries))
	slices.SortFunc(out, func(x, y *entry) int { return strings.Compare(x.Path, y.Path) })
	return out
}

// contentOf names what is in a file.
func contentOf(e *entry) string { return string(bytes.Join(e.Hashes, nil)) }
