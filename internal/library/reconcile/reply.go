package reconcile

import (
	"encoding/binary"
	"math/bits"

	"github.com/kith-web/kith/internal/fault"
)

// A message is a sequence of nodes:
//
//	kind (1) ‖ length of the prefix in bits (1) ‖ prefix ‖ content
const (
	kindSums = 1 // log2 of their number (1) ‖ fingerprints (8 each)
	kindList = 2 // number (2) ‖ short ids (6 each) of all that the sender has there
	kindWant = 3 // the same, of what the sender lacks
)

const (
	openBits  = 7    // the first message tells 128 fingerprints
	splitBits = 4    // a range that differs is told as 16
	listMost  = 64   // elements that are listed rather than split
	sumsMost  = 8    // log2 of the fingerprints of a node
	maxNodes  = 8192 // of a message
)

// Limits bound one reply; what is left out comes in the next round.
type Limits struct {
	Octets   int // of the message: 32 KiB
	Elements int // to send: 4,096
}

func (l Limits) withDefaults() Limits {
	if l.Octets <= 0 {
		l.Octets = 32 << 10
	}
	if l.Elements <= 0 {
		l.Elements = 4096
	}
	return l
}

// Reply is what to do about a message.
type Reply struct {
	// Message is the answer; empty when there is nothing to ask or tell.
	Message []byte
	// Send are elements that the other side lacks.
	Send []Element
	// Asked are those of Send that the other side asked for by name.
	Asked []Element
	// Equal says that the message told the fingerprints of the whole set, and that
	// they are those of this set.
	Equal bool
	// More says that something was left out for Limits.
	More bool
}

// Open is the first message of a round.
func (s *Set) Open() []byte { return s.sums(nil, prefix{}, openBits) }

func appendPrefix(b []byte, kind byte, p prefix) []byte {
	b = append(b, kind, byte(p.bits))
	return append(b, p.octets[:(p.bits+7)/8]...)
}

func (s *Set) sums(b []byte, p prefix, n int) []byte {
	b = append(appendPrefix(b, kindSums, p), byte(n))
	for i := range 1 << n {
		sum, _ := s.fold(p.child(i, n))
		b = binary.BigEndian.AppendUint64(b, sum)
	}
	return b
}

func appendIDs(b []byte, kind byte, p prefix, ids []id) []byte {
	b = binary.BigEndian.AppendUint16(appendPrefix(b, kind, p), uint16(len(ids)))
	for _, i := range ids {
		b = append(b, i[:]...)
	}
	return b
}

// round is the work on one message.
type round struct {
	set    *Set
	salt   []byte
	limits Limits
	budget int // elements that may still be looked at
	reply  Reply
	sent   map[Element]bool
	all    bool // the message told the sums of everything
	differ bool
}

// Answer works on a message of the other side. The salt is that of the round, the
// same on both sides. The error is fault.Invalid for what is no message.
func (s *Set) Answer(salt, message []byte, l Limits) (Reply, error) {
	nodes, err := parse(message)
	if err != nil {
		return Reply{}, err
	}
	r := round{set: s, salt: salt, limits: l.withDefaults(), budget: 1<<18 + 4*s.count, sent: map[Element]bool{}}
	for _, n := range nodes {
		switch n.kind {
		case kindSums:
			r.compare(n)
		case kindList:
			r.list(n)
		case kindWant:
			r.want(n)
		}
	}
	r.reply.Equal = r.all && !r.differ
	return r.reply, nil
}

// spend reports whether there is work left for so many elements.
func (r *round) spend(n int) bool {
	if r.budget < n || len(r.reply.Message) > r.limits.Octets {
		r.reply.More, r.differ = true, true
		return false
	}
	r.budget -= n
	return true
}

func (r *round) send(e Element, asked bool) {
	if r.sent[e] {
		return
	}
	if len(r.reply.Send) >= r.limits.Elements {
		r.reply.More = true
		return
	}
	r.sent[e] = true
	r.reply.Send = append(r.reply.Send, e)
	if asked {
		r.reply.Asked = append(r.reply.Asked, e)
	}
}

