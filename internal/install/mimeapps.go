package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// group is where mimeapps.list says who opens what (MIME Applications §4).
const group = "[Default Applications]"

// defaults is a step that makes the desktop entry the default application of
// types, in the person's own mimeapps.list.
type defaults struct {
	path  string
	types []string
}

func (d defaults) plan() string {
	var schemes []string
	for _, t := range d.types {
		schemes = append(schemes, strings.TrimPrefix(t, "x-scheme-handler/")+":")
	}
	return "open " + strings.Join(schemes, " ") + " with Kith (" + d.path + ")"
}

func (d defaults) mayFail() bool { return false }

func (d defaults) do(_ context.Context, _ *Installer, r *record) error {
	list, err := readList(d.path)
	if err != nil {
		return err
	}
	for _, t := range d.types {
		if before := list.get(t); before != entryName {
			r.Before[t] = before
		}
		list.set(t, entryName)
	}
	return list.write(d.path)
}

func (d defaults) undo(_ context.Context, _ *Installer, r *record) (string, error) {
	list, err := readList(d.path)
	if err != nil {
		return "read " + d.path, err
	}
	var changed []string
	for _, t := range d.types {
		if list.get(t) != entryName {
			continue // not ours, or given to another since
		}
		list.set(t, r.Before[t])
		changed = append(changed, strings.TrimPrefix(t, "x-scheme-handler/")+":")
	}
	if changed == nil {
		return "", nil
	}
	return "give back " + strings.Join(changed, " ") + " (" + d.path + ")", list.write(d.path)
}

// list is mimeapps.list as lines, so that all the rest of it stays as it was.
type list struct{ lines []string }

func readList(path string) (*list, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &list{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the default applications: %w", err)
	}
	return parseList(string(data)), nil
}

func parseList(text string) *list {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return &list{}
	}
	return &list{strings.Split(text, "\n")}
}

func (l *list) String() string {
	if len(l.lines) == 0 {
		return ""
	}
	return strings.Join(l.lines, "\n") + "\n"
}

func (l *list) write(path string) error {
	if len(l.lines) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return writeFile(path, []byte(l.String()), 0o644)
}

// find returns the line of a type in the group, and where the group ends; -1
// for what is not there.
func (l *list) find(mediaType string) (at, end int) {
	at, end = -1, -1
	inside := false
	for n, line := range l.lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = line == group
		}
		if !inside {
			continue
		}
		if line != "" {
			end = n + 1
		}
		if key, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == mediaType && at < 0 {
			at = n
		}
	}
	return at, end
}

// get returns the default application of a type; "" when there is none.
func (l *list) get(mediaType string) string {
	at, _ := l.find(mediaType)
	if at < 0 {
		return ""
	}
	_, value, _ := strings.Cut(l.lines[at], "=")
	return strings.Trim(strings.TrimSpace(value), ";")
}

// set changes the default application of a type; "" takes the line away, and the
// group with its last line.
func (l *list) set(mediaType, entry string) {
	at, end := l.find(mediaType)
	line := mediaType + "=" + entry
	switch {
	case entry == "" && at >= 0:
		l.lines = slices.Delete(l.lines, at, at+1)
		l.dropEmpty()
	case entry == "":
	case at >= 0:
		l.lines[at] = line
	case end >= 0:
		l.lines = slices.Insert(l.lines, end, line)
	default:
		if len(l.lines) > 0 {
			l.lines = append(l.lines, "")
		}
		l.lines = append(l.lines, group, line)
	}
}

// dropEmpty takes the group away when nothing is in it.
func (l *list) dropEmpty() {
	at := slices.IndexFunc(l.lines, func(s string) bool { return strings.TrimSpace(s) == group })
	if at < 0 {
		return
	}
	for _, line := range l.lines[at+1:] {
		if line = strings.TrimSpace(line); line != "" {
			if strings.HasPrefix(line, "[") {
				break
			}
			return
		}
	}
	from := at
	for from > 0 && strings.TrimSpace(l.lines[from-1]) == "" {
		from--
	}
	l.lines = slices.Delete(l.lines, from, at+1)
}
