package metafile

import (
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// cleanName makes a torrent's name one part of a path.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == 0 {
			return '_'
		}
		return r
	}, name)
	for len(name) > 255 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name == "" || name == "." || name == ".." {
		return "site"
	}
	return name
}

// settle makes paths of the entries' parts, without a folder that all share,
// and follows symbolic links.
func (p *parser) settle() error {
	strip := 0
	if p.sharedTop() {
		strip = 1
	}
	seen := make(map[string]int, len(p.entries)) // 1 + index of a file, 0 for a folder
	for i, e := range p.entries {
		if _, err := join(e.parts); err != nil {
			return err
		}
		name, err := join(e.parts[strip:])
		if err != nil {
			return err
		}
		if _, ok := seen[name]; ok {
			return corrupt("the torrent has %.100q twice", name)
		}
		seen[name] = i + 1
		p.entries[i].Path = name
	}
	for _, e := range p.entries {
		for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
			if i, ok := seen[dir]; ok && i > 0 {
				return corrupt("the torrent has %.100q as a file and as a folder", dir)
			} else if ok {
				break
			}
			seen[dir] = 0
		}
	}
	for _, e := range p.entries {
		if e.link == nil {
			p.m.Files = append(p.m.Files, e.File)
		} else if target, ok := p.follow(e, seen, strip); ok {
			p.m.Files = append(p.m.Files, File{
				Path: e.Path, Offset: target.Offset, Size: target.Size, Root: target.Root, Link: true,
			})
		}
	}
	if len(p.m.Files) == 0 {
		return corrupt("the torrent has no files")
	}
	return nil
}

// sharedTop says whether everything lies in one folder. That folder is then the
// site, so that a torrent of "site/index.html" opens at index.html.
//
// It is not so for v2 and hybrid torrents, nor where a pad file with the name of
// rootMark says that the folder belongs to the site: Kith's own are exact.
func (p *parser) sharedTop() bool {
	if len(p.entries) == 0 || p.m.HasV2 || p.keepTop {
		return false
	}
	for _, e := range p.entries {
		if len(e.parts) < 2 || e.parts[0] != p.entries[0].parts[0] {
			return false
		}
	}
	return true
}

// rootMark is the path of the pad file by which a torrent made here says that a
// folder which everything lies in is part of the site.
const rootMark = ".pad/root"

func isRootMark(parts []string) bool { return strings.Join(parts, "/") == rootMark }

// follow finds the file a symbolic link leads to (BEP 47: by its path from the
// torrent's root). Links that leave the torrent, go in circles or lead to a
// folder are left out.
func (p *parser) follow(e entry, seen map[string]int, strip int) (File, bool) {
	const most = 16
	for range most {
		if e.link == nil {
			return e.File, true
		}
		if len(e.link) <= strip {
			return File{}, false
		}
		i := seen[path.Join(e.link[strip:]...)]
		if i == 0 {
			return File{}, false
		}
		e = p.entries[i-1]
	}
	return File{}, false
}

// join makes a path of its parts, and refuses those that are no path: climbing,
// empty, endless. Names in no known encoding get replacement characters.
func join(parts []string) (string, error) {
	clean := make([]string, len(parts))
	for i, part := range parts {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "/\x00") {
			return "", corrupt("the torrent has the path %.200q, which leads outside", strings.Join(parts, "/"))
		}
		if len(part) > maxPartLength {
			return "", corrupt("the torrent has a name of %d octets", len(part))
		}
		clean[i] = strings.ToValidUTF8(part, "\uFFFD")
	}
	name := strings.Join(clean, "/")
	if len(name) > maxPathLength || len(parts) > maxPathParts || !fs.ValidPath(name) || name == "." {
		return "", corrupt("the torrent has the path %.200q, which is not usable", name)
	}
	return name, nil
}
