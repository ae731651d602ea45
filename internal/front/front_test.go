package front_test

import (
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/front"
)

// numbered returns n octets that nowhere repeat.
func numbered(prefix string, n int) string {
	var out strings.Builder
	for i := 0; out.Len() < n; i++ {
		out.WriteString(prefix + strconv.Itoa(i) + " ")
	}
	return out.String()[:n]
}

func TestASiteBecomesAManifest(t *testing.T) {
	w := newWorld(t, func(o *front.Options) { o.Crawl = 100 })
	big := numbered("", 200_000) // four pieces
	w.set("/", `<link rel=stylesheet href=/a.css><img src="/big.bin?v=1"><a href="/two">two</a><a href="/private/x">x</a><a href="http://other.example/">o</a>`, html)
	w.set("/two", "<p>two<a href=/?page=2>", html)
	w.set("/a.css", "b{background:url(p.png)}", "Content-Type: text/css", "Cache-Control: max-age=600", "X-Secret: 1")
	w.set("/p.png", "png", "Content-Type: image/png")
	w.set("/big.bin?v=1", big)
	w.set("/private/x", "x")
	w.set("/robots.txt", "User-agent: *\nDisallow: /private\n")
	w.start()
	v := w.has("/", "/a.css", "/big.bin?v=1", "/p.png", "/two")
	if w.asked("/private/x") != 0 {
		t.Error("robots.txt was not followed")
	}
	if x, _ := v.Index(t.Context()); x.Pieces != 8 || !v.HasPiece(0) || v.HasPiece(8) || v.HasPiece(-1) {
		t.Errorf("there are %d pieces", x.Pieces)
	}
	if got, err := content(t, v, "/big.bin?v=1"); err != nil || got != big {
		t.Errorf("its pieces have %d octets, %v", len(got), err)
	}
	if _, err := v.Piece(t.Context(), 8); fault.KindOf(err) != fault.NotFound {
		t.Errorf("piece 8: %v", err)
	}
	x, _ := v.Index(t.Context())
	m, err := front.Open(x.Data, w.front.Key(), time.Now())
	if err != nil || m.Site != "https://www.my.site" {
		t.Fatalf("its document: %+v, %v", m, err)
	}
	css := m.Files[slices.IndexFunc(m.Files, func(f front.File) bool { return f.Path == "/a.css" })]
	if css.Type != "text/css" || css.Headers["cache-control"] != "max-age=600" || css.Headers["x-secret"] != "" {
		t.Errorf("/a.css is described as %+v", css)
	}
	before := w.asked("/big.bin?v=1")
	if r, body := w.get("GET", "/big.bin?v=1", "Range: bytes=65530-65549"); r.StatusCode != 206 || body != big[65530:65550] {
		t.Errorf("a range: %d %q", r.StatusCode, body)
	}
	if r, body := w.get("GET", "/a.css"); r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/css" || r.Header.Get("Etag") == "" || body == "" {
		t.Errorf("/a.css: %d %v", r.StatusCode, r.Header)
	}
	if after := w.asked("/big.bin?v=1"); after != before {
		t.Errorf("what is fresh and there was asked for again, %d times", after-before)
	}
}

func TestPiecesAreAskedOfTheWebsiteWhenNobodyHasThem(t *testing.T) {
	w := newWorld(t, func(o *front.Options) { o.CacheSize = 150 << 10 })
	big := numbered("a", 320_000)
	w.set("/big", big)
	w.start()
	w.get("GET", "/big")
	v := w.has("/big")
	if v.HasPiece(0) || !v.HasPiece(4) {
		t.Error("the cache does not keep what was used last, within its bound")
	}
	got, err := content(t, v, "/big")
	if err != nil || got != big {
		t.Fatalf("its pieces have %d octets, %v", len(got), err)
	}
	if n := w.asked("/big 206"); n == 0 || n > 5 {
		t.Errorf("the website was asked for %d ranges", n)
	}
	// The website has something else of the same length now.
	w.set("/big", numbered("b", 320_000))
	if _, err := v.Piece(t.Context(), 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a piece that is no more: %v", err)
	}
}

func TestChangesLeadToANewManifest(t *testing.T) {
	w := newWorld(t, func(o *front.Options) {
		o.Lifetime, o.MinFresh = 30*time.Millisecond, 10*time.Millisecond
	})
	w.set("/a", "first")
	w.set("/b", "second file")
	w.start()
	w.get("GET", "/a")
	w.get("GET", "/b")
	v1 := w.has("/a", "/b")
	w.set("/a", "first, changed")
	v2 := w.wait("the change", func(f map[string]front.File) bool { return f["/a"].Size == int64(len("first, changed")) })
	if v2.Manifest().Sequence <= v1.Manifest().Sequence || v1.ID() == v2.ID() {
		t.Error("the new manifest does not follow the old one")
	}
	w.remove("/b")
	w.has("/a")
	if w.asked("/a 304") == 0 {
		t.Error("the website was never asked whether something changed, but for all of it")
	}
	if got, err := content(t, v1, "/b"); err != nil || got != "second file" {
		t.Errorf("who has the old manifest gets %q, %v", got, err)
	}
	// A file that stops being for everybody leaves.
	w.set("/a", "private now", "Cache-Control: private")
	w.has()
}

