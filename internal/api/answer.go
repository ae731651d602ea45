package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/fault"
)

// fail answers with err in the form of package fault.
func fail(w http.ResponseWriter, err error) { failWith(w, fault.Status(err), err) }

// failWith is fail with a status of its own.
func failWith(w http.ResponseWriter, status int, err error) {
	l := languageOf(w)
	body := append(fault.Encode(fault.Localize(err, l)), '\n')
	sayLanguage(w, l)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if fault.KindOf(err) == fault.Unauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="kith"`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// answer answers 200 with v as JSON, or with err.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		fail(w, err)
		return
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// done answers 204, or with err.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// decode reads a body of one JSON object of at most limit bytes into v.
func decode(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bodyError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the request has more than one JSON value")
	}
	return nil
}

// bodyError gives a failure to read a request's body its kind.
func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "the request is larger than %d bytes", large.Limit)
	}
	return fault.New(fault.Invalid, "the request cannot be read: %w", err)
}
