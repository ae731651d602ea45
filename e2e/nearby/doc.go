// Package nearby tests 'kith nearby' with real processes on devices of their own:
// network namespaces on one bridge, joined by virtual cables that can be cut and
// shaped. It needs root, and is skipped loudly without.
package nearby
