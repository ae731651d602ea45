// Package resolve turns a name into the immutable addresses it points at now.
//
// A DNS name is looked up in DNS for a DNSLink (TXT at _dnslink.<name>, else at
// the name itself) and for a wtpkey (TXT at the name or at www.<name>), then, if
// it has neither, at https://<name>/.well-known/wtp. Names under a key are handed
// to the engine whose network knows them, an engine.Namer. Names that point at
// names are followed, to a limited depth.
//
// Answers are kept for as long as they say, on disk too. When a look-up takes
// longer than its deadline, or fails, the last good answer is given, marked as
// stale, while the look-up goes on. Failures are remembered for a minute.
//
// DNS is asked over HTTPS (RFC 8484), at one server, or at the system's, as
// configured. Answers are hostile input: sizes, counts and depth are bounded,
// and fetching a well-known file never reaches a private address unless allowed.
//
// Which of several networks then opens the site is for package site to find out.
package resolve
