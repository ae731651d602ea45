package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// generator makes requests at random.
type generator struct {
	d *document
	r *rand.Rand
	p *pool
}

func (g *generator) one(n int) bool { return g.r.IntN(n) == 0 }

func number(v any, otherwise int64) int64 {
	n, ok := v.(json.Number)
	if !ok {
		return otherwise
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil {
		return 1<<63 - 1
	}
	return i
}

// value is one that a schema admits, as far as the schema says. name is that of the
// member or parameter it is for.
func (g *generator) value(schema any, name string) any {
	s := g.d.deref(schema)
	if values, ok := s["enum"].([]any); ok {
		return values[g.r.IntN(len(values))]
	}
	switch s["type"] {
	case "object":
		return g.object(s)
	case "array":
		n := int64(g.r.IntN(4))
		if g.one(40) {
			n = number(s["maxItems"], 8)
		}
		n = max(number(s["minItems"], 0), min(n, number(s["maxItems"], n)))
		out := make([]any, 0, n)
		for range n {
			out = append(out, g.value(s["items"], name))
		}
		return out
	case "boolean":
		return g.one(2)
	case "integer", "number":
		low, high := number(s["minimum"], -1000), number(s["maximum"], 1000)
		switch g.r.IntN(4) {
		case 0:
			return low
		case 1:
			return high
		}
		return low + g.r.Int64N(min(high-low, 1000)+1)
	case "string":
		return g.text(s, name)
	}
	return g.text(s, name)
}

func (g *generator) object(s map[string]any) any {
	out := map[string]any{}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, k := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(k)) || g.one(2) {
			out[k] = g.value(properties[k], k)
		}
	}
	return out
}

// text is a string for a member or parameter.
func (g *generator) text(s map[string]any, name string) string {
	format, _ := s["format"].(string)
	if format == "" && (name == "passphrase" || name == "old" || name == "new") {
		format = "passphrase"
	}
	if format == "" && name == "link" {
		format = "link"
	}
	if v, ok := g.p.special(g.r, format); ok && (format != "label" || !g.one(4)) {
		return v
	}
	if pattern, ok := s["pattern"].(string); ok {
		return g.matching(pattern)
	}
	if s["contentEncoding"] == "base64" {
		return "a2l0aA=="
	}
	if v, ok := g.p.known(g.r, name); ok && !g.one(3) {
		return v
	}
	low, high := int(number(s["minLength"], 0)), int(number(s["maxLength"], 40))
	n := low + g.r.IntN(min(high-low, 12)+1)
	switch g.r.IntN(12) {
	case 0:
		n = high
	case 1:
		n = low
	}
	return g.characters(n)
}

// characters are n of them, plain ones most of the time.
func (g *generator) characters(n int) string {
	alphabet := []rune("abcdefghijklmnopqrstuvwxyz0123456789")
	if g.one(4) {
		alphabet = []rune("aZ0 -._~!$&'()*+,;=:@/?#[]%\"<>\\^`{|}äßЖ水🜁\u202e\u0000\n\u00a0e\u0301")
	}
	var b strings.Builder
	for range n {
		b.WriteRune(alphabet[g.r.IntN(len(alphabet))])
	}
	return b.String()
}

// matching is a string for the few patterns that the documents have.
func (g *generator) matching(pattern string) string {
	class := regexp.MustCompile(`^\^(?:\[a-z0-9\])?\[([^]]+)\]\{(?:0,)?(\d+)\}\$$`).FindStringSubmatch(pattern)
	if class == nil {
		panic("a pattern that cannot be generated: " + pattern)
	}
	n, _ := strconv.Atoi(class[2])
	alphabet := "0123456789abcdef"
	if strings.Contains(class[1], "a-z") {
		alphabet, n = "abcdefghijklmnopqrstuvwxyz0123456789", 1+g.r.IntN(n)
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[g.r.IntN(len(alphabet))]
	}
	return string(out)
}

// fill gives a request its parameters and body, as the document says.
func (g *generator) fill(r *request) {
	query := url.Values{}
	for _, p := range r.op.params {
		if p.in != "path" && !p.required && !g.one(3) {
			continue
		}
		var values []string
		switch v := g.value(p.schema, p.name).(type) {
		case []any:
			for _, v := range v {
				values = append(values, fmt.Sprint(v))
			}
		default:
			values = append(values, fmt.Sprint(v))
		}
		for _, v := range values {
			g.set(r, query, p, v)
		}
	}
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	if r.op.body != nil {
		g.fillBody(r)
	}
}

func (g *generator) set(r *request, query url.Values, p parameter, v string) {
	switch p.in {
	case "query":
		query.Add(p.name, v)
	case "header":
		r.header.Add(p.name, strings.Map(func(c rune) rune {
			if c < ' ' || c > '~' {
				return 'x'
			}
			return c
		}, v))
	case "path":
		segments := strings.Split(v, "/")
		if !p.slashes {
			segments = []string{v}
		}
		for i, s := range segments {
			if segments[i] = url.PathEscape(s); s == "." || s == ".." {
				r.mangled = true
			}
			r.mangled = r.mangled || s == "" && i < len(segments)-1
		}
		r.mangled = r.mangled || v == "" && !p.slashes || strings.HasPrefix(v, "/")
		r.path = strings.Replace(r.path, "{"+p.name+"}", strings.Join(segments, "/"), 1)
	}
}

func (g *generator) fillBody(r *request) {
	b := r.op.body
	if b.mediaType != "*/*" {
		r.header.Set("Content-Type", b.mediaType)
	}
	switch {
	case !b.required && g.one(4):
		r.body = []byte{}
	case strings.HasSuffix(b.mediaType, "json") && b.schema["type"] == "object":
		data, err := json.Marshal(g.value(b.schema, ""))
		if err != nil {
			panic(err)
		}
		r.body = data
	case strings.HasSuffix(b.mediaType, "json"):
		r.body = []byte([]string{`{"a":1}`, `null`, `[1]`, `{"a":{"b":null}}`, `{`}[g.r.IntN(5)])
	default:
		r.body = []byte(g.characters(g.r.IntN(2000)))
	}
}
