package transfer

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Ends of the names that this package gives to what is not whole. Nothing that
// arrives keeps such a name.
const (
	partSuffix    = ".kith-part"
	journalPrefix = ".kith-"
	journalSuffix = ".journal"
)

// namer gives what is offered names that are safe here: each component is
// normalised and cleaned, and no two files get names that a file system may
// take for the same.
type namer struct {
	windows bool
	taken   map[string]bool   // folded paths
	folders map[string]string // offered path of a folder → its local one
	fold    cases.Caser
}

func newNamer(windows bool) *namer {
	return &namer{windows: windows, taken: map[string]bool{}, folders: map[string]string{}, fold: cases.Fold()}
}

// place returns the local, slash-separated path for an offered file. used says
// whether a name at the top is taken already; nil for a free folder.
func (n *namer) place(f File, used func(name string) bool) string {
	if local, ok := n.folders[f.Path]; ok && f.Folder {
		return local
	}
	dir, base := path.Split(f.Path)
	if dir = strings.TrimSuffix(dir, "/"); dir != "" {
		dir = n.place(File{Path: dir, Folder: true}, used)
	}
	base = n.clean(base)
	local := path.Join(dir, base)
	for i := 2; n.taken[n.key(local)] || dir == "" && used != nil && used(local); i++ {
		local = path.Join(dir, numbered(base, i, f.Folder))
	}
	n.taken[n.key(local)] = true
	if f.Folder {
		n.folders[f.Path] = local
	}
	return local
}

// key is equal for names that some file system takes for one.
func (n *namer) key(name string) string { return n.fold.String(norm.NFC.String(name)) }

// numbered is "name (2).ext".
func numbered(base string, i int, folder bool) string {
	ext := path.Ext(base)
	if folder || ext == base || len(ext) > 16 {
		ext = ""
	}
	number := fmt.Sprintf(" (%d)", i)
	return shorten(strings.TrimSuffix(base, ext), maxComponent-len(partSuffix)-len(ext)-len(number)) + number + ext
}

// clean makes one component of a path safe to create.
func (n *namer) clean(name string) string {
	name = norm.NFC.String(name)
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\' && n.windows, unicode.IsControl(r), r == unicode.ReplacementChar:
			return '_'
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f:
			return '_' // marks that make a name read otherwise than it is
		case n.windows && strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	if n.windows {
		name = cleanForWindows(name)
	}
	ext := path.Ext(name)
	if ext == name || len(ext) > 16 {
		ext = ""
	}
	name = shorten(strings.TrimSuffix(name, ext), maxComponent-len(partSuffix)-len(ext)-1) + ext
	lower := strings.ToLower(name) // after it was cut: a cut may make such a name
	if strings.HasSuffix(lower, partSuffix) || strings.HasPrefix(lower, journalPrefix) && strings.HasSuffix(lower, journalSuffix) {
		name += "_"
	}
	if name == "" || name == "." || name == ".." {
		return "_"
	}
	return name
}

// cleanForWindows avoids the names of devices, and ends that Windows drops.
func cleanForWindows(name string) string {
	if trimmed := strings.TrimRight(name, ". "); trimmed != name {
		name = trimmed + "_"
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return "_" + name
	}
	for _, device := range []string{"COM", "LPT"} {
		if rest, ok := strings.CutPrefix(stem, device); ok && len([]rune(rest)) == 1 && strings.Contains("0123456789¹²³", rest) {
			return "_" + name
		}
	}
	return name
}

// shorten cuts a name to at most n bytes, at a character.
func shorten(name string, n int) string {
	if len(name) <= n {
		return name
	}
	end := 0
	for i := range name {
		if i > n {
			break
		}
		end = i
	}
	return name[:end]
}
