package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// mergePatch applies a JSON Merge Patch (RFC 7396 §2). Numbers keep their digits;
// the order of members is that of their names.
func mergePatch(document, patch []byte) ([]byte, error) {
	p, err := readJSON(patch)
	if err != nil {
		return nil, errPatch
	}
	d, err := readJSON(document)
	if err != nil {
		return nil, errDocument
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(merge(d, p)); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

var (
	errPatch    = errors.New("the patch is no JSON")
	errDocument = errors.New("the document is no JSON")
)

// merge is MergePatch of RFC 7396 §2. It changes target.
func merge(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out, ok := target.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = merge(out[name], value)
	}
	return out
}

// readJSON reads one value and nothing after it. How deep it may be is bounded by
// the decoder.
func readJSON(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}
