package unixfs

import (
	"fmt"
	"math/bits"
	"sort"

	hash "github.com/spaolacci/murmur3"
)

// slotWidth is how many hexadecimal digits name a slot.
func slotWidth(fanout int) int { return (bits.Len(uint(fanout-1)) + 3) / 4 }

// slotName is the prefix of the link in a slot.
func slotName(slot, width int) string { return fmt.Sprintf("%0*X", width, slot) }

// slotAt is the slot that name belongs to in a shard of a fan-out, level levels
// below the folder's root; -1 below the depth that the hash reaches.
func slotAt(name string, fanout, level int) int {
	width := bits.Len(uint(fanout - 1))
	if (level+1)*width > 64 {
		return -1
	}
	return int(hash.Sum64([]byte(name)) << (level * width) >> (64 - width))
}

// Step finds name in a shard, level levels below the folder's root. It returns
// the link found, and whether that is a deeper shard to go on in instead of the
// entry itself.
func (n *Node) Step(name string, level int) (l Link, deeper, ok bool) {
	slot := slotAt(name, n.Fanout, level)
	if slot < 0 || !n.slot(slot) {
		return l, false, false
	}
	at := n.before(slot)
	width := slotWidth(n.Fanout)
	l = n.Links[at]
	switch l.Name[width:] {
	case "":
		return l, true, true
	case name:
		l.Name = name
		return l, false, true
	}
	return l, false, false
}

// before counts the taken slots before slot.
func (n *Node) before(slot int) int {
	count := 0
	for i := range slot / 8 {
		if at := len(n.Data) - 1 - i; at >= 0 {
			count += bits.OnesCount8(n.Data[at])
		}
	}
	last := n.Data[len(n.Data)-1-slot/8]
	return count + bits.OnesCount8(last&(1<<(slot%8)-1))
}

// Split returns the entries of a shard, under their own names, and its deeper
// shards. A name that does not belong into its slot is refused, so that
// listing and looking up never disagree.
func (n *Node) Split(level int) (entries, deeper []Link, err error) {
	width := slotWidth(n.Fanout)
	for _, l := range n.Links {
		slot := l.Name[:width]
		l.Name = l.Name[width:]
		if l.Name == "" {
			deeper = append(deeper, l)
			continue
		}
		if at := slotAt(l.Name, n.Fanout, level); at < 0 || slotName(at, width) != slot {
			return nil, nil, fmt.Errorf("%w: %.100q is in a shard it does not belong to", ErrBad, l.Name)
		}
		entries = append(entries, l)
	}
	return entries, deeper, nil
}

// shardFanout is the fan-out that folders are published with.
const shardFanout = 256

// EncodeShards writes a sharded folder of links and returns the link to its
// root, without a name. put receives every block.
func EncodeShards(links []Link, put func(block []byte) (Link, error)) (Link, error) {
	return encodeShard(links, 0, put)
}

func encodeShard(links []Link, level int, put func([]byte) (Link, error)) (Link, error) {
	slots := map[int][]Link{}
	for _, l := range links {
		s := slotAt(l.Name, shardFanout, level)
		if s < 0 {
			return Link{}, fmt.Errorf("%w: names that hash alike: %q", ErrBad, l.Name)
		}
		slots[s] = append(slots[s], l)
	}
	order := make([]int, 0, len(slots))
	for s := range slots {
		order = append(order, s)
	}
	sort.Ints(order)
	field := make([]byte, shardFanout/8)
	out := make([]Link, 0, len(order))
	for _, s := range order {
		field[len(field)-1-s/8] |= 1 << (s % 8)
		child := slots[s][0]
		if len(slots[s]) > 1 {
			var err error
			if child, err = encodeShard(slots[s], level+1, put); err != nil {
				return Link{}, err
			}
		}
		child.Name = slotName(s, slotWidth(shardFanout)) + child.Name
		out = append(out, child)
	}
	for len(field) > 0 && field[0] == 0 {
		field = field[1:]
	}
	return put(encode(out, shardMessage(field)))
}
