package library

import "strings"

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
