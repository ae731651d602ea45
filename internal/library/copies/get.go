package copies

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/seal"
)

// Asker asks a friend and waits for the answer; internal/exchange does.
type Asker interface {
	Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error)
}

// ErrGone is in the error of a document that was there and is not any more, for this
// person: it was deleted, or is for others now.
var ErrGone = errors.New("there was a document for you, and there is none any more")

// fetchMost is how much of a body is asked for at once (spec §5.3).
const fetchMost = 64 << 20

// Get opens what a friend has at a path, by the copy when it is fresh, else by
// asking. When the friend cannot be reached the copy is good as it is until its
// lease ends. again asks in any case. Errors: fault.NotFound when the friend says
// that there is nothing (or nothing for this person), and whatever Ask fails with.
func (c *Copies) Get(ctx context.Context, ask Asker, friend seal.RelationID, path string, again bool) (Copy, Body, error) {
	path = strings.TrimPrefix(path, "/")
	x, b, have := c.Lookup(friend, path)
	if have && !again && x.IsFresh(c.o.Now()) {
		return x, b, nil
	}
	r := seal.Request{Method: "GET", Path: "/" + path, Most: fetchMost, Header: map[string]string{}}
	if have {
		r.Header["if-none-match"] = x.ETag()
	}
	fetched, err := c.fetch(ctx, ask, friend, path, r)
	switch {
	case err == nil && fetched:
		if have {
			_ = b.Close()
		}
		if x, b, have = c.Lookup(friend, path); !have {
			return Copy{}, nil, fault.New(fault.Forbidden, "%s lent this for no time at all", path)
		}
		return x, b, nil
	case err == nil: // not modified
		return x, b, nil
	case have && fault.KindOf(err) != fault.NotFound:
		return x, b, nil
	}
	if have {
		_ = b.Close()
	}
	return Copy{}, nil, err
}

// fetch reports whether there is a new copy; if not, the old one is right.
func (c *Copies) fetch(ctx context.Context, ask Asker, friend seal.RelationID, path string, r seal.Request) (bool, error) {
	part := c.part(friend, path)
	if part != nil && r.Header["if-none-match"] == "" {
		if done, err := c.resume(ctx, ask, part); done || err != nil {
			return done, err
		}
	}
	reply, err := ask.Ask(ctx, friend, r)
	if err != nil {
		return false, err
	}
	if reply.Status == 200 || reply.Status == 206 {
		return true, c.keep(ctx, ask, friend, path, reply)
	}
	if err := closing(reply, nil); err != nil { // else the same answer would come again
		return false, err
	}
	switch reply.Status {
	case 304:
		return false, c.renew(friend, path, reply.Header)
	case 404, 410:
		had, err := c.Erase(friend, path)
		if err != nil {
			return false, err
		}
		if had || reply.Status == 410 {
			return false, fault.New(fault.NotFound, "%s: %w", path, ErrGone).WithHint("'kith friend ls' shows what there is")
		}
		return false, fault.New(fault.NotFound, "there is no %s for you", path).WithHint("'kith friend ls' shows what there is")
	case 429:
		return false, fault.New(fault.RateLimited, "the friend was asked too often")
	}
	return false, fault.New(fault.Unreachable, "the friend's device answered %d", reply.Status)
}

// part returns a copy that was begun.
func (c *Copies) part(friend seal.RelationID, path string) *Copy {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.all[key{friend, path}]; x != nil && x.Part && x.Lease > c.now() {
		found := *x
		return &found
	}
	return nil
}

// terms takes from headers how long a copy is fresh, and how long it is lent.
func (c *Copies) terms(x *Copy, h map[string]string) {
	x.Fetched = c.now()
	lease := number(h["kith-lease"], int64(c.o.MostLease/time.Second))
	x.Lease = x.Fetched + 1000*lease
	x.Fresh = x.Fetched
	for part := range strings.SplitSeq(h["cache-control"], ",") {
		part = strings.TrimSpace(part)
		if age, ok := strings.CutPrefix(part, "max-age="); ok {
			x.Fresh = x.Fetched + 1000*number(age, lease)
		}
		if part == "no-store" {
			x.Lease = x.Fetched
		}
	}
}

// number reads seconds, at most so many; what is none is 0.
func number(s string, most int64) int64 {
	n, err := strconv.ParseUint(s, 10, 62)
	if err != nil {
		return 0
	}
	return min(int64(n), most)
}

// renew notes that a copy is still right.
func (c *Copies) renew(friend seal.RelationID, path string, h map[string]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.all[key{friend, path}]
	if old == nil {
		return nil
	}
	x := *old
	c.terms(&x, h)
	return c.set(&x)
}

