// Package soak has two nodes and their relays live through eight hours of a busy
// person's use as fast as they can, and requires that what a process holds stays
// flat: goroutines, file descriptors, the heap and resident memory.
package soak