func TestASiteThatIsDownLivesOn(t *testing.T) {
	w := newWorld(t, func(o *front.Options) {
		o.Lifetime, o.MinFresh = 30*time.Millisecond, 10*time.Millisecond
	})
	w.set("/", "<p>here", html)
	w.start()
	w.get("GET", "/")
	v := w.has("/")
	w.stop(true)
	for range 3 {
		if r, body := w.get("GET", "/"); r.StatusCode != 200 || body != "<p>here" {
			t.Errorf("the page: %d %q", r.StatusCode, body)
		}
	}
	if got, err := content(t, v, "/"); err != nil || got != "<p>here" {
		t.Errorf("its pieces: %q, %v", got, err)
	}
	if r, _ := w.get("GET", "/never-seen"); r.StatusCode != 502 {
		t.Errorf("what is nowhere: %d", r.StatusCode)
	}
	if n := len(w.front.Current().Manifest().Files); n != 1 {
		t.Errorf("the manifest has %d files", n)
	}
}

func TestTheSequenceGrowsOverRestarts(t *testing.T) {
	w := newWorld(t, nil)
	w.set("/a", "a")
	w.start()
	w.get("GET", "/a")
	v1, key := w.has("/a"), w.front.Key()
	w.end()
	w.stop(true) // what was known is known without asking
	w.start()
	v2 := w.front.Current()
	if v2.ID() != v1.ID() || !key.Equal(w.front.Key()) {
		t.Error("the manifest or the key is another after a restart")
	}
	if _, body := w.get("GET", "/a"); body != "a" {
		t.Errorf("after a restart /a is %q", body)
	}
	w.stop(false)
	w.set("/b", "b")
	w.get("GET", "/b")
	if v3 := w.has("/a", "/b"); v3.Manifest().Sequence <= v1.Manifest().Sequence {
		t.Errorf("sequence %d follows %d", v3.Manifest().Sequence, v1.Manifest().Sequence)
	}
	w.end()
	w.o.Site = "https://other.my.site" // another name: another manifest
	w.start()
	if m := w.front.Current().Manifest(); m.Site != w.o.Site || len(m.Files) != 0 || m.Sequence <= v1.Manifest().Sequence {
		t.Errorf("under another name: %+v", m)
	}
}

func TestWhatIsDynamicPassesThrough(t *testing.T) {
	w := newWorld(t, nil)
	w.set("/a", "a")
	w.set("/cookie", "for you", "Set-Cookie: a=b; Path=/")
	w.set("/vary", "bonjour", "Vary: Accept-Language")
	w.set("/none", "secret", "Cache-Control: no-store")
	w.set("/q?x=1", "made up")
	w.set("/away", "", "Location: "+w.URL+"/a?b#c")
	w.set("/out", "", "Location: https://other.example/")
	w.set("/alt", "alt", "Alt-Svc: h3=\":443\"", "Cache-Control: private")
	w.start()
	for path, want := range map[string]string{"/cookie": "for you", "/vary": "bonjour", "/none": "secret", "/q?x=1": "made up", "/a": "a"} {
		for range 2 {
			if r, body := w.get("GET", path); r.StatusCode != 200 || body != want {
				t.Errorf("%s: %d %q", path, r.StatusCode, body)
			}
		}
	}
	w.has("/a")
	if r, _ := w.get("GET", "/cookie"); r.Header.Get("Set-Cookie") == "" {
		t.Error("a cookie was lost")
	}
	if r, _ := w.get("GET", "/away"); r.Header.Get("Location") != "https://www.my.site/a?b#c" {
		t.Errorf("the redirect leads to %s", r.Header.Get("Location"))
	}
	if r, _ := w.get("GET", "/out"); r.Header.Get("Location") != "https://other.example/" || r.StatusCode != 302 {
		t.Errorf("the redirect leads to %s", r.Header.Get("Location"))
	}
	if r, _ := w.get("GET", "/alt"); r.Header.Get("Alt-Svc") != "" {
		t.Error("the website's other server was told of")
	}
	for _, h := range []string{"Cookie: a=b", "Authorization: Basic eDp5"} {
		before := w.asked("/a")
		if w.get("GET", "/a", h); w.asked("/a") != before+1 {
			t.Errorf("with %s it was answered from the cache", h)
		}
	}
	before := w.asked("/a")
	if w.get("POST", "/a"); w.asked("/a") != before+1 {
		t.Error("POST was answered from the cache")
	}
	if r, _ := w.get("TRACE", "/a"); r.StatusCode != 405 {
		t.Errorf("TRACE: %d", r.StatusCode)
	}
	if r, _ := w.get("GET", "/.kith/worker.js"); r.StatusCode != 404 || w.asked("/.kith/worker.js") != 0 {
		t.Error("the website was asked for the runtime")
	}
	w.get("POST", "/x", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: evil.example", "Connection: X-Hop", "X-Hop: 1")
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.last.Get("X-Forwarded-For"); f != "127.0.0.1" || w.last.Get("X-Hop") != "" || w.last.Get("X-Forwarded-Host") == "evil.example" ||
		"http://"+w.last.Get("Host") != w.URL {
		t.Errorf("the website got %v", w.last)
	}
}

// TestNobodyChangesAPageForOthers: what a visitor's headers brought about does not
// enter the manifest.
func TestNobodyChangesAPageForOthers(t *testing.T) {
	w := newWorld(t, nil)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", "public")
		_, _ = io.WriteString(rw, "hello "+r.Header.Get("X-Name")+r.Header.Get("User-Agent")+r.Header.Get("X-Forwarded-Host"))
	})
	w.start()
	if _, body := w.get("GET", "/a", "X-Name: Mallory", "User-Agent: m", "X-Forwarded-Host: evil.example"); !strings.Contains(body, "Mallory") {
		t.Errorf("the visitor's own answer is %q", body)
	}
	if got, err := content(t, w.has("/a"), "/a"); err != nil || got != "hello kith-frontwww.my.site" {
		t.Errorf("everybody gets %q, %v", got, err)
	}
}

