package nearby

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/e2e/harness"
)

// TestLocalHTTPSInABrowser has people open in Chromium what a paired device
// serves: a folder, and the web server of a program. The cases are in local.
func TestLocalHTTPSInABrowser(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, "local", 5*time.Minute)
	scratch := t.TempDir()
	r := newRoom(t)
	nas, bob, eve := r.join("nas"), r.join("bob"), r.join("eve")
	pair(t, bob, nas)
	nas.node()
	usual := harness.Config{"gateway.listen": "127.0.0.1:5484"}
	bob.node(usual)
	eve.node(usual)
	nas.listen("127.0.0.1:8123", smartHome())
	bob.listen("127.0.0.1:9009", stranger())
	_, folder := nas.serve(photos(t))
	home, web := nas.serve("http://127.0.0.1:8123", "--name", "home")
	cases.Env = []string{
		"TMPDIR=" + scratch, "KITH_BOB_NS=" + bob.Namespace, "KITH_EVE_NS=" + eve.Namespace,
		"KITH_FOLDER=" + folder, "KITH_WEB=" + web, "KITH_STRANGER=http://127.0.0.1:9009/",
		fmt.Sprintf("KITH_STOP_WEB=kill -TERM %d", home.PID()),
		"KITH_UNPLUG=" + nas.PlugCommand(false), "KITH_PLUG=" + nas.PlugCommand(true),
	}
	cases.Run(t)
}

// serve has the device serve something for as long as the command runs, and
// returns the address that it prints.
func (d *device) serve(args ...string) (*harness.Process, string) {
	d.t.Helper()
	p := harness.Start(d.t, d.program(append([]string{"serve"}, args...)...))
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	m, err := p.Await(ctx, regexp.MustCompile(`(?m)^http://nearby-\w+\.localhost:5484/$`))
	if err != nil {
		d.t.Fatal(err)
	}
	return p, m[0]
}

// listen runs a web server on the device until the test ends.
func (d *device) listen(addr string, h http.Handler) {
	d.t.Helper()
	l := harness.ListenIn(d.t, d.Namespace, addr)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	d.t.Cleanup(func() { _ = s.Close() })
}

// photos is a folder with an album in it, and returns it.
func photos(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	picture := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			picture.Set(x, y, color.RGBA{uint8(x * 255 / 320), uint8(y * 255 / 200), 160, 255})
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"summer.png": data.String(), "Ünïcode & <b>.txt": "a note", ".secret": "hidden", "sub/deep.txt": "deep",
		"album/index.html": `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Album</title><main><h1>Album</h1><img src="../summer.png" alt="a summer" style="max-width:100%"><p id="said"></p><script src="album.js"></script></html>`,
		"album/album.js": `document.querySelector("#said").textContent = isSecureContext ? "secure" : "insecure";`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, filepath.Join(dir, "film.bin"), 3<<20, 7)
	return dir
}

// smartHome is a web application as one finds them on a home's computers: it
// knows nothing of Kith, and checks where requests come from.
func smartHome() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-bob", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Home</title><main><h1>Lights</h1><form method="post" action="/lights"><button name="lamp" value="on">On</button></form></html>`)
	})
	mux.HandleFunc("POST /lights", func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "http://"+r.Host {
			http.Error(w, "a request from "+origin, http.StatusForbidden)
			return
		}
		http.Redirect(w, r, "http://"+r.Host+"/lit?lamp="+r.FormValue("lamp"), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /lit", func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Cookie("session")
		_, _ = fmt.Fprintf(w, "lamp %s, session %s", r.FormValue("lamp"), c.Value)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "bytes.bin", time.Time{}, strings.NewReader(strings.Repeat("0123456789", 1000)))
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // what came must not wait for the rest
	})
	mux.HandleFunc("GET /socket", echoSocket)
	return mux
}

// echoSocket answers on a WebSocket of its own origin.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, data); err != nil {
			return
		}
	}
}

// stranger is another web page in the same browser.
func stranger() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>Stranger</title><h1>Stranger</h1></html>`)
	})
}
