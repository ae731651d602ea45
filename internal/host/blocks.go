package host

import (
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// serveBlocks answers below /ipfs/ with what clients verify themselves (the
// trustless gateway specification): blocks and CAR files of the sites that are
// served, and of nothing else. A browser is sent to the site.
func (h *Host) serveBlocks(a *answer) {
	root, rest, _ := strings.Cut(strings.TrimPrefix(a.r.URL.EscapedPath(), "/ipfs/"), "/")
	at, err := address.Parse("ipfs://" + root)
	if err != nil || at.Kind() != address.IPFS {
		a.refuse(http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(a.r.Context(), h.o.Patience)
	defer cancel()
	s, handle := h.holderOf(ctx, at)
	if s == nil {
		a.refuse(http.StatusNotFound)
		return
	}
	defer handle.Close()
	a.site, a.count = s, s.count
	if !isVerified(a.r) {
		t := h.table.Load()
		if handle.Target().ID() != at.ID() {
			a.refuse(http.StatusNotFound) // a part of a site is no page
			return
		}
		a.Header().Set("Location", h.origin(a.r, t.hostOf(s))+"/"+rest)
		a.Header().Set("Cache-Control", noStore)
		a.Header().Set("Content-Length", "0")
		a.WriteHeader(http.StatusFound)
		return
	}
	in := a.r.WithContext(a.r.Context())
	in.Host, in.TLS, in.Body = "127.0.0.1", nil, http.NoBody
	in.Header = http.Header{}
	for _, name := range append(passed(), "Accept") {
		if v := a.r.Header[name]; len(v) > 0 {
			in.Header[name] = v
		}
	}
	h.o.IPFS.ServeHTTP(&blocks{a}, in)
}

// isVerified reports whether a request is for a form that its client verifies.
func isVerified(r *http.Request) bool {
	switch format := r.URL.Query().Get("format"); format {
	case "raw", "car":
		return true
	case "":
		accept := r.Header.Get("Accept")
		return strings.Contains(accept, "application/vnd.ipld.raw") || strings.Contains(accept, "application/vnd.ipld.car")
	}
	return false
}

// blocks is an answer with which the IPFS gateway answers.
type blocks struct{ *answer }

// WriteHeader sends the status and the headers.
func (b *blocks) WriteHeader(status int) {
	head := b.Header()
	for name := range head {
		if strings.HasPrefix(name, "Access-Control-") {
			head.Del(name)
		}
	}
	crossOrigin(head, b.r)
	b.answer.WriteHeader(status)
}

func (b *blocks) Write(p []byte) (int, error) {
	if !b.began {
		b.WriteHeader(http.StatusOK)
	}
	return b.answer.Write(p)
}

// holderOf finds the site that the block at belongs to, and opens it; nil when
// there is none.
func (h *Host) holderOf(ctx context.Context, at address.Address) (*served, Handle) {
	for _, s := range h.table.Load().sites {
		if s.site.Front != nil {
			continue
		}
		for _, a := range append([]address.Address{s.site.Address}, s.site.Also...) {
			if a.Network() == address.NetworkBitTorrent {
				continue
			}
			handle, err := h.o.Sites.Open(ctx, a)
			if err != nil {
				continue // it cannot be had just now, nor can its blocks
			}
			if s.blocks.has(ctx, handle, at) {
				return s, handle
			}
			handle.Close()
		}
	}
	return nil, nil
}

// blockSet knows which blocks the last version of a site is made of.
type blockSet struct {
	mu     sync.Mutex
	of     address.ID
	hashes map[string]struct{} // multihashes
}

// has reports whether a block is the site's.
func (b *blockSet) has(ctx context.Context, handle Handle, block address.Address) bool {
	target := handle.Target()
	if target.Kind() != address.IPFS {
		return false
	}
	if target.ID() == block.ID() {
		return true
	}
	pieces, ok := handle.Piecer()
	if !ok {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of != target.ID() {
		index, err := pieces.Index(ctx)
		if err != nil || index.Kind != engine.IndexIPFS {
			return false
		}
		hashes, err := hashesIn(index.Data)
		if err != nil {
			return false
		}
		b.of, b.hashes = target.ID(), hashes
	}
	_, ok = b.hashes[string(block.CID().Hash())]
	return ok
}

// hashesIn returns the multihashes of the blocks in a CARv1 and of those that
// they link to.
func hashesIn(car []byte) (map[string]struct{}, error) {
	header, ok := take(&car)
	if !ok || len(header) == 0 {
		return nil, badCAR()
	}
	out := map[string]struct{}{}
	for len(car) > 0 {
		section, ok := take(&car)
		if !ok {
			return nil, badCAR()
		}
		codec, hash, size, ok := readCID(section)
		if !ok {
			return nil, badCAR()
		}
		out[string(hash)] = struct{}{}
		if codec == dagPB {
			links(section[size:], out)
		}
	}
	return out, nil
}

func badCAR() error { return fault.New(fault.Corrupt, "the index is no CAR file") }

// take takes a part off b that a varint tells the length of.
func take(b *[]byte) (part []byte, ok bool) {
	n, size := binary.Uvarint(*b)
	if size <= 0 || n > uint64(len(*b)-size) {
		return nil, false
	}
	part = (*b)[size : size+int(n)]
	*b = (*b)[size+int(n):]
	return part, true
}

// dagPB is the codec of blocks that link (multicodec).
const dagPB = 0x70

// readCID reads a CID at the beginning of b: its codec, multihash and length.
func readCID(b []byte) (codec uint64, hash []byte, size int, ok bool) {
	const v0 = 2 + 32
	if len(b) >= v0 && b[0] == 0x12 && b[1] == 0x20 {
		return dagPB, b[:v0], v0, true
	}
	at := 0
	number := func() uint64 {
		n, size := binary.Uvarint(b[at:])
		if size <= 0 {
			at = len(b) + 1
			return 0
		}
		at += size
		return n
	}
	next := func() uint64 {
		if at > len(b) {
			return 0
		}
		return number()
	}
	version, codec := next(), next()
	begin := at
	_, length := next(), next()
	if version != 1 || at > len(b) || length > uint64(len(b)-at) {
		return 0, nil, 0, false
	}
	size = at + int(length)
	return codec, b[begin:size], size, true
}

// links adds the multihashes that a node of DAG-PB links to: field 1 of every
// field 2.
func links(node []byte, out map[string]struct{}) {
	eachField(node, 2, func(link []byte) {
		eachField(link, 1, func(cid []byte) {
			if _, hash, _, ok := readCID(cid); ok {
				out[string(hash)] = struct{}{}
			}
		})
	})
}

// eachField calls f with every field of a protobuf message that has a number and
// bytes; DAG-PB has no other fields but one that is a varint.
func eachField(message []byte, number uint64, f func([]byte)) {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 {
			return
		}
		message = message[size:]
		switch key & 7 {
		case 0:
			if _, size = binary.Uvarint(message); size <= 0 {
				return
			}
			message = message[size:]
		case 2:
			value, ok := take(&message)
			if !ok {
				return
			}
			if key>>3 == number {
				f(value)
			}
		default:
			return
		}
	}
}