func TestMadeUpPathsDoNotFillTheManifest(t *testing.T) {
	w := newWorld(t, func(o *front.Options) { o.MaxFiles = 3 })
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("Cache-Control", "public")
		if strings.HasPrefix(r.URL.Path, "/real") {
			_, _ = io.WriteString(rw, r.URL.Path)
			return
		}
		_, _ = io.WriteString(rw, "an app with one page for every path") // as single-page apps do
	})
	w.start()
	for _, path := range []string{"/", "/x", "/y", "/y?z", "/real?q=1", "/real1", "/real2"} {
		w.get("GET", path)
	}
	w.has("/", "/real1", "/real2")
	w.get("GET", "/real3")
	w.get("GET", "/real1")
	if n := len(w.front.Current().Manifest().Files); n != 3 {
		t.Errorf("the manifest has %d files", n)
	}
}

// A manifest lists what it names: an address that only some people were given must
// not get there because one of them came.
func TestWhatOnlySomeKnowIsNotListed(t *testing.T) {
	w := newWorld(t, nil)
	asked := make(chan string, 16)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/app.js" {
			rw.Header().Set("Cache-Control", "max-age=600")
		}
		if r.UserAgent() == "kith-front" {
			asked <- r.URL.Path
		}
		_, _ = io.WriteString(rw, `<a href="/linked">`+r.URL.Path+`</a>`)
	})
	w.start()
	for _, path := range []string{"/share/4f2a9c", "/", "/app.js"} {
		w.get("GET", path)
	}
	w.has("/", "/app.js")
	w.get("GET", "/linked")
	w.has("/", "/app.js", "/linked")
	w.end()
	close(asked)
	for path := range asked {
		if strings.HasPrefix(path, "/share/") {
			t.Error("the website was asked for what does not enter")
		}
	}
}

// Without the header that makes it a download, a page that somebody uploaded would
// be one of the website's.
func TestAGuardThatCannotBeCarriedKeepsAFileOut(t *testing.T) {
	w := newWorld(t, nil)
	w.set("/upload", "<script>", html, "Content-Disposition: attachment; filename=\"\u00fc.html\"")
	w.set("/a", "a")
	w.start()
	w.get("GET", "/upload")
	w.get("GET", "/a") // looked at after what came before
	w.has("/a")
}

// A website may trust its own computer, which is where a front asks from.
func TestWhatAVisitorMayNotSeeIsNotAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", "max-age=600")
		if r.URL.Path == "/status" && r.Header.Get("X-Forwarded-For") != "" {
			http.Error(rw, "not for you", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(rw, "hello from "+r.URL.Path)
	})
	w.start()
	if r, _ := w.get("GET", "/status"); r.StatusCode != http.StatusForbidden {
		t.Errorf("the visitor got %d", r.StatusCode)
	}
	w.get("GET", "/a") // looked at after what came before
	w.has("/a")
}

