// Package relay is the helper that anyone can run for others: a tracker over
// WebSocket, HTTP and UDP (internal/relay/tracker), and STUN and TURN
// (internal/relay/turn), under one set of limits per address
// (internal/relay/guard), on one TCP port and two of UDP. It knows no content
// and keeps no log of who asked for what.
//
// New opens the sockets, so that a port in use is told at once; Run serves
// until its context ends, and then drains: WebSockets are closed a few at a
// time, announces in flight are answered. With ReusePort a successor may be
// started before that, on the same ports; with the same Secret it knows the
// credentials and connection ids its predecessor gave.
//
// Further services, such as mailboxes, are Parts: they answer under a path of
// their own, start and end with the relay, and add to its metrics.
package relay
