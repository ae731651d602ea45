package ipfs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io/fs"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// swarmPrefix is hashed before a CID to name the swarm of its index.
const swarmPrefix = "kith ipfs swarm 1\x00"

// skeleton is a site's index with what the pieces are.
type skeleton struct {
	index  engine.Index
	pieces []cid.Cid
}

// bones walks a DAG and sorts its blocks: those that say how the site is built
// go into the CAR, all others are pieces.
type bones struct {
	s      *site
	car    []byte
	pieces []cid.Cid
	bytes  int64
	seen   map[string]bool // by blockKey
}

// SwarmName is the Swarm of the index of an immutable IPFS address, known without
// its blocks.
func SwarmName(a address.Address) [20]byte { return swarmOf(canonical(a.CID())) }

func swarmOf(root cid.Cid) [20]byte {
	sum := sha256.Sum256(append([]byte(swarmPrefix), root.Bytes()...))
	return [20]byte(sum[:20])
}

// blockKey is the same for all CIDs of one block under one codec, and only for
// them.
func blockKey(c cid.Cid) string {
	return string(binary.AppendUvarint(nil, c.Prefix().Codec)) + string(c.Hash())
}

// canonical is the CID in version 1.
func canonical(c cid.Cid) cid.Cid { return cid.NewCidV1(c.Prefix().Codec, c.Hash()) }

// bones fetches the blocks that hold the site together and makes its index.
func (s *site) bones(ctx context.Context) (*skeleton, error) {
	root := canonical(s.root)
	b := &bones{s: s, seen: map[string]bool{}, car: carHeader(root)}
	if err := b.walk(ctx, unixfs.Link{CID: root}, 0); err != nil {
		return nil, s.explain(ctx, err)
	}
	return &skeleton{
		pieces: b.pieces,
		index: engine.Index{
			Kind: engine.IndexIPFS, Swarm: swarmOf(root), Data: b.car, Pieces: len(b.pieces), Bytes: b.bytes,
		},
	}, nil
}

// walk visits a block and what is below it, depth first.
func (b *bones) walk(ctx context.Context, l unixfs.Link, depth int) error {
	key := blockKey(l.CID)
	if b.seen[key] {
		return nil
	}
	b.seen[key] = true
	if depth > 2*b.s.e.o.MaxDepth {
		return fault.New(fault.TooLarge, "%s is more than %d levels deep", b.s.addr.String(), 2*b.s.e.o.MaxDepth)
	}
	if l.CID.Prefix().Codec != cid.DagProtobuf {
		return b.piece(l.CID, int64(min(l.Size, uint64(b.s.e.o.MaxBlock))))
	}
	n, size, err := b.s.node(ctx, l.CID)
	if err != nil {
		return err
	}
	if len(n.Links) == 0 && n.Type != unixfs.Directory && n.Type != unixfs.Shard {
		return b.piece(l.CID, int64(size))
	}
	block, err := b.s.verified(ctx, l.CID)
	if err == nil {
		err = b.keep(l.CID, block)
	}
	if err != nil {
		return err
	}
	for at := 0; at < len(n.Links); at += stride {
		part := n.Links[at:min(at+stride, len(n.Links))]
		b.s.fetch.prefetch(nodesOf(part))
		for _, child := range part {
			if err := b.walk(ctx, child, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// nodesOf are the links to blocks that have to be looked into.
func nodesOf(links []unixfs.Link) []unixfs.Link {
	var out []unixfs.Link
	for _, l := range links {
		if l.CID.Prefix().Codec == cid.DagProtobuf {
			out = append(out, l)
		}
	}
	return out
}

// piece notes a block that is a piece. claim is its length as far as that is
// known without having it.
func (b *bones) piece(c cid.Cid, claim int64) error {
	if len(b.pieces) >= b.s.e.o.MaxPieces {
		return fault.New(fault.TooLarge, "%s has more than %d pieces", b.s.addr.String(), b.s.e.o.MaxPieces)
	}
	if e, ok := b.s.pack.Find(pack.KeyOf(c)); ok {
		claim = int64(e.Len)
	} else if data, ok := inlined(c); ok {
		claim = int64(len(data))
	}
	b.pieces = append(b.pieces, c)
	b.bytes += claim
	return nil
}

// keep adds a section to the CAR.
func (b *bones) keep(c cid.Cid, block []byte) error {
	if len(b.car)+c.ByteLen()+len(block) > b.s.e.o.MaxIndex {
		return fault.New(fault.TooLarge, "the folders of %s take more than %d octets", b.s.addr.String(), b.s.e.o.MaxIndex)
	}
	b.car = binary.AppendUvarint(b.car, uint64(c.ByteLen()+len(block)))
	b.car = append(append(b.car, c.Bytes()...), block...)
	return nil
}

// carHeader is the header of a CARv1 with one root
// (https://ipld.io/specs/transport/car/carv1/): the DAG-CBOR of
// {"roots": [root], "version": 1} behind its length.
func carHeader(root cid.Cid) []byte {
	h := append([]byte("\xa2\x65roots\x81\xd8\x2a"), cborLength(1+root.ByteLen())...)
	h = append(append(h, 0), root.Bytes()...)
	h = append(h, "\x67version\x01"...)
	return append(binary.AppendUvarint(nil, uint64(len(h))), h...)
}

// cborLength begins a byte string (RFC 8949 §3).
func cborLength(n int) []byte {
	switch {
	case n < 24:
		return []byte{0x40 | byte(n)}
	case n < 256:
		return []byte{0x58, byte(n)}
	}
	return []byte{0x59, byte(n >> 8), byte(n)}
}

// inlined is the block that an identity CID holds.
func inlined(c cid.Cid) ([]byte, bool) {
	if c.Prefix().MhType != multihash.IDENTITY {
		return nil, false
	}
	mh, err := multihash.Decode(c.Hash())
	return mh.Digest, err == nil
}

// verified returns a block whose hash was computed just now. One of a published
// file that changed is looked for among peers.
func (s *site) verified(ctx context.Context, c cid.Cid) ([]byte, error) {
	for {
		data, err := s.fetch.get(ctx, c)
		if err != nil || matches(c, data) {
			return data, err
		}
		if err := s.pack.Err(); err != nil {
			return nil, err
		}
		if _, here := s.pack.Find(pack.KeyOf(c)); !here {
			return nil, fs.ErrClosed
		}
		s.pack.Drop(pack.KeyOf(c))
	}
}
