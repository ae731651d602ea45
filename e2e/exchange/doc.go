// Command exchange is one side of a relation over real relays, for the tests of the
// browser's exchange (web/test/peer): it is told its relation and what to send and to
// ask, a line of JSON each, and answers what it is asked with octets that both sides
// know.
package main
