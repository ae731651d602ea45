package library

import "strings"

// Count is how many documents there are, and how many octets their bodies have.
// The person's own state is not counted.
func (l *Library) Count() (documents int, octets int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, e := range l.index.byPath {
		if e.app != personApp {
			documents++
			octets += e.size
		}
	}
	return documents, octets
}

// SetHolds changes which bodies this device keeps. Tick drops what is too much,
// Wanted names what is missing.
func (l *Library) SetHolds(h Holds) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.o.Holds = h
}

// OwnRecord says whether a record of the person's own state is the library's:
// lists, and who was asked to purge what.
func OwnRecord(key string) bool {
	return strings.HasPrefix(key, listPrefix) || strings.HasPrefix(key, receiptPrefix)
}
