// Package unixfs reads and writes the nodes of UnixFS DAGs
// (https://specs.ipfs.tech/unixfs/) in their dag-pb form
// (https://ipld.io/specs/codecs/dag-pb/spec/).
//
// It is pure: blocks in, nodes out. What it decodes comes from strangers, so
// every node is checked for being consistent in itself; that a child is what
// its parent says is for the caller to check when it has the child.
package unixfs
