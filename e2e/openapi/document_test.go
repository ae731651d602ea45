package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// document is one of spec/openapi.
type document struct {
	name     string
	root     map[string]any
	ops      []*operation
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// operation is one of a document, with everything that is referred to in place.
type operation struct {
	id, method, path    string
	tag, summary, text  string
	params              []parameter
	body                *body
	responses           map[string]response
	waits               bool
	open, forExtensions bool // needs no token; may be used with an extension's
	forOwner            bool
}

type parameter struct {
	name, in, text    string
	required, slashes bool
	schema            any
}

// body is that of a request, by its first media type.
type body struct {
	text, mediaType string
	pointer         string // to its schema
	required        bool
	schema          map[string]any
	example         any
	hasExample      bool
}

type response struct {
	text    string
	headers map[string]any
	content map[string]string // media type → pointer to its schema
}

// methods that an operation can have in OpenAPI.
func methods() []string { return []string{"get", "put", "post", "delete", "patch"} }

// described are the documents, read once, with everything compiled that is used by
// several tests at once.
var described = map[string]func() *document{
	"node": sync.OnceValue(func() *document { return read("node") }),
	"app":  sync.OnceValue(func() *document { return read("app") }),
}

// load returns spec/openapi/<name>.yaml.
func load(t testing.TB, name string) *document {
	t.Helper()
	return described[name]()
}

func read(name string) *document {
	root, err := readYAML(file(name))
	if err != nil {
		panic(err)
	}
	d := &document{name: name, root: root.(map[string]any), compiled: map[string]*jsonschema.Schema{}}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("mem:///"+name, closed(root)); err != nil {
		panic(err)
	}
	paths := d.root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, m := range methods() {
			if raw, ok := paths[path].(map[string]any)[m].(map[string]any); ok {
				d.ops = append(d.ops, d.operation(path, m, raw))
			}
		}
	}
	d.compileAll()
	return d
}

func file(name string) string { return filepath.Join("..", "..", "spec", "openapi", name+".yaml") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readYAML reads YAML or JSON as JSON, with numbers as they stand there.
func readYAML(path string) (any, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	if data, err = json.Marshal(v); err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(data))
}

// closed is a schema that admits no members but those it names: what a server
// answers has to be described.
func closed(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range x {
			out[k] = closed(v)
		}
		if _, isSchema := x["properties"].(map[string]any); isSchema && x["additionalProperties"] == nil && x["type"] == "object" {
			out["additionalProperties"] = false
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, v := range x {
			out[i] = closed(v)
		}
		return out
	}
	return v
}

// at follows a pointer and what it refers to; it returns where that is.
func (d *document) at(pointer string) (map[string]any, string) {
	var v any = d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		m, ok := v.(map[string]any)
		if !ok || m[part] == nil {
			panic(d.name + ".yaml has no " + pointer)
		}
		v = m[part]
	}
	m, ok := v.(map[string]any)
	if !ok {
		panic(d.name + ".yaml: " + pointer + " is no object")
	}
	if to, ok := m["$ref"].(string); ok {
		return d.at(strings.TrimPrefix(to, "#"))
	}
	return m, pointer
}

// deref follows a reference.
func (d *document) deref(v any) map[string]any {
	m, _ := v.(map[string]any)
	if to, ok := m["$ref"].(string); ok {
		m, _ = d.at(strings.TrimPrefix(to, "#"))
	}
	return m
}

