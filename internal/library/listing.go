package library

import (
	"crypto/aes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/seal"
)

// A listing is at most this long; the next page begins behind "next".
const listingMost = 32 << 20

func parseHandle(s string) (h Handle, ok bool) {
	n, err := hex.Decode(h[:], short(s, len(h)))
	return h, err == nil && n == len(h)
}

// answerFolder lists what a friend may see below a folder, or what changed there
// since a cursor.
func (l *Library) answerFolder(from seal.RelationID, folder string, q url.Values, r seal.Request) (*seal.Reply, error) {
	friend, known := l.circle.friends[from]
	if !known || friend.Blocked {
		return absent(), nil
	}
	v := l.viewer(friend)
	top, many := l.newest(v)
	since, delta := l.openCursor(friend, q.Get("since"))
	began, tracked := l.given[from]
	delta = delta && tracked && since >= began && since <= l.seq
	if delta {
		if err := l.told(from, since); err != nil {
			return nil, err
		}
		top = max(top, since)
	} else {
		since = 0
		if top = max(top, began); !tracked {
			if err := l.track(from, top); err != nil {
				return nil, err
			}
		}
	}
	cursor := l.sealCursor(friend, top)
	tag := listTag(cursor, r.Path)
	head := map[string]string{
		headETag: tag, headCache: "private, max-age=0", headLease: seconds(l.o.Lease), headType: "application/json",
	}
	if n := r.Header[headIfNone]; n != "" && matches(n, tag) {
		return &seal.Reply{Status: 304, Header: head}, nil
	}
	p := page{folder: folder, after: q.Get("after"), since: since, most: listingMost, many: many}
	if r.Most > 0 {
		p.most = int(min(r.Most, listingMost))
	}
	out := l.render(v, p, cursor, q.Has("since"), delta)
	head[headLength] = strconv.Itoa(len(out))
	return &seal.Reply{Status: 200, Header: head, Body: reader(out), Size: int64(len(out))}, nil
}

// newest is the highest number of a change that a friend may know of, and how many
// documents they may see.
func (l *Library) newest(v *viewer) (top uint64, many int) {
	for _, e := range l.index.byPath {
		if v.sees(e) {
			top, many = max(top, e.seq), many+1
		}
	}
	for _, g := range l.gone {
		if g.Seq > top && slices.Contains(g.Waiting, v.friend.Relation) {
			top = g.Seq
		}
	}
	return top, many
}

// track remembers that a friend has a cursor.
func (l *Library) track(id seal.RelationID, from uint64) error {
	l.given[id] = from
	b := l.begin()
	if err := l.setGiven(b); err != nil {
		return err
	}
	return b.Commit()
}

// page is what of a folder is told.
type page struct {
	folder string
	after  string
	since  uint64
	most   int
	many   int // documents at most
}

// render writes the JSON of a listing (spec §5.3).
func (l *Library) render(v *viewer, p page, cursor string, asked, delta bool) []byte {
	out := append(make([]byte, 0, min(p.most, 256+200*p.many)), `{"items":[`...)
	next, last, first := "", "", true
	app, folder := splitPath(p.folder)
	l.index.each(app, folder, func(e *entry, shown string) bool {
		if e.seq <= p.since || !v.sees(e) {
			return true
		}
		name := publicPath(app, shown)
		if p.after != "" && name <= p.after {
			return true
		}
		if len(out) > p.most-4096 && !first {
			next = last
			return false
		}
		if !first {
			out = append(out, ',')
		}
		first, last = false, name
		out = appendItem(out, e, name, v.friend.Relation)
		return true
	})
	out = append(out, `],"cursor":`...)
	out = appendString(out, cursor)
	if delta {
		out = l.appendGone(out, v, p)
	} else if asked {
		out = append(out, `,"complete":true`...)
	}
	if next != "" {
		out = appendString(append(out, `,"next":`...), next)
	}
	return append(out, '}')
}

func (l *Library) appendGone(out []byte, v *viewer, p page) []byte {
	var paths []string
	for _, g := range l.gone {
		if g.Seq <= p.since || !strings.HasPrefix(g.Path, p.folder) || !slices.Contains(g.Waiting, v.friend.Relation) {
			continue
		}
		app, path := splitPath(g.Path)
		if e := l.index.find(app, path); e == nil || !v.sees(e) {
			paths = append(paths, g.Path)
		}
	}
	out = append(out, `,"gone":[`...)
	for i, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, path)
	}
	return append(out, ']')
}

func appendItem(out []byte, e *entry, name string, friend seal.RelationID) []byte {
	out = appendString(append(out, `{"path":`...), name)
	out = appendString(append(out, `,"type":`...), e.ctype)
	out = strconv.AppendInt(append(out, `,"size":`...), e.size, 10)
	out = append(appendTag(append(out, `,"etag":"\"`...), e.handle, e.rev, friend), `\""`...)
	out = strconv.AppendInt(append(out, `,"modified":`...), e.modified, 10)
	if len(e.labels) > 0 {
		out = append(out, `,"labels":[`...)
		for i, label := range e.labels {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendString(out, label)
		}
		out = append(out, ']')
	}
	return append(out, '}')
}

// appendString appends a JSON string.
func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(out, `""`...)
			}
			return append(out, quoted...)
		}
	}
	out = append(append(out, '"'), s...)
	return append(out, '"')
}

// A cursor is the number of a change, sealed for one friend by this device: it
// tells nobody how much happened that was not for them. What the friend's
// standing hangs on is in it, too: when that changed, they are told everything
// anew.
func (l *Library) sealCursor(f Friend, seq uint64) string {
	var block [aes.BlockSize]byte
	binary.BigEndian.PutUint64(block[:], seq)
	copy(block[8:], l.standing(f))
	c, err := aes.NewCipher(l.cursorKey(f))
	if err != nil {
		return ""
	}
	c.Encrypt(block[:], block[:])
	return base64.RawURLEncoding.EncodeToString(block[:])
}

func (l *Library) openCursor(f Friend, s string) (uint64, bool) {
	block, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(block) != aes.BlockSize {
		return 0, false
	}
	c, err := aes.NewCipher(l.cursorKey(f))
	if err != nil {
		return 0, false
	}
	c.Decrypt(block, block)
	if string(block[8:]) != string(l.standing(f)) {
		return 0, false
	}
	return binary.BigEndian.Uint64(block), true
}

func (l *Library) cursorKey(f Friend) []byte {
	key, err := hkdf.Expand(sha256.New, l.cursor, "kith cursor 1"+string(f.Relation[:]), 32)
	if err != nil {
		return nil
	}
	return key
}

// standing is the beginning of a hash of all that decides what a friend may see,
// but the items.
func (l *Library) standing(f Friend) []byte {
	var in []string
	for h, members := range l.lists.members {
		if members[f.Relation] {
			in = append(in, string(h[:]))
		}
	}
	slices.Sort(in)
	sum := sha256.Sum256([]byte(strconv.FormatBool(f.All) + strings.Join(in, "") + strconv.Itoa(len(l.resets))))
	return sum[:8]
}

func listTag(cursor, path string) string {
	sum := sha256.Sum256([]byte("kith listing" + cursor + path))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
