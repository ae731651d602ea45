// Package ipfs is the engine of the IPFS network: it opens, serves and
// publishes UnixFS sites, and publishes and resolves IPNS names.
//
// # How a site is read
//
// A Site is a UnixFS DAG (https://specs.ipfs.tech/unixfs/). Its blocks live in
// a pack (package pack): one folder a site, an append-only file of blocks and
// an index, so that removing a site gives its disk space back and opening it
// needs no network. Blocks of a published folder are extents of the person's
// own files. What is missing comes over bitswap and from trustless HTTP
// gateways (https://specs.ipfs.tech/http-gateways/trustless-gateway/) side by
// side; every block is checked against its hash before it is stored or read.
// As soon as a folder's node is known its children are fetched in the
// background, many to a message, so that a site of a thousand small files
// costs a few round trips.
//
// Only blocks of open sites are served to peers.
//
// # How it is published
//
// A Draft computes the DAG of the profile unixfs-v1-2025 (IPIP-499): CIDv1,
// SHA2-256, raw leaves of 1 MiB, nodes of at most 1,024 links, folders sharded
// when their block would be larger than 256 KiB. The files are read once and
// stay where they are.
//
// # Networking
//
// The libp2p host speaks TCP and QUIC. TCP is dialled first, since it moves
// bytes at a fraction of QUIC's cost; QUIC is there for those who can be
// reached by it alone. Relays, hole punching, UPnP and AutoNAT are off unless
// Options.Reach asks for them: they talk to strangers in the background all day
// long, and a node that only reads needs none. Without bootstrap peers, routers
// and gateways the engine contacts nobody but Options.Peers.
//
// # The gateway
//
// Engine.Gateway is an http.Handler of the IPFS HTTP gateway specifications
// (path, subdomain, DNSLink, trustless, tar, IPLD codecs, _redirects), made of
// boxo's own over this engine's blocks.
package ipfs
