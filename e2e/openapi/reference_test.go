package openapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference anew")

// TestReference holds docs/reference/http-api.md against the documents it is made of.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference", "http-api.md")
	made := reference(t)
	if *update {
		must(t, os.WriteFile(path, made, 0o644))
		return
	}
	kept, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(kept, made) {
		t.Errorf("%s is not what spec/openapi says: renew it by 'go test ./e2e/openapi -run TestReference -update'", path)
	}
}

// page is the reference in the making.
type page struct {
	bytes.Buffer
	d *document
}

func (p *page) say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func reference(t *testing.T) []byte {
	t.Helper()
	p := &page{}
	p.say("# HTTP API\n\nMade from [spec/openapi](../../spec/openapi), OpenAPI 3.1 documents that other tools read too. Every operation of them is tried with requests at random, and what a node answers is held against them.\n")
	p.say("There are two APIs. The [local API](#the-api-of-a-kith-node) is for the person who runs a node: the console and the `kith` command use nothing else. The [app API](#the-app-api) is for web apps, on origins of their own.\n")
	for _, name := range names() {
		p.d = load(t, name)
		p.document()
	}
	return p.Bytes()
}

func (p *page) document() {
	info := p.d.root["info"].(map[string]any)
	p.say("## %s\n\n%s\n\n%s\n", info["title"], info["summary"], plain(text(info["description"])))
	server := p.d.root["servers"].([]any)[0].(map[string]any)
	if p.d.name == "node" {
		p.say("Requests go to `%s` with the token of the home:\n\n```sh\nTOKEN=$(cat \"$(dirname \"$(kith config path)\")/token\")\ncurl -H \"Authorization: Bearer $TOKEN\" http://localhost:5484/api/v1/status\n```\n\nA failure is answered in the form of [Error](#error). What needs the token can be answered 401 (no token, or another) and 403 (another host or origin) besides what is listed.\n", server["url"])
	} else {
		p.say("Pages of an app ask at `%s/.kith/`, by `fetch` or with the [SDK](sdk.md). A failure is answered in the form of [Problem](#problem). Everything can be answered 403 besides what is listed: not from a page of the origin, no app, not connected, or the person said no (`code` says which).\n", server["url"])
	}
	for _, tag := range p.d.root["tags"].([]any) {
		tag := tag.(map[string]any)
		p.say("### %s\n", text(tag["description"]))
		for _, o := range p.d.ops {
			if o.tag == tag["name"] {
				p.operation(o)
			}
		}
	}
	p.schemas()
}

func (p *page) operation(o *operation) {
	p.say("#### `%s %s`\n\n%s.%s\n", o.method, o.path, plain(o.summary), sentence(o))
	if len(o.params) > 0 {
		p.say("| parameter | where | type | what it is |\n| --- | --- | --- | --- |")
		for _, x := range o.params {
			required := ""
			if x.required && x.in != "path" {
				required = ", required"
			}
			p.say("| `%s` | %s%s | %s | %s |", x.name, x.in, required, p.kind(x.schema), cell(x.text))
		}
		p.say("")
	}
	p.body(o)
	p.say("| answer | | body |\n| --- | --- | --- |")
	for _, status := range slices.Sorted(maps.Keys(o.responses)) {
		r := o.responses[status]
		if status == "403" && (p.d.name == "app" || !o.open) || status == "401" {
			continue // said once, above
		}
		var about []string
		for _, h := range slices.Sorted(maps.Keys(r.headers)) {
			about = append(about, fmt.Sprintf("`%s`: %s", h, cell(text(p.d.deref(r.headers[h])["description"]))))
		}
		p.say("| %s | %s | %s |", status, strings.Join(append([]string{cell(r.text)}, about...), " "), p.content(r))
	}
	p.say("")
	p.example(o)
}

// sentence is what else there is to say of an operation.
func sentence(o *operation) string {
	out := ""
	if o.text != "" {
		out = " " + plain(o.text)
	}
	if o.forExtensions && o.forOwner {
		out += " A connected browser extension may use it too."
	}
	return out
}

func (p *page) content(r response) string {
	var out []string
	for _, mediaType := range slices.Sorted(maps.Keys(r.content)) {
		kind := ""
		if pointer := r.content[mediaType]; strings.HasPrefix(mediaType, "application/") && strings.Contains(mediaType, "json") {
			kind = ": " + p.at(pointer)
		}
		if mediaType == "*/*" {
			mediaType = "any type"
		}
		out = append(out, mediaType+kind)
	}
	return strings.Join(out, "; ")
}

// at is the kind of what is at a pointer.
func (p *page) at(pointer string) string {
	if name, ok := strings.CutPrefix(pointer, "/components/schemas/"); ok && !strings.Contains(name, "/") {
		return link(name)
	}
	schema, _ := p.d.at(pointer)
	return p.kind(schema)
}

func (p *page) body(o *operation) {
	if o.body == nil {
		return
	}
	if o.body.mediaType != "application/json" {
		p.say("Body (%s): %s\n", strings.Replace(o.body.mediaType, "*/*", "any type", 1), cell(o.body.text+text(o.body.schema["description"])))
		return
	}
	if name, ok := strings.CutPrefix(o.body.pointer, "/components/schemas/"); ok {
		p.say("Body: %s.\n", link(name))
		return
	}
	p.say("Body, a JSON object. %s\n", plain(text(o.body.schema["description"])))
	p.members(o.body.schema)
}

