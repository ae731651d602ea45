package app

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPath is how many octets a path may have.
const maxPath = 1024

// parsePath reads a percent-encoded path below /.kith/data/ or a friend's handle.
// A folder ends in a slash; the empty path is the folder of everything.
func parsePath(escaped string) (string, error) {
	if escaped == "" {
		return "", nil
	}
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return "", invalid("%.200q is no path", escaped)
		}
		if plain == "" && i == len(segments)-1 {
			continue // a folder
		}
		if err := checkSegment(plain); err != nil {
			return "", err
		}
		segments[i] = plain
	}
	return bounded(strings.Join(segments, "/"))
}

// checkPath reads a path as JSON has it, without percent-encoding.
func checkPath(plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	for s := range strings.SplitSeq(strings.TrimSuffix(plain, "/"), "/") {
		if err := checkSegment(s); err != nil {
			return "", err
		}
	}
	return bounded(plain)
}

func bounded(path string) (string, error) {
	if len(path) > maxPath {
		return "", invalid("a path of %d octets is longer than %d", len(path), maxPath)
	}
	return path, nil
}

func checkSegment(s string) error {
	if s == "" || s == "." || s == ".." || strings.Contains(s, "/") || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return invalid("%.200q is no part of a path", s)
	}
	return nil
}

func isFolder(path string) bool { return path == "" || strings.HasSuffix(path, "/") }

// escapePath is a path as it stands in a URL.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
