package openapi

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// values are what a test gives parameters.
type values map[string]string

// call makes one request of an operation, holds the answer against the document,
// and demands a status. It returns the body.
func (w *world) call(t testing.TB, d *document, id string, params values, body any, status int) []byte {
	t.Helper()
	a := w.ask(t, d, id, params, body)
	if a.status != status {
		t.Fatalf("%s %v is answered %d, want %d: %s", id, params, a.status, status, a.body)
	}
	return a.body
}

func (d *document) find(t testing.TB, id string) *operation {
	t.Helper()
	for _, o := range d.ops {
		if o.id == id {
			return o
		}
	}
	t.Fatalf("%s.yaml has no operation %s", d.name, id)
	return nil
}

func (w *world) ask(t testing.TB, d *document, id string, params values, body any) answered {
	t.Helper()
	r := w.request(d.find(t, id))
	r.patient = true
	w.fill(t, r, params, body)
	return w.answer(t, d, r)
}

// fill gives a request its parameters and a body: octets, or what becomes JSON.
func (w *world) fill(t testing.TB, r *request, params values, body any) {
	t.Helper()
	query := url.Values{}
	for _, p := range r.op.params {
		v, ok := params[p.name]
		switch {
		case p.in == "path":
			r.path = strings.Replace(r.path, "{"+p.name+"}", v, 1)
		case !ok:
		case p.in == "query":
			query.Set(p.name, v)
		default:
			r.header.Set(p.name, v)
		}
	}
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	switch b := body.(type) {
	case nil:
	case []byte:
		r.body = b
	default:
		data, err := json.Marshal(b)
		must(t, err)
		r.body = data
		r.header.Set("Content-Type", r.op.body.mediaType)
	}
}

func (w *world) answer(t testing.TB, d *document, r *request) answered {
	t.Helper()
	a, err := w.send(r)
	must(t, err)
	if err := d.check(r, a); err != nil {
		t.Errorf("%v\n%s", err, r)
	}
	w.pool.learn(a.body)
	return a
}

// object is a JSON object.
type object = map[string]any

// decode reads an answer.
func decode[T any](t testing.TB, data []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}

// furnish gives the node something to be asked about: a site, a person, documents,
// an invitation.
func (w *world) furnish(t testing.TB, d *document) {
	t.Helper()
	w.call(t, d, "publish", nil, object{"folder": w.site, "name": "blog"}, 200)
	w.call(t, d, "getSites", nil, nil, 200)
	w.call(t, d, "createPerson", nil, object{"name": "Ada"}, 204)
	for _, path := range []string{"notes/1", "notes/2", "photo.jpg"} {
		w.call(t, d, "putDocument", values{"path": path}, []byte("octets"), 200)
	}
	w.call(t, d, "invite", nil, object{"for": "Grace"}, 200)
	w.call(t, d, "getSharing", nil, nil, 200)
}

// TestOneThingAfterAnother uses what an answer named for the next request, through
// the life of a site, an upload, a document, a list, a device and an extension.
func TestOneThingAfterAnother(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), load(t, "node")
	w.sites(t, d)
	w.upload(t, d)
	w.documents(t, d)
	w.people(t, d)
	w.nearby(t, d)
	w.extension(t, d)
}

func (w *world) sites(t *testing.T, d *document) {
	w.call(t, d, "publish", nil, object{"folder": w.site, "name": "blog", "hybrid": true}, 200)
	list := decode[struct{ Publications []struct{ ID, WTP string } }](t, w.call(t, d, "getPublications", nil, nil, 200)).Publications
	opened := decode[struct{ Label string }](t, w.call(t, d, "openSite", nil, object{"address": list[0].WTP}, 200))
	site := values{"label": opened.Label}
	w.call(t, d, "getSite", site, nil, 200)
	w.call(t, d, "getTree", site, nil, 200)
	w.call(t, d, "getTree", values{"label": opened.Label, "path": "index.html"}, nil, 200)
	w.call(t, d, "getTree", values{"label": opened.Label, "path": "none"}, nil, 404)
	w.call(t, d, "changeSite", site, object{"mode": "app", "allow": []string{"https://api.example.org"}}, 200)
	w.call(t, d, "changeSite", site, object{"pinned": false}, 409)
	w.call(t, d, "isAsking", site, nil, 403)
	w.call(t, d, "getShell", site, nil, 200)
	w.call(t, d, "resolve", values{"address": list[0].WTP}, nil, 200)
	w.call(t, d, "resolve", values{"address": "example.org"}, nil, 501)
	w.call(t, d, "endPublication", values{"id": list[0].ID}, nil, 204)
	w.call(t, d, "endPublication", values{"id": list[0].ID}, nil, 404)
	w.call(t, d, "getStatus", nil, nil, 200)
	w.call(t, d, "getDoctor", nil, nil, 200)
}

func (w *world) upload(t *testing.T, d *document) {
	id := decode[struct{ ID string }](t, w.call(t, d, "beginUpload", nil, nil, 200)).ID
	w.call(t, d, "putUploadFile", values{"id": id, "path": "index.html"}, []byte("<p>"), 204)
	w.call(t, d, "putUploadFile", values{"id": id, "path": "index.html"}, []byte("<p>"), 409)
	w.call(t, d, "putUploadFile", values{"id": id, "path": "a/%2e%2e/b"}, []byte("<p>"), 400)
	w.call(t, d, "publishUpload", values{"id": id}, object{"site": "holiday"}, 200)
	w.call(t, d, "cancelUpload", values{"id": id}, nil, 404)
}

