// Package address understands every form in which people write the address of
// a peer-to-peer site, and gives each site one canonical form and one web
// origin.
//
// Parse reads an address, Address.String writes its canonical form,
// Address.Label and FromLabel translate to and from the single DNS label that
// is its origin under .localhost:
//
//	what                     canonical form         label
//	IPFS, by CID             ipfs://bafy…           k2… (base36, no hyphen)
//	IPNS, by key             ipns://k51…            k51… (base36, no hyphen)
//	torrent v1, by infohash  wtp://<40 hex>         wtp-<40 hex>
//	torrent v2, by infohash  wtp://<64 hex>         wtp-<52 base32>
//	mutable torrent, by key  wtp://k<base36>        wtp-k<base36>
//	DNS name                 example.com            example-com (inlined, always a hyphen)
//	device nearby            nearby:<id>            nearby-<id>
//	.torrent file or URL     the path or URL        none, before it is read
//
// Labels of different sites differ. That holds because only CIDs have no
// hyphen, a DNS name never ends in a label that begins with a digit, and names
// whose inlined form would read as a wtp- label are refused.
//
// The package is pure: no network, no files, no clock. What an address points
// at now is the business of resolve; whether it exists, of the engines.
package address
