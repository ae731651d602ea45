package app

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

const mergePatchType = "application/merge-patch+json"

// patchTries is how often a patch is applied to what another wrote meanwhile.
const patchTries = 64

func (c *call) patch(path string, at place) error {
	if !at.writable() {
		return readOnly(path)
	}
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != mergePatchType {
		c.w.Header().Set("Accept-Patch", mergePatchType)
		return told(http.StatusUnsupportedMediaType, "type",
			fault.New(fault.Unsupported, "%.80q is no patch", c.r.Header.Get("Content-Type")).WithHint("send %s", mergePatchType))
	}
	patch, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, c.h.o.MaxPatch))
	if err != nil {
		return bodyError(err, "the patch did not come to its end: %w")
	}
	for range patchTries {
		d, err := c.patchOnce(path, at, patch)
		if fault.KindOf(err) == fault.Conflict && c.r.Header.Get("If-Match") == "" {
			continue
		}
		if err != nil {
			return c.about(path, err)
		}
		c.stored(d, true)
		return nil
	}
	return lost(path)
}

// patchOnce replaces the version that there is by one with the patch.
func (c *call) patchOnce(path string, at place, patch []byte) (sharing.Document, error) {
	ctx := c.r.Context()
	d, body, err := c.h.o.Sharing.Open(ctx, at.app, at.path)
	if err != nil {
		return d, err
	}
	defer func() { _ = body.Close() }()
	if m := c.r.Header.Get("If-Match"); m != "" && !lists(m, d.ETag, true) {
		return d, lost(path)
	}
	if d.Size > c.h.o.MaxPatch {
		return d, unprocessable(path, "it is larger than can be patched")
	}
	old, err := io.ReadAll(io.LimitReader(body, c.h.o.MaxPatch))
	if err != nil {
		return d, err
	}
	whole, err := mergePatch(old, patch)
	switch {
	case errors.Is(err, errPatch):
		return d, invalid("the patch is no JSON")
	case err != nil:
		return d, unprocessable(path, err.Error())
	case int64(len(whole)) > c.h.o.MaxPatch:
		return d, fault.New(fault.TooLarge, "%.200q would be larger than can be patched", path).WithHint("put it whole")
	}
	return c.h.o.Sharing.Put(ctx, sharing.Put{
		Path: at.path, App: at.app, IfMatch: d.ETag, Body: bytes.NewReader(whole), Size: int64(len(whole)),
	})
}

func unprocessable(path, why string) error {
	return told(http.StatusUnprocessableEntity, "document", fault.New(fault.Invalid, "%.200q cannot be patched: %s", path, why).WithHint("put it whole"))
}
