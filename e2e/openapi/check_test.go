package openapi

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// check holds an answer against the document. compileAll was called before.
func (d *document) check(r *request, a answered) error {
	if a.waited {
		return nil
	}
	if a.status == http.StatusInternalServerError && !strings.HasPrefix(r.path, "/debug/pprof/") {
		return fmt.Errorf("a defect: %d %.300s", a.status, a.body)
	}
	if r.refused && a.status < 400 && (!r.foreign || a.status < 300) && !r.mangled {
		return fmt.Errorf("it was not refused, but answered %d", a.status)
	}
	if r.method == http.MethodHead && len(a.body) > 0 {
		return fmt.Errorf("HEAD has a body")
	}
	switch {
	case r.foreign && r.host != "" && r.note == "another host":
		return nil // the gateway has its own way to refuse
	case r.mangled && a.status >= 300 && a.status < 500:
		return nil
	case r.op == nil:
		return d.checkStranger(r, a)
	}
	described, ok := r.op.responses[strconv.Itoa(a.status)]
	if !ok {
		return fmt.Errorf("%s can be answered %d, which is not described: %.300s", r.op.id, a.status, a.body)
	}
	if r.method == http.MethodHead || a.status == http.StatusSwitchingProtocols {
		return nil
	}
	return d.checkBody(described, a)
}

// checkStranger is for requests that no operation describes.
func (d *document) checkStranger(r *request, a answered) error {
	want := map[string][]int{"node": {401, 403, 404, 405}, "app": {400, 403, 404, 405}}[d.name]
	for _, status := range want {
		if a.status == status {
			if a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") == "" {
				return fmt.Errorf("405 without Allow")
			}
			return nil
		}
	}
	return fmt.Errorf("%s %s is answered %d: %.200s", r.method, r.path, a.status, a.body)
}

func (d *document) checkBody(described response, a answered) error {
	if len(described.content) == 0 {
		if len(a.body) > 0 {
			return fmt.Errorf("%d has a body that is not described: %.200s", a.status, a.body)
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	pointer, ok := described.content[mediaType]
	if !ok {
		if _, ok := described.content["*/*"]; ok {
			return nil
		}
		return fmt.Errorf("%d has the type %q, which is not described: %v %.200s", a.status, a.header.Get("Content-Type"), err, a.body)
	}
	if a.cut {
		return nil
	}
	switch {
	case mediaType == "application/x-ndjson":
		for line := range bytes.Lines(a.body) {
			if err := d.validate(pointer, line); err != nil {
				return err
			}
		}
		return nil
	case strings.HasSuffix(mediaType, "json"):
		if _, alsoAnything := described.content["*/*"]; alsoAnything && a.header.Get("ETag") != "" {
			return nil // a document
		}
		return d.validate(pointer, a.body)
	}
	return nil
}

func (d *document) validate(pointer string, data []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %.300s", err, data)
	}
	if err := d.compiled[pointer].Validate(v); err != nil {
		return fmt.Errorf("%w: %.1000s", err, data)
	}
	return nil
}
