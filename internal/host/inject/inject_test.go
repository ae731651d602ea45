package inject_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kith-web/kith/internal/host/inject"
)

const (
	loaderURL = "/.kith/loader.js"
	loader    = `<script src="/.kith/loader.js" async></script>`
)

// rewrite writes in to a Writer in pieces of n bytes.
func rewrite(t testing.TB, in string, n int, o inject.Options) string {
	t.Helper()
	var out bytes.Buffer
	w := inject.New(&out, o)
	for rest := in; rest != ""; {
		k := min(n, len(rest))
		if _, err := io.WriteString(w, rest[:k]); err != nil {
			t.Fatal(err)
		}
		rest = rest[k:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// copyOf is the copy for browsers without scripts.
func copyOf(s string) string { return "<noscript data-kith>" + s + "</noscript>" }

func TestTheLoaderGoesIntoTheHead(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<!doctype html><html><head><title>x</title>", "<!doctype html><html><head>@<title>x</title>"},
		{"<!doctype html>\n<title>x</title>", "<!doctype html>\n@<title>x</title>"},
		{"<!doctype html><!-- <head> --><HTML lang=en><HEAD\n class=\"a>b\"><p>", "<!doctype html><!-- <head> --><HTML lang=en><HEAD\n class=\"a>b\">@<p>"},
		{"  hello", "  @hello"},
		{"\xef\xbb\xbfhello", "\xef\xbb\xbf@hello"},
		{"\xef\xbb\xbf<head><p>", "\xef\xbb\xbf<head>@<p>"},
		{"</p><html></head><p>", "</p><html>@</head><p>"},
		{"<script>'<head>'</script><head>", "@<script>'<head>'</script><head>"},
		{"<?xml version='1.0'?><html><body>", "<?xml version='1.0'?><html>@<body>"},
		{"<html><frameset>", "<html>@<frameset>"},
		{"<html", "@<html"}, // a tag without end is no tag
		{"", ""},
		{" \n", " \n"},
		{"\xff\xfe<\x00h\x00", "\xff\xfe<\x00h\x00"},
		{"\xfe\xff\x00<", "\xfe\xff\x00<"},
		{"<\x00h\x00>\x00", "<\x00h\x00>\x00"},
	} {
		want := strings.Replace(c.want, "@", loader, 1)
		for _, n := range []int{1, 3, 1 << 20} {
			if got := rewrite(t, c.in, n, inject.Options{Loader: loaderURL}); got != want {
				t.Errorf("%q in pieces of %d:\n got %q\nwant %q", c.in, n, got, want)
			}
			if got := rewrite(t, c.in, n, inject.Options{}); got != c.in {
				t.Errorf("%q without options became %q", c.in, got)
			}
		}
	}
}

func TestPicturesAreDeferred(t *testing.T) {
	const (
		img     = `<img alt=a src=a.png>`
		imgD    = `<img alt=a data-kith-src=a.png>`
		picture = `<picture><source srcset="a.webp 1x, b.webp 2x"><img src='/a.png' srcset="a.png, b.png 2x"></picture>`
		pictD   = `<picture><source data-kith-srcset="a.webp 1x, b.webp 2x"><img data-kith-src='/a.png' data-kith-srcset="a.png, b.png 2x"></picture>`
		video   = `<video poster=p.jpg controls><source src=v.webm><track src=t.vtt><p>No <a href=v.webm>video</a></p></video>`
		videoD  = `<video data-kith-poster=p.jpg controls><source data-kith-src=v.webm><track src=t.vtt><p>No <a href=v.webm>video</a></p></video>`
	)
	for name, c := range map[string]struct{ in, want string }{
		"img":                {img, imgD + copyOf(img)},
		"upper case":         {`<IMG SRC = "a.png"/>`, `<IMG data-kith-SRC = "a.png"/>` + copyOf(`<IMG SRC = "a.png"/>`)},
		"picture":            {picture, pictD + copyOf(picture)},
		"video":              {video, videoD + copyOf(video)},
		"audio":              {"<audio src=a.mp3></audio>", "<audio data-kith-src=a.mp3></audio>" + copyOf("<audio src=a.mp3></audio>")},
		"behind an svg":      {`<svg><title>t</title><path d=""/></svg>` + img, `<svg><title>t</title><path d=""/></svg>` + imgD + copyOf(img)},
		"behind a template":  {"<template>" + img + "</template>" + img, "<template>" + img + "</template>" + imgD + copyOf(img)},
		"behind a script":    {"<script>'" + img + "'<!--<script></script>" + img + "--></script>" + img, "<script>'" + img + "'<!--<script></script>" + img + "--></script>" + imgD + copyOf(img)},
		"behind a comment":   {"<!--" + img + "--!>" + img, "<!--" + img + "--!>" + imgD + copyOf(img)},
		"behind a textarea":  {"<textarea>" + img + "</textareas></TEXTAREA >" + img, "<textarea>" + img + "</textareas></TEXTAREA >" + imgD + copyOf(img)},
		"base, same origin":  {"<base href=/b/>" + img, "<base href=/b/>" + imgD + copyOf(img)},
		"behind a long tag":  {"<img src='data:," + strings.Repeat("<a>", 50_000) + "'>" + img, "<img src='data:," + strings.Repeat("<a>", 50_000) + "'>" + imgD + copyOf(img)},
		"behind a long path": {"<svg><path d='" + strings.Repeat("<a>", 50_000) + "'/></svg>" + img, "<svg><path d='" + strings.Repeat("<a>", 50_000) + "'/></svg>" + imgD + copyOf(img)},
	} {
		for _, n := range []int{1, 7, 1 << 20} {
			o := inject.Options{Defer: true, Eager: -1}
			if got := rewrite(t, "<body>"+c.in, n, o); got != "<body>"+c.want {
				t.Errorf("%s, in pieces of %d:\n got %.500q\nwant %.500q", name, n, got, c.want)
			}
		}
	}
}

func TestWhatIsNotDeferred(t *testing.T) {
	const img = "<img src=a.png>"
	for _, in := range []string{
		"<img src=https://example.org/a.png>", "<img src=//example.org/a.png>", `<img src="/&#47;example.org/a.png">`,
		`<img src="\\example.org/a">`, "<img src='data:image/png;base64,AAAA'>", "<img src='blob:x'>", "<img src>", "<img>",
		`<img src="` + "/\t/example.org/" + `">`, "<img src='&#x2f;/example.org'>", "<img src=a.png src=b.png>",
		"<img src=a.png srcset='a.png, https://example.org/b.png 2x'>", "<img src=a.png data-kith-src=b.png>",
		"<img src=a.png fetchpriority=HIGH>",
		"<noscript>" + img + "</noscript>", "<svg><image href=a.png /></svg>", "<svg><foreignObject>" + img + "</foreignObject></svg>" + img,
		"<select>" + img + "</select>", "<iframe>" + img + "</iframe>", "<plaintext>" + img, "<frameset>" + img,
		"<svg><p><script>'</svg>" + img + "'</script>", "<div><svg></div><script>'</svg>" + img + "'</script>",
		"<base href=https://example.org/>" + img, "<input type=image src=a.png>", "<link rel=preload as=image href=a.png>",
		"<picture><source srcset=a.webp><noscript></noscript>" + img + "</picture>",
		"<video><source src=a.webm><source src=https://example.org/a.mp4></video>",
		"<video src=a.webm><video></video>", "<video src=a.webm>", "<audio><source src=a></b></audio>",
		"<picture><source srcset=a.webp>" + strings.Repeat("<!-- -->", 10_000) + img + "</picture>",
		"<video src=a.webm><!-- </noscript> --></video>",
	} {
		for _, n := range []int{1, 1 << 20} {
			if got := rewrite(t, "<p>"+in, n, inject.Options{Defer: true, Eager: -1}); got != "<p>"+in {
				t.Errorf("%.200q became %.300q", in, got)
			}
		}
	}
}

func TestTheFirstPictureIsThereAtOnce(t *testing.T) {
	const in = "<p><img src=1><img src=2>"
	if got, want := rewrite(t, in, 9, inject.Options{Defer: true}), "<p><img src=1><img data-kith-src=2>"+copyOf("<img src=2>"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const in2 = "<p><picture><source srcset=1><img src=1></picture><img src=2>"
	if got, want := rewrite(t, in2, 9, inject.Options{Defer: true}), "<p><picture><source srcset=1><img src=1></picture><img data-kith-src=2>"+copyOf("<img src=2>"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEverythingDecidedIsPassedOn(t *testing.T) {
	var out bytes.Buffer
	w := inject.New(&out, inject.Options{Loader: loaderURL, Defer: true})
	const first = "<head><title>T</title><body><p>the first half of a page, "
	if _, err := io.WriteString(w, first); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), strings.Replace(first, "<head>", "<head>"+loader, 1); got != want {
		t.Errorf("before the second half there is %q, want %q", got, want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestAFailedWriteIsTold(t *testing.T) {
	w := inject.New(full{}, inject.Options{Loader: loaderURL})
	if _, err := io.WriteString(w, "<p>"); err != io.ErrShortWrite {
		t.Errorf("Write: %v", err)
	}
	if err := w.Close(); err != io.ErrShortWrite {
		t.Errorf("Close: %v", err)
	}
}

func TestWhereItApplies(t *testing.T) {
	for _, c := range []struct {
		header map[string]string
		want   bool
	}{
		{map[string]string{"Content-Type": "text/html"}, true},
		{map[string]string{"Content-Type": "Text/HTML; charset=Shift_JIS", "Content-Encoding": "identity"}, true},
		{map[string]string{"Content-Type": "text/html; charset=\"utf-16\""}, false},
		{map[string]string{"Content-Type": "text/html", "Content-Encoding": "br"}, false},
		{map[string]string{"Content-Type": "text/html", "Content-Range": "bytes 0-1/2"}, false},
		{map[string]string{"Content-Type": "text/html", "Content-Disposition": "Attachment; filename=a.html"}, false},
		{map[string]string{"Content-Type": "application/xhtml+xml"}, false},
		{map[string]string{"Content-Type": "text/html;;"}, false},
		{nil, false},
	} {
		h := http.Header{}
		for k, v := range c.header {
			h.Set(k, v)
		}
		if got := inject.Applies(h); got != c.want {
			t.Errorf("Applies(%v) = %v", c.header, got)
		}
	}
}

// tree parses a page as a browser with scripts does, takes away what a Writer may
// have added, gives attributes their names back, and writes the tree down.
func tree(t testing.TB, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(strings.TrimPrefix(page, "\ufeff")))
	if err != nil {
		return "does not parse: " + err.Error()
	}
	var added []*html.Node
	for n := range root.Descendants() {
		for i, a := range n.Attr {
			switch {
			case n.Data == "noscript" && a.Key == "data-kith", n.Data == "script" && a.Val == loaderURL:
				added = append(added, n)
			default:
				n.Attr[i].Key = strings.TrimPrefix(a.Key, "data-kith-")
			}
		}
	}
	for _, n := range added {
		n.Parent.RemoveChild(n)
	}
	var out strings.Builder
	write(&out, root, 0)
	return out.String()
}

func write(out *strings.Builder, n *html.Node, depth int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && n.Data == "head" && strings.TrimSpace(c.Data) == "" {
			continue // "&#9" before everything is dropped; behind the loader it is shown by nobody either
		}
		out.WriteString("\n" + strings.Repeat(" ", depth))
		if c.Type == html.TextNode {
			out.WriteString("text ")
			for ; c.NextSibling != nil && c.NextSibling.Type == html.TextNode; c = c.NextSibling {
				out.WriteString(c.Data)
			}
		}
		out.WriteString(c.Namespace + " " + c.Data)
		for _, a := range c.Attr {
			out.WriteString(" [" + a.Namespace + a.Key + "=" + a.Val + "]")
		}
		write(out, c, depth+1)
	}
}

// words are what TestPagesOfAnyShape makes pages of.
func words() []string {
	w := []string{
		" ", "text", "<!doctype html>", "<!--", "-->", "<![CDATA[", "]]>", "<img src=a>", "<img srcset='a, b 2x'>", "<source src=a>",
		"<source srcset=a>", "<video src=a>", "<video poster=a>", "<audio src=b>", "<path d=1 />", "<script/>", "<svg/>", "'", "<",
		"<?x>", "</br>", "<base href=b>", "<input>", "<br>", "<col>", "<font color=a>", "<image src=a>",
	}
	for _, name := range []string{
		"html", "head", "body", "p", "div", "a", "b", "title", "script", "style", "textarea", "noscript", "iframe", "noframes", "xmp",
		"template", "select", "option", "svg", "math", "mi", "desc", "foreignObject", "annotation-xml", "g", "picture", "video", "audio",
		"table", "tr", "td", "colgroup", "caption", "frameset", "form", "button", "ul", "li", "plaintext",
	} {
		w = append(w, "<"+name+">", "</"+name+">")
	}
	return w
}

func TestPagesOfAnyShape(t *testing.T) {
	random := rand.New(rand.NewPCG(5484, 1))
	all, changed := words(), 0
	for range 20_000 {
		var in strings.Builder
		for range random.IntN(24) + 1 {
			in.WriteString(all[random.IntN(len(all))])
		}
		page := in.String()
		out := rewrite(t, page, random.IntN(40)+1, inject.Options{Loader: loaderURL, Defer: true, Eager: -1})
		if want, got := tree(t, page), tree(t, out); got != want && !strings.HasPrefix(want, "does not parse") {
			t.Fatalf("%q became\n%q\n%s\nwas\n%s", page, out, got, want)
		}
		if strings.Contains(out, "data-kith") {
			changed++
		}
	}
	if changed < 1000 {
		t.Errorf("only %d pages were changed: the test is not one", changed)
	}
}

// FuzzThePageStaysTheSame checks that a changed page is the same tree but for the
// changes that are meant, however it is cut up, and that nothing at all changes
// without options.
func FuzzThePageStaysTheSame(f *testing.F) {
	for _, seed := range []string{
		"<!doctype html><html><head><title>x</title></head><body><img src=a.png><img srcset='a 1x, b 2x'>",
		"<picture><source srcset=a><img src=b></picture><video src=v poster=p><source src=a></video>",
		"<svg><title><b></title><style><![CDATA[<img src=a>]]></style></svg><img src=x>",
		"<script><!--<script></script><img src=x>--></script><img src=y>",
		"<table><img src=a><tr><video src=v></video><td><select><img src=q></select>",
		"<template><img src=a></template><noscript><img src=b></noscript><textarea><img src=c></textarea><img src=d>",
		"<math><mi>x</mi><annotation-xml encoding=text/html><p></annotation-xml></math><img src=d>",
		"</p></br><!-- a --!><img src=a><?php ?></3><!x><img/src=a/alt>",
		"<p><a><video src=v><p>x<a>y</a></p></video></a><audio><source src=b></audio>",
		"<frameset><frame src=a><noframes><img src=a></noframes></frameset>", "\xef\xbb\xbftext", "\xff\xfe<\x00",
		"<body><svg><g><path d=a></svg><img src=x><colgroup><img src=y><plaintext><img src=z>",
	} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, in string, n int) {
		if n = n%64 + 1; n < 1 || len(in) > 4<<10 || strings.Contains(strings.ToLower(in), "kith") {
			t.Skip("no page of interest: too large, or it has the marks that the test looks for")
		}
		if got := rewrite(t, in, n, inject.Options{}); got != in {
			t.Fatalf("without options it became %q", got)
		}
		o := inject.Options{Loader: loaderURL, Defer: true, Eager: -1, MaxTag: 200, MaxElement: 400}
		out := rewrite(t, in, n, o)
		if whole := rewrite(t, in, 1<<20, o); whole != out {
			t.Fatalf("in pieces of %d:\n%q\nwhole:\n%q", n, out, whole)
		}
		if want, got := tree(t, in), tree(t, out); got != want && !strings.HasPrefix(want, "does not parse") {
			t.Fatalf("became %q\n%s\nwas\n%s", out, got, want)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	var page bytes.Buffer
	page.WriteString("<!doctype html><html><head><title>A page</title></head><body>")
	for page.Len() < 1<<20 {
		page.WriteString(`<h2 class="title">A heading</h2><p>Some text with <a href="/somewhere/else">a link</a> in it, as long as
			text in articles is, and not a word longer than that would be.</p><img src="/pictures/a.jpg" alt="A picture" width="640" height="480">
			<picture><source srcset="/a.avif" type="image/avif"><img src="/a.jpg"></picture><script>if (a < b) { c() }</script>`)
	}
	for name, o := range map[string]inject.Options{
		"identity": {}, "loader": {Loader: loaderURL}, "defer": {Loader: loaderURL, Defer: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(page.Len()))
			b.ReportAllocs()
			for b.Loop() {
				w := inject.New(io.Discard, o)
				for rest := page.Bytes(); len(rest) > 0; {
					n := min(32<<10, len(rest))
					if _, err := w.Write(rest[:n]); err != nil {
						b.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
