package library

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/fault"
)

// CheckPath says what is wrong with a path of a document: segments of letters a
// person could type, parted by slashes, none of them empty, "." or "..".
func CheckPath(path string) error {
	if path == "" || len(path) > maxPath {
		return fault.New(fault.Invalid, "a path of %d octets", len(path)).WithHint("use 1 to %d octets", maxPath)
	}
	if !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
		return fault.New(fault.Invalid, "the path %q has control characters or is not UTF-8", path)
	}
	for i, s := range strings.Split(path, "/") {
		if s == "" || s == "." || s == ".." || len(s) > maxSegment || i == 0 && (s == ".own" || s == ".app") {
			return fault.New(fault.Invalid, "the path %q has a part %q", path, s).
				WithHint("parts are separated by one slash, not empty, and at most %d octets; the first is not .own or .app", maxSegment)
		}
	}
	return nil
}

// checkFolder allows what CheckPath does, with or without a slash at the end, and
// the empty string.
func checkFolder(path string) error {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return nil
	}
	return CheckPath(path)
}

func checkRecordKey(key string) error {
	if key == "" || len(key) > maxPath || !utf8.ValidString(key) {
		return fault.New(fault.Invalid, "a record's key of %d octets", len(key))
	}
	return nil
}

func checkApp(app string) error {
	for _, c := range app {
		if c > unicode.MaxASCII || c <= ' ' || c == '/' || c == 0x7f {
			return fault.New(fault.Invalid, "an app is not called %q", app)
		}
	}
	if len(app) > maxApp || strings.HasPrefix(app, ".") {
		return fault.New(fault.Invalid, "an app is not called %q", app).WithHint("at most %d characters, no dot first", maxApp)
	}
	return nil
}

func checkLabel(l string) error {
	if l == "" || len(l) > maxLabel || !utf8.ValidString(l) || strings.ContainsFunc(l, unicode.IsControl) {
		return fault.New(fault.Invalid, "the label %q", l).WithHint("use 1 to %d octets", maxLabel)
	}
	return nil
}

func checkType(t string) error {
	for _, c := range t {
		if c < ' ' || c > '~' {
			return fault.New(fault.Invalid, "the media type %q", t)
		}
	}
	if len(t) > maxType {
		return fault.New(fault.Invalid, "a media type of %d octets", len(t))
	}
	return nil
}
