// Package acme obtains and renews the certificates of a host by itself (RFC
// 8555), one for each name, when the name is first asked for: no wildcard, which
// would need access to somebody's DNS.
//
// A name gets one only if Options.Allow says so, so that nobody can have
// certificates made for names that lead here by chance, or by the thousand. That
// the host answers under a name is proved on its own ports, by HTTP-01 (RFC 8555
// §8.3) and TLS-ALPN-01 (RFC 8737). Keys and certificates are kept in a folder.
package acme
