package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Progress is how far an import or export is.
type Progress struct {
	Path   string // what is done now
	Files  int    // done
	Octets int64  // done
	Same   int    // of Files: were there already
	Failed []string
}

// ImportOptions choose what Import does.
type ImportOptions struct {
	App      string
	To       string // the folder in the library; "" for its top
	Labels   []string
	Audience *Audience // nil keeps what there is
	Hidden   bool      // take files whose name begins with a dot
	Progress func(Progress)
	// Send is handed the messages of each document as they come; nil drops none:
	// they are in the result.
	Send func([]seal.Outgoing)
}

// Import stores the files of a folder. A file that is in the library already, of
// the same size and time, is not read again, so that an import that was
// interrupted goes on. Links and what is no file are left out. Files that could
// not be read are in Progress.Failed; the error is then fault.Partial.
func (l *Library) Import(ctx context.Context, from fs.FS, o ImportOptions) (Progress, []seal.Outgoing, error) {
	var p Progress
	var out []seal.Outgoing
	if err := errors.Join(checkFolder(o.To), checkApp(o.App)); err != nil {
		return p, nil, err
	}
	send := o.Send
	if send == nil {
		send = func(m []seal.Outgoing) { out = append(out, m...) }
	}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case err != nil:
			p.Failed = append(p.Failed, name)
			return nil
		case d.IsDir() && hidden && !o.Hidden:
			return fs.SkipDir
		case !d.Type().IsRegular() || hidden && !o.Hidden:
			return nil
		}
		p.Path = below(o.To) + name
		if err := l.importFile(ctx, from, name, &p, o, send); err != nil {
			if ctx.Err() != nil || fault.KindOf(err) == fault.NoSpace {
				return err
			}
			p.Failed = append(p.Failed, name)
		}
		if o.Progress != nil {
			o.Progress(p)
		}
		return nil
	})
	if err == nil && len(p.Failed) > 0 {
		err = fault.New(fault.Partial, "%d files could not be stored, the first is %s", len(p.Failed), p.Failed[0])
	}
	return p, compact(out), err
}

func (l *Library) importFile(ctx context.Context, from fs.FS, name string, p *Progress, o ImportOptions, send func([]seal.Outgoing)) error {
	f, err := from.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	at := info.ModTime().UnixMilli()
	if have, err := l.Stat(o.App, p.Path); err == nil && have.Here && have.Size == info.Size() && have.Modified == at {
		p.Files, p.Same, p.Octets = p.Files+1, p.Same+1, p.Octets+info.Size()
		return nil
	}
	item, out, err := l.Put(ctx, p.Path, f, PutOptions{App: o.App, Labels: o.Labels, Audience: o.Audience, Modified: at})
	if err != nil {
		return err
	}
	p.Files, p.Octets = p.Files+1, p.Octets+item.Size
	send(out)
	return nil
}

// compact drops what a later message replaces.
func compact(out []seal.Outgoing) []seal.Outgoing {
	type place struct {
		to   seal.RelationID
		kind seal.MessageKind
	}
	last := map[place]int{}
	for i, m := range out {
		if m.Replaces {
			last[place{m.To, m.Kind}] = i
		}
	}
	kept := out[:0]
	for i, m := range out {
		if !m.Replaces || last[place{m.To, m.Kind}] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

// Export writes the documents of a folder as files below a folder of the disk. A
// file that is there already, of the same size and time, is left alone. Names
// that some system cannot have are written with percent signs; nothing is ever
// written outside the folder, through links neither. Documents whose bodies are
// on other devices alone are in Progress.Failed; the error is then fault.Partial.
func (l *Library) Export(ctx context.Context, app, folder, to string, progress func(Progress)) (Progress, error) {
	var p Progress
	items, err := l.List(ListOptions{App: app, Folder: folder})
	if err != nil {
		return p, err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return p, fmt.Errorf("export: %w", err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return p, fmt.Errorf("export: %w", err)
	}
	defer root.Close()
	for _, item := range items {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		p.Path = item.Path
		same, err := l.exportFile(ctx, root, item, SafeName(strings.TrimPrefix(item.Path, below(folder))))
		if err != nil {
			if ctx.Err() != nil {
				return p, err
			}
			p.Failed = append(p.Failed, item.Path)
		} else {
			p.Files, p.Octets = p.Files+1, p.Octets+item.Size
		}
		if same {
			p.Same++
		}
		if progress != nil {
			progress(p)
		}
	}
	if len(p.Failed) > 0 {
		err = fault.New(fault.Partial, "%d documents could not be written, the first is %s", len(p.Failed), p.Failed[0])
	}
	return p, err
}

func (l *Library) exportFile(ctx context.Context, root *os.Root, item Item, name string) (same bool, err error) {
	at := time.UnixMilli(item.Modified)
	if info, err := root.Lstat(name); err == nil && info.Mode().IsRegular() && info.Size() == item.Size && info.ModTime().UnixMilli() == item.Modified {
		return true, nil
	}
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
	}
	_, b, err := l.Get(item.App, item.Path)
	if err != nil {
		return false, err
	}
	defer b.Close()
	temp := name + ".kith-part"
	f, err := root.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(f, &contextReader{ctx, b})
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Chtimes(temp, at, at)
	}
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return false, errors.Join(err, root.Remove(temp))
	}
	return false, nil
}

// SafeName is a path of the library as the name of a file that every system can
// have: what some cannot is written as %XX.
func SafeName(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		parts[i] = safePart(s)
	}
	return strings.Join(parts, "/")
}

func safePart(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		last := i == len(s)-1 && (c == '.' || c == ' ')
		if c < ' ' || c == 0x7f || strings.IndexByte(`<>:"\|?*%/`, c) >= 0 || last {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	name := b.String()
	stem, _, _ := strings.Cut(name, ".")
	switch up := strings.ToUpper(strings.TrimRight(stem, " ")); {
	case up == "CON", up == "PRN", up == "AUX", up == "NUL",
		len(up) == 4 && (strings.HasPrefix(up, "COM") || strings.HasPrefix(up, "LPT")) && up[3] >= '1' && up[3] <= '9':
		return fmt.Sprintf("%%%02X", name[0]) + name[1:]
	}
	return name
}
