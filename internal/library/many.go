package library

import (
	"bytes"
	"context"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Document is one of PutMany.
type Document struct {
	App, Path, Type string
	Labels          []string
	Audience        Audience
	Modified        int64
	Body            []byte
}

// PutMany stores documents that are in memory, all of them or none, and much
// faster than one after the other. No path may be there twice.
func (l *Library) PutMany(ctx context.Context, docs []Document) ([]seal.Outgoing, error) {
	in := make([]staged, len(docs))
	seen := map[string]bool{}
	var err error
	for i, d := range docs {
		name := publicPath(d.App, d.Path)
		if seen[name] {
			err = fault.New(fault.Invalid, "the path %s is there twice", name)
		}
		seen[name] = true
		if err == nil {
			err = d.options().check(d.Path)
		}
		if err == nil {
			in[i], err = l.stage(ctx, bytes.NewReader(d.Body))
		}
		if err != nil {
			l.unstage(in[:i])
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ws := make([]*write, len(docs))
	for i, d := range docs {
		if ws[i], err = l.version(d.Path, in[i], d.options()); err != nil {
			break
		}
	}
	var out []seal.Outgoing
	if err == nil {
		out, err = l.change(ws)
	}
	if err != nil {
		l.unstage(in)
	}
	return out, err
}

func (d Document) options() PutOptions {
	return PutOptions{
		App: d.App, Type: d.Type, Labels: slices.Clone(d.Labels), Audience: &d.Audience, Modified: d.Modified,
	}
}

// unstage removes bodies that came to nothing.
func (l *Library) unstage(in []staged) {
	for _, s := range in {
		if !s.inline {
			l.discard(s.key)
		}
	}
}
