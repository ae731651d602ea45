// Package transfer moves files between devices that have an authenticated
// session with one another: the protocol of spec/nearby-transfer.md.
//
// A Push is one set of files on its way to one or many receivers. Each receiver
// has a Session of its own; Push.To offers the files there and delivers what the
// receiver accepts. Receive reads an offer from a Session; Offer.Accept stores
// what arrives, in parts that get their names only when every chunk of them was
// verified.
//
// The bulk of the bytes goes over TLS 1.3 on TCP, with the certificates by which
// the session was authenticated, and over streams of the session where TCP does
// not connect (Bulk). Several receivers of one Push pass on to each other what
// they were dealt, so that it leaves the sender about once.
//
// Who may send to whom, and what a person is asked, is left to package nearby;
// sessions are those of package openscreen, which this package does not know.
package transfer
