// Package reconcile finds what two sets differ in by a few short messages:
// range-based set reconciliation (arXiv:2212.13567) over elements that begin
// with random octets, so that ranges are prefixes and need no bounds of their
// own (spec/private-sharing.md §6.3). It keeps no state between messages: either
// side may forget, repeat or lose any of them and begin again.
//
// It is pure. Sending messages and handing over the elements is the business of
// internal/library.
package reconcile
