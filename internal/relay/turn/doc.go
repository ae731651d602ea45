// Package turn tells peers their public address (STUN, RFC 8489) and, where its
// owner wants that, carries their packets when they cannot reach each other or
// do not wish to be seen (TURN, RFC 8656; clients come by UDP, TCP or TLS, peers are
// reached by UDP). The protocols are pion's;
// what is here keeps them from being abused:
//
//   - credentials expire: a user name says until when it is good, its password
//     is an HMAC of it (the "REST API for access to TURN services"), and the
//     server remembers none of them;
//   - no packets to private, loopback or otherwise special addresses, and to the
//     relay's own only where another client's allocation is;
//   - allocations and octets a second are capped, each and all together;
//   - requests are limited per address, since their answers are longer than
//     they are and their sender may be forged.
package turn