func (p *page) members(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 {
		return
	}
	required, _ := schema["required"].([]any)
	p.say("| member | type | |\n| --- | --- | --- |")
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		about, must := text(p.own(properties[name])["description"]), "optional"
		if slices.Contains(required, any(name)) {
			must = "always there"
		}
		p.say("| `%s` | %s | %s. %s |", name, p.kind(properties[name]), must, cell(about))
	}
	p.say("")
}

// own is a schema without what it refers to.
func (p *page) own(schema any) map[string]any {
	m, _ := schema.(map[string]any)
	return m
}

// kind says what a schema admits, in a few words.
func (p *page) kind(schema any) string {
	s := p.own(schema)
	if to, ok := s["$ref"].(string); ok {
		return p.at(strings.TrimPrefix(to, "#"))
	}
	if values, ok := s["enum"].([]any); ok {
		var out []string
		for _, v := range values {
			out = append(out, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(out, ", ")
	}
	if any, ok := s["anyOf"].([]any); ok {
		var out []string
		for _, x := range any {
			if k := p.kind(x); k != "" {
				out = append(out, k)
			}
		}
		return strings.Join(out, ", or ")
	}
	switch s["type"] {
	case "array":
		return strings.TrimSpace("list of " + p.kind(s["items"]))
	case "object":
		properties, _ := s["properties"].(map[string]any)
		var out []string
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			out = append(out, "`"+name+"`: "+p.kind(properties[name]))
		}
		if len(out) == 0 {
			return strings.TrimSpace("object of " + p.kind(s["additionalProperties"]))
		}
		return "{" + strings.Join(out, ", ") + "}"
	case "string":
		return "string" + limits(s)
	case "integer", "number":
		return text(s["type"])
	case "boolean":
		return "boolean"
	case nil:
		return cell(text(s["description"]))
	}
	if types, ok := s["type"].([]any); ok && types[0] == "array" {
		return "list of " + p.kind(s["items"])
	}
	return "string or null"
}

func limits(s map[string]any) string {
	switch {
	case s["pattern"] != nil:
		return fmt.Sprintf(" like `%s`", s["pattern"])
	case s["format"] == "date-time":
		return ", a time"
	case s["maxLength"] != nil && fmt.Sprint(s["maxLength"]) != "0":
		return fmt.Sprintf(", at most %v characters", s["maxLength"])
	}
	return ""
}

func link(name string) string { return "[" + name + "](#" + strings.ToLower(name) + ")" }

// example is a request as somebody would type it.
func (p *page) example(o *operation) {
	if o.method == "GET" && o.tag == "console" || o.id == "pageSocket" {
		return
	}
	path := strings.NewReplacer("{path}", "notes/1", "{label}", "example-org", "{id}", "ID", "{friend}", "Grace", "{name}", "NAME", "{profile}", "heap").Replace(o.path)
	for _, x := range o.params {
		if x.in == "query" && x.required {
			path += "?" + x.name + "=" + map[string]string{"address": "example.org", "nonce": strings.Repeat("0123456789abcdef", 2)}[x.name]
		}
	}
	data := ""
	if o.body != nil && o.body.hasExample {
		raw, err := json.Marshal(o.body.example)
		if err != nil {
			panic(err)
		}
		data = string(raw)
	}
	if p.d.name == "app" {
		p.fetch(o, strings.ReplaceAll(path, "Grace", "c6005bfc5fe83564"), data)
		return
	}
	var b strings.Builder
	b.WriteString("curl")
	if o.method != "GET" {
		b.WriteString(" -X " + o.method)
	}
	if !o.open {
		b.WriteString(" -H \"Authorization: Bearer $TOKEN\"")
	}
	for _, x := range o.params {
		if x.in == "header" && x.required {
			b.WriteString(" -H '" + x.name + ": moz-extension://0a1b2c3d-0000-1111-2222-333344445555'")
		}
	}
	b.WriteString(" 'http://localhost:5484" + path + "'")
	switch {
	case data != "":
		b.WriteString(" -d '" + data + "'")
	case o.body != nil && o.body.mediaType != "application/json":
		b.WriteString(" --data-binary @FILE")
	}
	p.say("```sh\n%s\n```\n", b.String())
}

func (p *page) fetch(o *operation, path, data string) {
	var options []string
	if o.method != "GET" {
		options = append(options, `method: "`+o.method+`"`)
	}
	if data != "" && strings.Contains(o.body.mediaType, "merge") {
		options = append(options, `headers: { "Content-Type": "`+o.body.mediaType+`" }`)
	}
	if data != "" {
		options = append(options, "body: JSON.stringify("+data+")")
	} else if o.body != nil {
		options = append(options, "body: blob")
	}
	if o.id == "addDocument" {
		path = strings.TrimSuffix(path, "1")
	}
	if len(options) > 0 {
		path += `", { ` + strings.Join(options, ", ") + " }"
	} else {
		path += `"`
	}
	p.say("```js\nawait fetch(\"%s);\n```\n", path)
}

func (p *page) schemas() {
	all := p.d.root["components"].(map[string]any)["schemas"].(map[string]any)
	p.say("### Bodies of %s\n", map[string]string{"node": "the local API", "app": "the app API"}[p.d.name])
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name].(map[string]any)
		p.say("#### %s\n", name)
		if about := text(s["description"]); about != "" {
			p.say("%s\n", plain(about))
		}
		if s["properties"] == nil {
			p.say("%s\n", p.kind(s))
		}
		p.members(s)
	}
}

// plain is text that Markdown leaves as it is.
func plain(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(s)
}

// cell is plain text for a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(plain(s))
}
