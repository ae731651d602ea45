package inject

import (
	"mime"
	"net/http"
	"strings"
)

// Defaults of Options.
const (
	DefaultEager      = 1
	DefaultMaxTag     = 64 << 10
	DefaultMaxElement = 32 << 10
)

// Options of a Writer.
type Options struct {
	// Loader is the URL of the script that is put into the head; "" puts none.
	Loader string
	// Defer defers pictures, audio and video.
	Defer bool
	// Eager is how many pictures at the start of a page are not deferred; 0 means
	// the default, and less than 0 none.
	Eager int
	// MaxTag is the size of a tag, and MaxElement that of a picture, audio or
	// video element with what is in it, up to which they are changed. 0 means the
	// default.
	MaxTag     int
	MaxElement int
}

func (o *Options) setDefaults() {
	if o.Eager == 0 {
		o.Eager = DefaultEager
	}
	if o.MaxTag <= 0 {
		o.MaxTag = DefaultMaxTag
	}
	if o.MaxElement <= 0 {
		o.MaxElement = DefaultMaxElement
	}
}

// Applies reports whether the body of a response with header h is a page that a
// Writer can change: whole, HTML, not compressed, shown rather than saved, and in
// an encoding in which ASCII characters are themselves.
func Applies(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "text/html" {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(params["charset"])) {
	case "utf-16", "utf-16le", "utf-16be", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode", "unicodefeff", "unicodefffe",
		"utf-32", "utf-32le", "utf-32be", "utf-7", "iso-2022-jp", "csiso2022jp", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312":
		return false
	}
	encoding := h.Get("Content-Encoding")
	disposition, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	return (encoding == "" || strings.EqualFold(encoding, "identity")) && h.Get("Content-Range") == "" &&
		!strings.EqualFold(strings.TrimSpace(disposition), "attachment")
}
