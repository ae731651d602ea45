package inject

import (
	"html"
	"io"
)

// Writer changes the page that is written to it and passes it on. It is not safe
// for concurrent use.
type Writer struct {
	dst  io.Writer
	o    Options
	scan scanner
	page page
	err  error
}

// New returns a Writer that passes the changed page on to dst. Close must be
// called at the end of the page; it does not close dst.
func New(dst io.Writer, o Options) *Writer {
	o.setDefaults()
	w := &Writer{dst: dst, o: o}
	w.page = page{o: o, loader: loaderTag(o.Loader), names: names{}}
	w.scan = scanner{page: &w.page, max: o.MaxTag}
	return w
}

func loaderTag(url string) []byte {
	if url == "" {
		return nil
	}
	return []byte(`<script src="` + html.EscapeString(url) + `" async></script>`)
}

// Write takes the next bytes of the page. Everything that is decided reaches dst
// before it returns.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.scan.write(p)
	if w.pass(); w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Close passes on what was held back. It says again what went wrong before.
func (w *Writer) Close() error {
	if w.err == nil {
		w.scan.end()
		w.pass()
	}
	return w.err
}

func (w *Writer) pass() {
	if len(w.page.out) == 0 {
		return
	}
	_, w.err = w.dst.Write(w.page.out)
	w.page.out = w.page.out[:0]
}
