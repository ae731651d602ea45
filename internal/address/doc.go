// Package address understands every form in which people write the address of
// a peer-to-peer site, and gives each site one canonical form and one web
// origin.
//
// Parse reads an address, Address.String writes its canonical form,
// Address.Label and FromLabel translate to and from the single DNS label that
// is its origin under .localhost.
//
// The package is pure: no network, no files, no clock. What an address points
// at now is the business of resolve; whether it exists, of the engines.
package address