func (r *round) compare(n node) {
	if n.prefix.bits == 0 {
		r.all = true
	}
	width := bits.Len(uint(len(n.sums))) - 1
	for i, theirs := range n.sums {
		c := n.prefix.child(i, width)
		ours, count := r.set.fold(c)
		if ours == theirs {
			continue
		}
		r.differ = true
		if !r.spend(count) {
			return
		}
		switch {
		case theirs == 0: // they have nothing there
			r.set.each(c, func(e Element) { r.send(e, false) })
		case count <= listMost || c.bits+splitBits > handleBits:
			var ids []id
			r.set.each(c, func(e Element) { ids = append(ids, e.short(r.salt)) })
			r.reply.Message = appendIDs(r.reply.Message, kindList, c, ids)
		default:
			r.reply.Message = r.set.sums(r.reply.Message, c, splitBits)
		}
	}
}

func (r *round) list(n node) {
	_, count := r.set.fold(n.prefix)
	r.differ = true
	if !r.spend(count + len(n.ids)) {
		return
	}
	theirs := make(map[id]bool, len(n.ids))
	for _, i := range n.ids {
		theirs[i] = true
	}
	r.set.each(n.prefix, func(e Element) {
		i := e.short(r.salt)
		if theirs[i] {
			delete(theirs, i)
			return
		}
		r.send(e, false)
	})
	var want []id
	for _, i := range n.ids { // in the order of the message
		if theirs[i] {
			want = append(want, i)
			delete(theirs, i)
		}
	}
	if len(want) > 0 {
		r.reply.Message = appendIDs(r.reply.Message, kindWant, n.prefix, want)
	}
}

func (r *round) want(n node) {
	_, count := r.set.fold(n.prefix)
	r.differ = true
	if !r.spend(count + len(n.ids)) {
		return
	}
	wanted := make(map[id]bool, len(n.ids))
	for _, i := range n.ids {
		wanted[i] = true
	}
	r.set.each(n.prefix, func(e Element) {
		if wanted[e.short(r.salt)] {
			r.send(e, true)
		}
	})
}

// node is one part of a message.
type node struct {
	kind   byte
	prefix prefix
	sums   []uint64
	ids    []id
}

func parse(b []byte) ([]node, error) {
	bad := fault.New(fault.Invalid, "not a message of reconciliation")
	var nodes []node
	for len(b) > 0 {
		if len(nodes) == maxNodes || len(b) < 2 {
			return nil, bad
		}
		n := node{kind: b[0], prefix: prefix{bits: int(b[1])}}
		length := (n.prefix.bits + 7) / 8
		if b = b[2:]; n.prefix.bits > handleBits || len(b) < length+1 {
			return nil, bad
		}
		copy(n.prefix.octets[:], b[:length])
		if rest := n.prefix.bits % 8; rest > 0 && n.prefix.octets[length-1]<<rest != 0 {
			return nil, bad
		}
		b = b[length:]
		var ok bool
		if n.kind == kindSums {
			b, ok = n.takeSums(b)
		} else {
			b, ok = n.takeIDs(b)
		}
		if !ok {
			return nil, bad
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (n *node) takeSums(b []byte) ([]byte, bool) {
	width := int(b[0])
	if b = b[1:]; width > sumsMost || n.prefix.bits+width > handleBits || len(b) < 8<<width {
		return nil, false
	}
	n.sums = make([]uint64, 1<<width)
	for i := range n.sums {
		n.sums[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return b[8<<width:], true
}

func (n *node) takeIDs(b []byte) ([]byte, bool) {
	if n.kind != kindList && n.kind != kindWant || len(b) < 2 {
		return nil, false
	}
	count := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < count*idSize {
		return nil, false
	}
	n.ids = make([]id, count)
	for i := range n.ids {
		copy(n.ids[i][:], b[i*idSize:])
	}
	return b[count*idSize:], true
}