// keep stores what an answer brings, and asks for the rest of it.
func (c *Copies) keep(ctx context.Context, ask Asker, friend seal.RelationID, path string, reply *seal.Reply) error {
	x := &Copy{Friend: friend, Path: path, Header: header(reply.Header), Key: make([]byte, body.KeySize), Part: true}
	_, total, ok := span(reply)
	if !ok || total > c.o.Most {
		return closing(reply, fault.New(fault.TooLarge, "%s has %d octets", path, total))
	}
	x.Size = total
	if _, err := io.ReadFull(c.o.Rand, x.Key); err != nil {
		return closing(reply, err)
	}
	c.terms(x, reply.Header)
	w, err := body.Create(c.file(x), x.Key, c.o.Rand)
	if err != nil {
		return closing(reply, err)
	}
	begun := reply.Status == 206 && x.ETag() != "" // worth going on with after a restart
	if begun {
		if err := c.begin(x); err != nil {
			return closing(reply, errors.Join(err, w.Abort()))
		}
	}
	err = c.fill(ctx, ask, x, w, reply)
	if err != nil && !begun {
		err = errors.Join(err, body.Remove(c.file(x)))
	}
	return err
}

func (c *Copies) begin(x *Copy) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	begun := *x
	return c.set(&begun)
}

// header keeps what is of use later.
func header(h map[string]string) map[string]string {
	kept := map[string]string{}
	for _, name := range []string{"etag", "content-type", "last-modified"} {
		if v := h[name]; v != "" && len(v) <= 1024 {
			kept[name] = v
		}
	}
	return kept
}

// resume goes on with a copy that was begun. It reports false when the friend has
// another version by now.
func (c *Copies) resume(ctx context.Context, ask Asker, x *Copy) (bool, error) {
	w, err := body.Resume(c.file(x), x.Key, c.o.Rand)
	if err != nil {
		return false, err
	}
	err = c.fill(ctx, ask, x, w, nil)
	if fault.KindOf(err) == fault.Conflict {
		_, err := c.Erase(x.Friend, x.Path)
		return false, err
	}
	return err == nil, err
}

// fill writes an answer, and asks on until the body is whole.
func (c *Copies) fill(ctx context.Context, ask Asker, x *Copy, w *body.Writer, reply *seal.Reply) error {
	for first := true; first || w.Size() < x.Size; first = false {
		if reply == nil && w.Size() < x.Size {
			var err error
			if reply, err = c.more(ctx, ask, x, w.Size()); err != nil {
				return errors.Join(err, w.Pause())
			}
		}
		if reply == nil {
			break
		}
		before := w.Size()
		from, total, ok := span(reply)
		var err error
		if !ok || from != before || total != x.Size {
			err = fault.New(fault.Corrupt, "the friend's device sent another part of %s", x.Path)
		} else if reply.Body != nil {
			_, err = io.Copy(w, io.LimitReader(reply.Body, x.Size-before))
		}
		if err == nil && w.Size() == before && x.Size > before {
			err = fault.New(fault.Unreachable, "the friend's device sent nothing")
		}
		if err = closing(reply, err); err != nil {
			return errors.Join(err, w.Pause())
		}
		reply = nil
	}
	if _, err := w.Finish(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	whole := *x
	whole.Part = false
	return c.set(&whole)
}

// more asks for the next part.
func (c *Copies) more(ctx context.Context, ask Asker, x *Copy, at int64) (*seal.Reply, error) {
	end := min(at+fetchMost, x.Size)
	reply, err := ask.Ask(ctx, x.Friend, seal.Request{
		Method: "GET", Path: "/" + x.Path, Most: fetchMost, Header: map[string]string{
			"if-match": x.ETag(), "range": "bytes=" + strconv.FormatInt(at, 10) + "-" + strconv.FormatInt(end-1, 10),
		},
	})
	if err != nil {
		return nil, err
	}
	switch reply.Status {
	case 206:
		return reply, nil
	case 412, 416:
		return nil, closing(reply, fault.New(fault.Conflict, "%s changed while it was fetched", x.Path))
	case 404, 410:
		return nil, closing(reply, fault.New(fault.NotFound, "there is no %s for you any more", x.Path))
	}
	return nil, closing(reply, fault.New(fault.Unreachable, "the friend's device answered %d", reply.Status))
}

// span says which part of the whole a reply has.
func span(r *seal.Reply) (from, total int64, ok bool) {
	if r.Status == 200 {
		return 0, r.Size, true
	}
	v, found := strings.CutPrefix(r.Header["content-range"], "bytes ")
	first, rest, dash := strings.Cut(v, "-")
	_, size, slash := strings.Cut(rest, "/")
	from, err1 := strconv.ParseInt(first, 10, 64)
	total, err2 := strconv.ParseInt(size, 10, 64)
	return from, total, found && dash && slash && err1 == nil && err2 == nil && from >= 0 && total >= 0
}

func closing(r *seal.Reply, err error) error {
	if r != nil && r.Body != nil {
		err = errors.Join(err, r.Body.Close())
	}
	return err
}
