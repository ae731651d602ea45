// Package serve is Local HTTPS between paired devices: one serves a folder, or
// the web server of a program on it, and another opens that in its own browser,
// at a secure origin of its own node.
//
// A Server is the serving side. It takes HTTP over TLS connections at the door of
// package door, from paired devices alone. A Visitor is the other side: an
// http.Handler for the origins nearby-<device>.localhost of the local gateway,
// which verifies by its certificate that it talks to that device.
//
// The origin nearby-<device id> shows what the device serves without a name, and
// nearby-<device id><name> what it serves by a name: each is an origin of its
// own, so that one served app cannot read another's. spec/nearby-serve.md is
// normative.
package serve