func escape(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

func text(v any) string { s, _ := v.(string); return s }

func (d *document) operation(path, method string, raw map[string]any) *operation {
	o := &operation{
		id: text(raw["operationId"]), method: strings.ToUpper(method), path: path,
		summary: text(raw["summary"]), text: text(raw["description"]), responses: map[string]response{}, waits: raw["x-waits"] == true,
	}
	if tags, ok := raw["tags"].([]any); ok && len(tags) > 0 {
		o.tag = text(tags[0])
	}
	params, _ := raw["parameters"].([]any)
	for _, p := range params {
		p := d.deref(p)
		o.params = append(o.params, parameter{
			name: text(p["name"]), in: text(p["in"]), text: text(p["description"]),
			required: p["required"] == true, slashes: p["x-slashes"] == true, schema: p["schema"],
		})
	}
	d.requestBody(o, raw)
	here := "/paths/" + escape(path) + "/" + method + "/responses/"
	for status := range raw["responses"].(map[string]any) {
		r, where := d.at(here + status)
		out := response{text: text(r["description"]), content: map[string]string{}}
		out.headers, _ = r["headers"].(map[string]any)
		content, _ := r["content"].(map[string]any)
		for mediaType := range content {
			_, out.content[mediaType] = d.at(where + "/content/" + escape(mediaType) + "/schema")
		}
		o.responses[status] = out
	}
	security, ok := raw["security"].([]any)
	if !ok {
		security, _ = d.root["security"].([]any)
	}
	o.open = len(security) == 0
	for _, s := range security {
		_, extension := s.(map[string]any)["extension"]
		_, owner := s.(map[string]any)["token"]
		o.forExtensions, o.forOwner = o.forExtensions || extension, o.forOwner || owner
	}
	return o
}

func (d *document) requestBody(o *operation, raw map[string]any) {
	b, ok := raw["requestBody"].(map[string]any)
	if !ok {
		return
	}
	content := b["content"].(map[string]any)
	o.body = &body{text: text(b["description"]), required: b["required"] == true}
	o.body.mediaType = slices.Sorted(maps.Keys(content))[0]
	media := content[o.body.mediaType].(map[string]any)
	o.body.schema, o.body.pointer = d.at("/paths/" + escape(o.path) + "/" + strings.ToLower(o.method) + "/requestBody/content/" + escape(o.body.mediaType) + "/schema")
	o.body.example, o.body.hasExample = media["example"]
}

// compile compiles what is at a pointer.
func (d *document) compile(pointer string) {
	if d.compiled[pointer] != nil {
		return
	}
	s, err := d.compiler.Compile("mem:///" + d.name + "#" + (&url.URL{Fragment: pointer}).EscapedFragment())
	if err != nil {
		panic(err)
	}
	d.compiled[pointer] = s
}

// compileAll compiles what requests and answers are held against.
func (d *document) compileAll() {
	for _, o := range d.ops {
		for _, r := range o.responses {
			for _, pointer := range r.content {
				d.compile(pointer)
			}
		}
		if o.body != nil {
			d.compile(o.body.pointer)
		}
	}
}

func names() []string { return []string{"node", "app"} }

// TestTheDocumentsHoldTogether checks what every reader of OpenAPI relies on:
// references lead somewhere, parameters of paths are described, ids are there once,
// examples are what their schemas say.
func TestTheDocumentsHoldTogether(t *testing.T) {
	for _, name := range names() {
		d := load(t, name)
		seen := map[string]bool{}
		for _, o := range d.ops {
			if o.id == "" || seen[o.id] || o.summary == "" || o.tag == "" {
				t.Errorf("%s: %s %s: the id %q is none, or there twice, or there is no summary or tag", name, o.method, o.path, o.id)
			}
			seen[o.id] = true
			checkPath(t, o)
			checkExample(t, d, o)
		}
		checkReferences(t, d, d.root, "")
	}
}

func checkPath(t *testing.T, o *operation) {
	t.Helper()
	var inPath, described []string
	for _, m := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(o.path, -1) {
		inPath = append(inPath, m[1])
	}
	for _, p := range o.params {
		if p.in == "path" {
			described = append(described, p.name)
		}
		if p.schema == nil || p.text == "" || p.in == "path" && !p.required {
			t.Errorf("%s: the parameter %s has no schema or description, or is not required in a path", o.id, p.name)
		}
	}
	slices.Sort(inPath)
	slices.Sort(described)
	if !slices.Equal(inPath, described) {
		t.Errorf("%s: %s has the parameters %v, and %v are described", o.id, o.path, inPath, described)
	}
}

func checkExample(t *testing.T, d *document, o *operation) {
	t.Helper()
	if o.body == nil || !o.body.hasExample || o.body.mediaType != "application/json" {
		if o.body != nil && o.body.mediaType == "application/json" {
			t.Errorf("%s has no example of a body", o.id)
		}
		return
	}
	if err := d.compiled[o.body.pointer].Validate(o.body.example); err != nil {
		t.Errorf("%s: the example is not what the schema says: %v", o.id, err)
	}
}

func checkReferences(t *testing.T, d *document, v any, where string) {
	t.Helper()
	switch x := v.(type) {
	case map[string]any:
		if to, ok := x["$ref"].(string); ok {
			func() {
				defer func() {
					if recover() != nil {
						t.Errorf("%s.yaml: %s refers to %s, which is not there", d.name, where, to)
					}
				}()
				d.at(strings.TrimPrefix(to, "#"))
			}()
		}
		for k, v := range x {
			checkReferences(t, d, v, where+"/"+escape(k))
		}
	case []any:
		for i, v := range x {
			checkReferences(t, d, v, fmt.Sprint(where, "/", i))
		}
	}
}

// TestTheDocumentsAreOpenAPI holds them against the schema of OpenAPI 3.1 itself.
func TestTheDocumentsAreOpenAPI(t *testing.T) {
	path := os.Getenv("KITH_OPENAPI_SCHEMA")
	if path == "" {
		t.Skip("KITH_OPENAPI_SCHEMA names no schema of OpenAPI 3.1 documents")
	}
	c := jsonschema.NewCompiler()
	meta, err := readYAML(path)
	must(t, err)
	must(t, c.AddResource("mem:///openapi", meta))
	schema, err := c.Compile("mem:///openapi")
	must(t, err)
	for _, name := range names() {
		d, err := readYAML(file(name))
		must(t, err)
		if err := schema.Validate(d); err != nil {
			t.Errorf("%s.yaml: %v", name, err)
		}
	}
}
