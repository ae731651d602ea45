// Package doctor finds out what keeps a computer from working well with others:
// ports, firewalls, IPv6, multicast, access points that keep their devices apart,
// small buffers, the clock, the disk.
//
// Everything is measured or read, nothing is guessed: what cannot be tried here is
// reported as skipped. Nothing outside is asked. Packets go to this computer itself,
// to a multicast group of the local link, and to devices that announce themselves in
// it; how far the clock is off comes from answers that others sent anyway (Clock).
//
// Each finding says what to do, with the command for this system. What engines,
// names and peers say of themselves is looked at by internal/api; internal/node
// supplies what is to be examined, with a running node and without one.
package doctor