func TestOnlyTheOriginIsContacted(t *testing.T) {
	other := newWebsite(t)
	other.set("/", "another server")
	w := newWorld(t, func(o *front.Options) { o.Crawl = 100 })
	host := strings.TrimPrefix(other.URL, "http://")
	w.set("/", `<img src="`+other.URL+`/img"><img src="//`+host+`/img"><a href="/jump"><a href="/end">`, html)
	w.set("/jump", "", "Location: "+other.URL+"/jumped")
	w.set("/robots.txt", "Sitemap: "+other.URL+"/map.xml\n")
	w.set("/sitemap.xml", "<loc>"+other.URL+"/loc</loc>", "Content-Type: text/xml")
	w.start()
	w.set("/end", "looked at last")
	w.has("/", "/sitemap.xml", "/end")
	for _, line := range []string{
		"GET " + other.URL + "/abs HTTP/1.1\r\nHost: " + host,
		"GET //" + host + "/double HTTP/1.1\r\nHost: " + host,
		"GET @" + host + "/user HTTP/1.1\r\nHost: x",
		"OPTIONS * HTTP/1.1\r\nHost: " + host,
		"CONNECT " + host + " HTTP/1.1\r\nHost: " + host,
		"GET /\\\\" + host + "/back HTTP/1.1\r\nHost: x",
		"POST /smuggle HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET " + other.URL + "/second HTTP/1.1\r\nHost: " + host,
	} {
		c, err := net.Dial("tcp", w.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, line+"\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", line, err)
		}
		_ = c.Close()
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	if len(other.count) > 0 {
		t.Errorf("another server was asked for %v", other.count)
	}
}

func TestAnAnswerMayBeginBeforeTheRequestEnds(t *testing.T) {
	w := newWorld(t, nil)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(rw)
		if err := c.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		first := make([]byte, 1)
		_, _ = io.ReadFull(r.Body, first)
		_, _ = rw.Write(first)
		_ = c.Flush()
		_, _ = io.Copy(rw, r.Body)
	})
	w.start()
	body, send := io.Pipe()
	go func() { _, _ = io.WriteString(send, "x") }()
	client := &http.Client{Timeout: time.Minute}
	resp, err := client.Post(w.http.URL+"/form", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || first[0] != 'x' {
		t.Fatalf("the answer begins with %q, %v", first, err)
	}
	rest := strings.Repeat("rest", 100_000)
	go func() {
		_, _ = io.WriteString(send, rest)
		_ = send.Close()
	}()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != rest {
		t.Errorf("%d octets came back of %d, %v", len(got), len(rest), err)
	}
}

func TestConnectionsCanBeUpgraded(t *testing.T) {
	w := newWorld(t, nil)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, buffered, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(c, "you said "+line)
	})
	w.start()
	c, err := net.Dial("tcp", w.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	text := textproto.NewConn(c)
	if err := text.PrintfLine("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := text.ReadLine(); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("the answer begins %q, %v", line, err)
	}
	if _, err := text.ReadMIMEHeader(); err != nil {
		t.Fatal(err)
	}
	if err := text.PrintfLine("hello"); err != nil {
		t.Fatal(err)
	}
	if line, err := text.ReadLine(); err != nil || line != "you said hello" {
		t.Errorf("it said %q, %v", line, err)
	}
}

func TestADamagedCacheIsNotServed(t *testing.T) {
	w := newWorld(t, nil)
	w.set("/a", "what it is")
	w.start()
	w.get("GET", "/a")
	v := w.has("/a")
	found, err := filepath.Glob(filepath.Join(w.o.Dir, "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the cache has %v, %v", found, err)
	}
	if err := os.WriteFile(found[0], []byte("what it's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := content(t, v, "/a"); err != nil || got != "what it is" {
		t.Errorf("the piece is %q, %v", got, err)
	}
}

func TestBadOrigins(t *testing.T) {
	for _, origin := range []string{"", "my.site", "ftp://my.site", "https://", "https://my.site/path", "https://u:p@my.site", "https://my.site?x", "http://my.site#x", "://"} {
		if _, err := front.ParseOrigin(origin); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", origin, err)
		}
	}
	u, err := front.ParseOrigin("HTTPS://My.Site:8443/")
	if err != nil || u.String() != "https://my.site:8443" {
		t.Errorf("it is %v, %v", u, err)
	}
}

var _ http.Handler = (*front.Front)(nil)

// TestTheWebsiteMayComeLater: a front begins with a website that is not there yet.
func TestTheWebsiteMayComeLater(t *testing.T) {
	w := newWorld(t, func(o *front.Options) { o.Crawl = 10 })
	w.set("/", "here now", html)
	w.stop(true)
	w.start()
	if r, _ := w.get("GET", "/"); r.StatusCode != 502 {
		t.Errorf("before it is there: %d", r.StatusCode)
	}
	w.stop(false)
	w.has("/")
}
