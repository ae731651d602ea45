package openapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// spoil makes something wrong with a request, and notes what.
func (g *generator) spoil(r *request) {
	switch g.r.IntN(8) {
	case 0:
		g.spoilMethod(r)
	case 1:
		g.spoilPath(r)
	case 2:
		g.spoilOrigin(r)
	case 3:
		r.header.Set("Content-Type", []string{"text/plain", "multipart/form-data", "", "a/b; c=\"", "application/json; charset=utf-16"}[g.r.IntN(5)])
	default:
		g.spoilBody(r)
	}
}

func (g *generator) spoilMethod(r *request) {
	if r.method == http.MethodGet && g.one(2) {
		r.method, r.note = http.MethodHead, "HEAD"
		return
	}
	known := map[string]bool{}
	for _, o := range g.d.ops {
		if o.path == r.op.path {
			known[o.method] = true
		}
	}
	for _, m := range []string{"PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "GET"} {
		if !known[m] && !(m == "GET" && g.d.name == "node") {
			r.method, r.note, r.refused, r.op, r.body = m, "a method that there is not", true, nil, nil
			return
		}
	}
}

// spoilPath puts something that leads elsewhere in the place of what is in the path.
func (g *generator) spoilPath(r *request) {
	bad := []string{"../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x", "a//b", "./a", "%00", "%ff%fe", "a%0ab", "%5c..%5cx", strings.Repeat("a", 5000), "~", "C:%5cx", "con", "a/", "+"}
	path, query, _ := strings.Cut(r.op.path, "?")
	for i := strings.IndexByte(path, '{'); i >= 0; i = strings.IndexByte(path, '{') {
		path = path[:i] + bad[g.r.IntN(len(bad))] + path[i+strings.IndexByte(path[i:], '}')+1:]
		r.mangled = true
	}
	if query != "" {
		path += "?" + query
	}
	if r.mangled {
		r.path, r.note = path, "a path that leads elsewhere"
	}
}

func (g *generator) spoilOrigin(r *request) {
	r.foreign = true
	switch n := g.r.IntN(5); {
	case n == 0:
		r.host, r.note, r.refused = "rebound.example:80", "another host", true
	case n == 1:
		r.header.Set("Origin", "https://evil.example")
		r.note, r.refused = "another origin", g.d.name == "app" || !r.op.open && r.op.forOwner
	case n == 2:
		r.header.Set("Sec-Fetch-Site", "cross-site")
		r.note, r.refused = "a request of another site", g.d.name == "app" && r.op.id != "people" || !r.op.open && r.op.forOwner
	case r.op.open:
		r.foreign = false
	case n == 3:
		r.header.Del("Authorization")
		r.note, r.refused = "no token", true
	default:
		r.header.Set("Authorization", []string{"Bearer 0", "Bearer kx_none", "Basic YTpi", "Bearer", "bearer " + strings.Repeat("f", 64)}[g.r.IntN(5)])
		r.note, r.refused = "another token", true
	}
}

// spoilBody makes the body something that the schema does not admit.
func (g *generator) spoilBody(r *request) {
	if r.op.body == nil || r.op.body.schema["type"] != "object" {
		return
	}
	v, _ := g.value(r.op.body.schema, "").(map[string]any)
	properties, _ := r.op.body.schema["properties"].(map[string]any)
	keys := slices.Sorted(maps.Keys(properties))
	if len(keys) == 0 {
		return
	}
	key := keys[g.r.IntN(len(keys))]
	r.refused = true
	switch g.r.IntN(7) {
	case 0:
		v[key], r.note = g.wrong(g.d.deref(properties[key])), "a member of another type: "+key
	case 1:
		required, _ := r.op.body.schema["required"].([]any)
		if len(required) == 0 {
			r.refused = false
			break
		}
		key = required[g.r.IntN(len(required))].(string)
		delete(v, key)
		r.note = "without " + key
	case 2:
		v["unknown"], r.note = 1, "a member that is not known"
		r.refused = r.op.body.schema["additionalProperties"] == false
	case 3:
		r.body, r.note = [][]byte{[]byte("{"), []byte("nonsense"), []byte("[]"), []byte(`"x"`), []byte("{}{}"), []byte("\xff\xfe"), []byte("")}[g.r.IntN(7)], "no JSON of this kind"
		r.refused = g.d.name == "node" && r.op.body.required || len(r.body) > 0 && string(r.body) != "{}{}"
		return
	case 4:
		v[key], r.note = strings.Repeat("a", 70_000), "more than is read"
	case 5:
		r.body, r.note = []byte(`{"`+key+`":`+strings.Repeat("[", 20_000)), "too deep"
		return
	case 6:
		v[key], r.note = json.RawMessage("1e400"), "a number that is none"
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	r.body = bytes.ReplaceAll(data, []byte("1e400"), []byte("1e400"))
}

// wrong is a value of another type than a schema has.
func (g *generator) wrong(s map[string]any) any {
	switch s["type"] {
	case "string":
		return []any{1, true, map[string]any{}, []any{}}[g.r.IntN(4)]
	case "boolean":
		return []any{"true", 1, map[string]any{}}[g.r.IntN(3)]
	case "integer":
		return []any{"1", 1.5, true, json.RawMessage("99999999999999999999999")}[g.r.IntN(4)]
	case "array":
		return []any{"x", 1, map[string]any{"0": 1}}[g.r.IntN(3)]
	case nil: // a reference to names
		return 1
	}
	return []any{"x", 1, []any{}}[g.r.IntN(3)]
}
