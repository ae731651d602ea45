package metafile

import (
	"bytes"
	"slices"
)

// fileList reads the files of a v1 torrent: "files", or "length" of a single
// one (BEP 3).
func (p *parser) fileList() error {
	files, many := p.v.get("files")
	if !many {
		n, ok := p.v.integer("length")
		if !ok {
			return corrupt("the torrent has no files")
		}
		return p.add(entry{parts: []string{p.m.Name}, File: File{Size: n}}, false)
	}
	if files.kind != 'l' || len(files.list) == 0 {
		return corrupt("the torrent has no files")
	}
	for _, f := range files.list {
		e, pad, err := readFile(f)
		p.keepTop = p.keepTop || (pad && isRootMark(e.parts))
		if err == nil {
			err = p.add(e, pad)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readFile reads an entry of "files".
func readFile(f value) (e entry, pad bool, err error) {
	n, ok := f.integer("length")
	attr := f.text("attr")
	if !ok && !hasAttr(attr, 'l') {
		return e, false, corrupt("the torrent has a file without a length")
	}
	e.Size = n
	path, ok := f.get("path.utf-8")
	if !ok || len(path.list) == 0 {
		path, _ = f.get("path")
	}
	if e.parts, err = texts(path); err != nil {
		return e, false, err
	}
	if hasAttr(attr, 'l') {
		target, _ := f.get("symlink path")
		e.link, err = texts(target)
	}
	return e, hasAttr(attr, 'p'), err
}

func hasAttr(attr string, c byte) bool { return bytes.IndexByte([]byte(attr), c) >= 0 }

// texts reads a list of strings.
func texts(v value) ([]string, error) {
	if v.kind != 'l' || len(v.list) == 0 || len(v.list) > maxPathParts {
		return nil, corrupt("the torrent has a file without a usable path")
	}
	out := make([]string, len(v.list))
	for i, part := range v.list {
		if part.kind != 's' {
			return nil, corrupt("the torrent has a path that is not text")
		}
		out[i] = string(part.str)
	}
	return out, nil
}

// add takes one file behind those before it.
func (p *parser) add(e entry, pad bool) error {
	m := p.m
	if p.files++; p.files > p.l.MaxFiles {
		return tooLarge("the torrent has more than %d files", p.l.MaxFiles)
	}
	if e.Size < 0 || (e.link != nil && e.Size != 0) {
		return corrupt("the torrent has a file of %d octets", e.Size)
	}
	if e.Size > p.l.MaxSize-m.Size || e.Size > 2*p.l.MaxSize-m.Span {
		return tooLarge("the torrent has more than %d octets", p.l.MaxSize)
	}
	e.Offset = m.Span
	m.Span += e.Size
	if pad {
		return nil
	}
	m.Size += e.Size
	p.entries = append(p.entries, e)
	return nil
}

// fileTree reads the files of a v2 or hybrid torrent (BEP 52). Each begins at a
// piece.
func (p *parser) fileTree() error {
	tree, ok := p.v.get("file tree")
	if !ok || len(tree.list) == 0 {
		return corrupt("the torrent has no files")
	}
	return p.branch(tree, nil)
}

func (p *parser) branch(dir value, above []string) error {
	if dir.kind != 'd' {
		return corrupt("the torrent's file tree is damaged")
	}
	order := make([]int, len(dir.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(dir.keys[a], dir.keys[b]) })
	for _, i := range order {
		name, sub := string(dir.keys[i]), dir.list[i]
		if len(above) >= maxPathParts {
			return corrupt("the torrent has a path of more than %d parts", maxPathParts)
		}
		path := append(slices.Clone(above), name)
		props, isFile := sub.get("")
		var err error
		switch {
		case name == "":
			err = corrupt("the torrent has a file without a name")
		case isFile && len(sub.keys) > 1:
			err = corrupt("the torrent has a file that is a folder too")
		case isFile:
			err = p.leaf(props, path)
		case len(sub.keys) == 0:
			err = corrupt("the torrent has an empty folder")
		default:
			err = p.branch(sub, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf takes a file of a tree.
func (p *parser) leaf(props value, path []string) error {
	m := p.m
	n, ok := props.integer("length")
	if !ok {
		return corrupt("the torrent has a file without a length")
	}
	if m.Span > 2*p.l.MaxSize {
		return tooLarge("the torrent has more than %d octets", p.l.MaxSize)
	}
	m.Span = (m.Span + m.PieceLength - 1) / m.PieceLength * m.PieceLength
	e := entry{parts: path, File: File{Size: n}}
	if root := props.text("pieces root"); len(root) == 32 {
		e.Root = [32]byte([]byte(root))
	} else if n > 0 {
		return corrupt("the torrent has a file without a hash")
	}
	if err := p.add(e, false); err != nil {
		return err
	}
	if n/m.PieceLength > 1<<24 {
		return tooLarge("the torrent has too many pieces")
	}
	for end := m.Span - n; end < m.Span; {
		end = min(end+m.PieceLength, m.Span)
		m.ends = append(m.ends, end)
	}
	return nil
}
