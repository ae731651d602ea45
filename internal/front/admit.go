package front

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// carried are the headers that go with a file (spec/front.md §5).
func carried() []string {
	return []string{
		"Cache-Control", "Content-Disposition", "Content-Language", "Content-Security-Policy",
		"Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
		"Last-Modified", "Link", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options",
		"X-Frame-Options", "X-Robots-Tag",
	}
}

// plain reports whether a request is one whose answer everybody gets.
func plain(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Cookie") == "" &&
		r.Header.Get("Authorization") == "" && r.Header.Get("Upgrade") == "" &&
		r.ContentLength == 0 && len(r.TransferEncoding) == 0
}

// public reports whether a shared cache may keep the answer h and give it to
// everybody, and for how long it is fresh (RFC 9111 §3, §4.2).
func (o *Options) public(h http.Header, now time.Time) (time.Duration, bool) {
	if len(h["Set-Cookie"]) > 0 || h.Get("Clear-Site-Data") != "" || h.Get("Content-Range") != "" ||
		len(h["Trailer"]) > 0 || len(h["Content-Type"]) > 1 || len(h.Get("Content-Type")) > maxType {
		return 0, false
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return 0, false
	}
	for _, v := range members(h, "Vary") {
		if v != "accept-encoding" {
			return 0, false
		}
	}
	control := directives(h)
	for _, never := range []string{"private", "no-store", "no-cache"} {
		if _, ok := control[never]; ok {
			return 0, false
		}
	}
	if _, ok := control[""]; ok || len(members(h, "Cache-Control")) == 0 && strings.EqualFold(h.Get("Pragma"), "no-cache") {
		return 0, false
	}
	fresh, ok := o.lifetime(h, control, now)
	return fresh, ok
}

// explicit reports whether the website itself says that an answer may be kept. It
// has to for what no page links to: the address may be one that only some were
// given, and a manifest lists what is in it.
func explicit(h http.Header) bool {
	control := directives(h)
	for _, name := range []string{"public", "max-age", "s-maxage"} {
		if _, ok := control[name]; ok {
			return true
		}
	}
	return len(h["Expires"]) > 0
}

// lifetime is how much longer an answer is fresh.
func (o *Options) lifetime(h http.Header, control map[string]string, now time.Time) (time.Duration, bool) {
	life := o.Lifetime
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		date = now
	}
	for _, name := range []string{"max-age", "s-maxage"} {
		text, ok := control[name]
		if !ok {
			continue
		}
		seconds, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
		if err != nil || seconds <= 0 {
			return 0, false
		}
		life = time.Duration(min(seconds, 10*365*24*3600)) * time.Second
	}
	if control["max-age"] == "" && control["s-maxage"] == "" && len(h["Expires"]) > 0 {
		expires, err := http.ParseTime(h.Get("Expires"))
		if err != nil || !expires.After(date) {
			return 0, false
		}
		life = expires.Sub(date)
	}
	age, err := strconv.ParseInt(h.Get("Age"), 10, 32)
	if err == nil && age > 0 {
		life -= time.Duration(age) * time.Second
	}
	return min(max(life, o.MinFresh), o.MaxFresh), true
}

// members returns those of the list in every header called name, in lower case.
func members(h http.Header, name string) []string {
	var out []string
	for _, line := range h[name] {
		for part := range strings.SplitSeq(line, ",") {
			if part = strings.ToLower(strings.TrimSpace(part)); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// directives reads Cache-Control. A member called "" says that it could not be read.
func directives(h http.Header) map[string]string {
	out := map[string]string{}
	for _, d := range members(h, "Cache-Control") {
		name, value, _ := strings.Cut(d, "=")
		name = strings.TrimSpace(name)
		if !token(name) {
			if !strings.HasSuffix(d, `"`) { // the rest of a quoted list of names
				name = ""
			}
		}
		if first, ok := out[name]; ok && first != value && (name == "max-age" || name == "s-maxage") {
			name = "" // RFC 9111 §4.2.1: two values are none
		}
		out[name] = strings.TrimSpace(value)
	}
	return out
}

// headers picks those that go with a file; false when they are too large, or cannot
// be carried unchanged.
func headers(h http.Header) (map[string]string, bool) {
	out, size := map[string]string{}, 0
	for _, name := range carried() {
		if values := h[name]; len(values) > 0 {
			value := strings.Join(values, ", ")
			if !ascii(value) {
				return nil, false // it may be what makes the file harmless
			}
			out[strings.ToLower(name)] = value
			size += len(name) + len(value)
		}
	}
	return out, size <= maxHeaders
}

// ascii reports whether a header's value is text that JSON carries unchanged.
func ascii(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b >= 0x7f || b < ' ' && b != '\t' })
}

// strong reports whether tag tells octets apart (RFC 9110 §8.8.1).
func strong(tag string) bool { return strings.HasPrefix(tag, `"`) }
