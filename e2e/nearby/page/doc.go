// Package page runs the Local Peer-to-Peer API as people meet it: two nodes, each
// with a browser of its own and, where this user may make them, each in a network
// namespace of its own; a page in either, and the console in which people say
// yes. The cases are Playwright's, in tests.
package page