func (w *world) documents(t *testing.T, d *document) {
	at := values{"path": "notes/1"}
	first := w.ask(t, d, "putDocument", at, []byte("one"))
	w.call(t, d, "putDocument", values{"path": "notes/1", "If-None-Match": "*"}, []byte("two"), 412)
	w.call(t, d, "putDocument", values{"path": "notes/1", "If-Match": `"other"`}, []byte("two"), 412)
	w.call(t, d, "putDocument", values{"path": "notes/1", "If-Match": first.header.Get("ETag")}, []byte("two"), 200)
	w.call(t, d, "getDocument", at, nil, 200)
	w.call(t, d, "getDocument", values{"path": "notes/1", "Range": "bytes=1-"}, nil, 206)
	w.call(t, d, "getDocument", values{"path": "notes/1", "Range": "bytes=10-"}, nil, 416)
	w.call(t, d, "getDocument", values{"path": "notes/1", "info": ""}, nil, 200)
	w.call(t, d, "getDocument", values{"path": "notes/"}, nil, 200)
	w.call(t, d, "changeDocument", at, object{"labels": []string{"home"}, "path": "notes/2"}, 200)
	w.call(t, d, "getDocument", at, nil, 404)
	w.call(t, d, "deleteDocument", values{"path": "notes/"}, nil, 200)
}

func (w *world) people(t *testing.T, d *document) {
	invitation := decode[struct{ ID, Link string }](t, w.call(t, d, "invite", nil, object{"for": "Grace"}, 200))
	w.call(t, d, "acceptFriend", nil, object{"link": invitation.Link, "name": "me"}, 409)
	other := newWorld(t)
	grace := decode[struct{ ID string }](t, other.call(t, d, "acceptFriend", nil, object{"link": invitation.Link, "name": "Ada"}, 200))
	friend := values{"friend": grace.ID}
	other.call(t, d, "changeFriend", friend, object{"name": "Ada L."}, 200)
	other.call(t, d, "putList", values{"name": "family"}, object{"friends": []string{"Ada L."}}, 204)
	other.call(t, d, "putDocument", values{"path": "a", "for": "list:family"}, []byte("x"), 200)
	other.call(t, d, "removeList", values{"name": "family"}, nil, 204)
	other.call(t, d, "removeFriend", friend, nil, 200)
	w.call(t, d, "cancelInvitation", values{"id": invitation.ID}, nil, 204)
	w.call(t, d, "getPhrase", nil, nil, 200)
	w.call(t, d, "getBackup", nil, nil, 200)
	w.call(t, d, "recoverPerson", nil, object{"words": []string{"abandon"}}, 409)
	w.call(t, d, "forgetPhrase", nil, nil, 204)
	w.call(t, d, "getPhrase", nil, nil, 404)
}

func (w *world) nearby(t *testing.T, d *document) {
	w.call(t, d, "renameThisDevice", nil, object{"name": "desk two"}, 204)
	id := decode[struct{ ID string }](t, w.call(t, d, "receive", nil, object{"once": true}, 200)).ID
	w.call(t, d, "endReception", values{"id": id}, nil, 204)
	w.call(t, d, "putServe", values{"name": "site"}, object{"folder": w.site}, 204)
	w.call(t, d, "putServe", values{"name": "file"}, object{"folder": w.site + "/index.html"}, 400)
	w.call(t, d, "getServes", nil, nil, 200)
	w.call(t, d, "endServe", values{"name": "site"}, nil, 204)
	w.call(t, d, "endServe", values{"name": "site"}, nil, 404)
	w.call(t, d, "connectOrigin", nil, object{"return": "https://example.org/game"}, 200)
	grants := decode[struct{ Grants []struct{ ID string } }](t, w.call(t, d, "getConsent", nil, nil, 200)).Grants
	w.call(t, d, "revokeGrant", values{"id": grants[0].ID}, nil, 204)
}

func (w *world) extension(t *testing.T, d *document) {
	const secret, challenge = "test", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	origin := values{"Origin": "moz-extension://0a1b2c3d-0000-1111-2222-333344445555"}
	w.call(t, d, "askExtension", origin, object{"name": "Firefox", "challenge": challenge}, 200)
	w.call(t, d, "claimExtension", origin, object{"secret": "other"}, 403)
	w.call(t, d, "answerExtension", values{"id": challenge}, object{"allow": true}, 204)
	token := decode[struct{ Token string }](t, w.call(t, d, "claimExtension", origin, object{"secret": secret}, 200)).Token
	for _, o := range d.ops {
		if !o.open {
			r := w.request(o)
			r.header.Set("Authorization", "Bearer "+token)
			w.fill(t, r, values{"label": "example-org", "address": "example.org", "id": "x", "friend": "x", "name": "x", "path": "x", "profile": "heap"}, nil)
			if r.refused, r.foreign = !o.forExtensions, true; o.id == "openSite" {
				r.body = []byte(`{"address":"/etc/passwd.torrent"}`)
			}
			if a := w.answer(t, d, r); a.status == 401 || (a.status == 403) == (o.forExtensions && o.id != "openSite") {
				t.Errorf("an extension's %s is answered %d %s", o.id, a.status, a.body)
			}
		}
	}
	id := decode[struct{ Connected []struct{ ID string } }](t, w.call(t, d, "getExtensions", nil, nil, 200)).Connected[0].ID
	w.call(t, d, "revokeExtension", values{"id": id}, nil, 204)
}
