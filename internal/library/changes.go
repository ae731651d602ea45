package library

import "slices"

// Change is what Changes tells of one document.
type Change struct {
	Item Item
	Seq  uint64
}

// Changes tells which documents are new or other since a number that Seq returned,
// in the order of the changes, and the number to ask with next. What was deleted
// is not told, since nothing is kept of it: Watch tells of it when it happens.
func (l *Library) Changes(since uint64, most int) ([]Change, uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var all []*entry
	for _, e := range l.index.byPath {
		if e.seq > since && e.app != personApp && !l.doubtful(e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	next := l.seq
	if most > 0 && len(all) > most {
		all = all[:most]
		next = all[most-1].seq
	}
	changes := make([]Change, len(all))
	for i, e := range all {
		changes[i] = Change{l.item(e, l.shown(e)), e.seq}
	}
	return changes, next
}

// Stats are figures of a library.
type Stats struct {
	Documents int
	Octets    int64 // of all bodies
	Here      int64 // of those on this device
	Missing   int   // bodies that are on other devices alone
	Graves    int   // deletions that other devices may not know of yet
	Broken    int   // items that do not open: the disk is damaged
	Doubtful  bool  // this device was away, or restored: see Options.Bury
}

// Stats counts.
func (l *Library) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Stats{Graves: len(l.index.graves), Broken: l.broken, Doubtful: len(l.resets) > 0}
	for _, e := range l.index.byPath {
		if e.app == personApp {
			continue
		}
		s.Documents++
		s.Octets += e.size
		if e.here {
			s.Here += e.size
		} else {
			s.Missing++
		}
	}
	return s
}
