package host

import (
	"net/http"
	"strings"
)

// passed are the headers of a request that the gateway gets. What a browser
// tells of itself stays here: a node's rules for other origins are not those of
// public sites. Cookies do too.
func passed() []string {
	return []string{
		"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Service-Worker",
	}
}

// serveFiles has the gateway answer with the site's own files.
func (h *Host) serveFiles(a *answer) {
	a.pages = true
	in := h.inner(a)
	if a.loader = !h.o.Plain && isPage(a.r); a.loader {
		unmarkTags(in.Header)
	}
	h.o.Gateway.ServeHTTP(&public{answer: a}, in)
	a.end()
}

// isPage reports whether a browser shows the answer to r as a page, to which the
// loader may be added. Programs do not say what an answer is for, and get the
// bytes as they are.
func isPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe":
		return r.Method == http.MethodGet && r.Header.Get("Range") == ""
	}
	return false
}

// inner is a request as the gateway gets it.
func (h *Host) inner(a *answer) *http.Request {
	in := a.r.WithContext(a.r.Context())
	in.Host = a.site.label + ".localhost"
	in.TLS = nil
	in.Body = http.NoBody
	in.Header = http.Header{}
	for _, name := range passed() {
		if v := a.r.Header[name]; len(v) > 0 {
			in.Header[name] = v
		}
	}
	if accept := a.r.Header.Get("Accept"); strings.Contains(accept, "json") && !strings.Contains(accept, "text/html") {
		in.Header.Set("Accept", "application/json")
	}
	return in
}

// unmarkTags takes the host's mark off the entity tags in a condition. Tags
// without it are of the page as it is, which is not what this request is for.
func unmarkTags(head http.Header) {
	head.Del("If-Modified-Since")
	head.Del("If-Unmodified-Since")
	for _, name := range []string{"If-None-Match", "If-Match"} {
		list := head.Get(name)
		if list == "" {
			continue
		}
		var kept []string
		for tag := range strings.SplitSeq(list, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" {
				kept = append(kept, tag)
			} else if rest, ok := strings.CutSuffix(tag, tagMark+`"`); ok {
				kept = append(kept, rest+`"`)
			}
		}
		if len(kept) == 0 {
			kept = []string{`"none"`}
		}
		head.Set(name, strings.Join(kept, ", "))
	}
}

// public is an answer with which the gateway answers for one site: what it says
// for the node's sake is put right on the way out.
type public struct {
	*answer
	refused bool // the gateway explains an error, which the host does in its own way
}

// WriteHeader sends the status and the headers.
func (p *public) WriteHeader(status int) {
	head := p.Header()
	// Anybody may show pictures of a public site, and no site asks to clear what
	// a visitor stored.
	head.Del("Cross-Origin-Resource-Policy")
	head.Del("Clear-Site-Data")
	// A site's own page for what is not there may be kept; what the gateway says
	// of an error never.
	if status >= http.StatusBadRequest && head.Get("Cache-Control") == noStore {
		p.refused = true
		p.refuse(status)
		return
	}
	// What is found under a name may be another version tomorrow.
	if head.Get("Cache-Control") == immutable && !p.site.named(p.h.o.Domain, p.r.Host) {
		head.Set("Cache-Control", revalidate)
	}
	if strings.HasPrefix(head.Get("Location"), "http://") {
		if to, ok := p.h.public(p.r, head.Get("Location")); ok {
			head.Set("Location", to)
		}
	}
	p.answer.WriteHeader(status)
}

func (p *public) Write(b []byte) (int, error) {
	if !p.began {
		p.WriteHeader(http.StatusOK)
	}
	if p.refused {
		return len(b), nil
	}
	return p.answer.Write(b)
}

// hasToken reports whether a list header has an element, in any case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}
