package unixfs

import (
	"sort"

	"google.golang.org/protobuf/encoding/protowire"
)

// The parameters of the profile unixfs-v1-2025 (IPIP-499).
const (
	// ChunkSize is the length of a leaf.
	ChunkSize = 1 << 20
	// Width is how many links a node of a file has at most.
	Width = 1024
	// ShardOver is the size of a folder's block above which it is sharded.
	ShardOver = 256 << 10
)

// EncodeFile writes an inner node of a file with its children, in order; sizes
// are the lengths of their content.
func EncodeFile(children []Link, sizes []uint64) []byte {
	var total uint64
	for _, s := range sizes {
		total += s
	}
	data := protowire.AppendTag(nil, 1, protowire.VarintType)
	data = protowire.AppendVarint(data, uint64(File))
	data = protowire.AppendTag(data, 3, protowire.VarintType)
	data = protowire.AppendVarint(data, total)
	for _, s := range sizes {
		data = protowire.AppendTag(data, 4, protowire.VarintType)
		data = protowire.AppendVarint(data, s)
	}
	return encode(children, data)
}

// EncodeFolder writes a folder, sharded when it has to be, and returns the link
// to its root, without a name. put receives every block.
func EncodeFolder(links []Link, put func(block []byte) (Link, error)) (Link, error) {
	sort.Slice(links, func(i, j int) bool { return links[i].Name < links[j].Name })
	data := protowire.AppendTag(nil, 1, protowire.VarintType)
	data = protowire.AppendVarint(data, uint64(Directory))
	if block := encode(links, data); len(block) <= ShardOver {
		return put(block)
	}
	return EncodeShards(links, put)
}

// shardMessage is the UnixFS message of a shard.
func shardMessage(field []byte) []byte {
	data := protowire.AppendTag(nil, 1, protowire.VarintType)
	data = protowire.AppendVarint(data, uint64(Shard))
	data = protowire.AppendTag(data, 2, protowire.BytesType)
	data = protowire.AppendBytes(data, field)
	data = protowire.AppendTag(data, 5, protowire.VarintType)
	data = protowire.AppendVarint(data, murmur3)
	data = protowire.AppendTag(data, 6, protowire.VarintType)
	return protowire.AppendVarint(data, shardFanout)
}

// encode writes a dag-pb block: links first, then data, as the codec demands.
func encode(links []Link, data []byte) []byte {
	size := len(data) + 8
	for _, l := range links {
		size += len(l.Name) + 64
	}
	b := make([]byte, 0, size)
	var one []byte
	for _, l := range links {
		one = protowire.AppendTag(one[:0], 1, protowire.BytesType)
		one = protowire.AppendBytes(one, l.CID.Bytes())
		one = protowire.AppendTag(one, 2, protowire.BytesType)
		one = protowire.AppendString(one, l.Name)
		one = protowire.AppendTag(one, 3, protowire.VarintType)
		one = protowire.AppendVarint(one, l.Size)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendBytes(b, one)
	}
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	return protowire.AppendBytes(b, data)
}

// EncodeTree writes the balanced tree over the leaves of a file and returns the
// link to its root, without a name. put receives every block. A file of one
// leaf is that leaf.
func EncodeTree(links []Link, sizes []uint64, put func(block []byte) (Link, error)) (Link, error) {
	for len(links) > 1 {
		var up []Link
		var upSizes []uint64
		for at := 0; at < len(links); at += Width {
			end := min(at+Width, len(links))
			l, err := put(EncodeFile(links[at:end], sizes[at:end]))
			if err != nil {
				return Link{}, err
			}
			var size uint64
			for _, s := range sizes[at:end] {
				size += s
			}
			up, upSizes = append(up, l), append(upSizes, size)
		}
		links, sizes = up, upSizes
	}
	return links[0], nil
}
