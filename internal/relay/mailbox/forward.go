package mailbox

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/ohttp"
)

// forwarder hands encapsulated requests on, so that the relay they are for does
// not see whose they are. Nothing of the asker goes along.
type forwarder struct {
	web     *http.Client
	near    *http.Client // for origins on the list
	to      []string
	log     *slog.Logger
	private bool
}

func newForwarder(o *Options, out *http.Client) *forwarder {
	return &forwarder{web: out, near: outward(true), to: o.ForwardTo, private: o.Private, log: o.Log}
}

// client returns who may ask an origin, or nil.
func (f *forwarder) client(origin string) *http.Client {
	if slices.Contains(f.to, origin) {
		return f.near
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || u.Scheme != "https" && !(f.private && u.Scheme == "http") {
		return nil
	}
	return f.web
}

// serve forwards one request: keys by GET, a message by POST.
func (f *forwarder) serve(w http.ResponseWriter, r *http.Request, count *counters) {
	origin := r.URL.Query().Get("to")
	client := f.client(origin)
	if client == nil {
		count.refused.Add(1)
		http.Error(w, "this relay does not forward there", http.StatusForbidden)
		return
	}
	var body io.Reader
	at := origin + mailbox.OHTTPKeysPath
	switch {
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") == ohttp.RequestType:
		body, at = http.MaxBytesReader(w, r.Body, maxOblivious), origin+mailbox.OHTTPPath
	case r.Method != http.MethodGet:
		http.Error(w, "not to be forwarded", http.StatusMethodNotAllowed)
		return
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, at, body)
	if err != nil {
		http.Error(w, "this relay does not forward there", http.StatusForbidden)
		return
	}
	out.Header.Set("User-Agent", "") // nothing but what is sealed
	if body != nil {
		out.Header.Set("Content-Type", ohttp.RequestType)
		out.ContentLength = r.ContentLength
	}
	resp, err := client.Do(out)
	if err != nil {
		f.log.Debug("cannot forward", "error", err)
		later(w, http.StatusServiceUnavailable, failWait)
		return
	}
	count.forwarded.Add(1)
	f.answer(w, resp)
}

// maxForwarded is the most of an answer that is handed back.
const maxForwarded = 4096

func (f *forwarder) answer(w http.ResponseWriter, resp *http.Response) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxForwarded))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		f.log.Debug("cannot forward", "error", err)
		later(w, http.StatusServiceUnavailable, failWait)
		return
	}
	for _, name := range []string{mailbox.RelayHeader, mailbox.SignatureHeader, "Retry-After"} {
		if v := resp.Header.Get(name); v != "" && len(v) < 200 {
			w.Header().Set(name, v)
		}
	}
	w.Header().Set("Access-Control-Expose-Headers", mailbox.RelayHeader+", "+mailbox.SignatureHeader)
	w.Header().Set("Content-Type", "application/octet-stream")
	status := resp.StatusCode
	if status < 200 || status >= 300 && status < 400 || status > 599 {
		status, data = http.StatusBadGateway, nil
	}
	w.WriteHeader(status)
	if _, err := w.Write(data); err != nil {
		f.log.Debug("cannot answer", "error", err)
	}
}
