package front

import (
	"bytes"
	"html"
	"strings"

	parser "golang.org/x/net/html"
)

// link is a URL in a page, style sheet or sitemap, as it stands there.
type link struct {
	url string
	// part says that it is a part of the page, and not another page.
	part bool
}

// maxLinks bounds what is taken from one body.
const maxLinks = 5000

// htmlLinks returns the links of a page. A body that is no page has none.
func htmlLinks(body []byte) []link {
	var out []link
	z := parser.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(maxScan)
	for len(out) < maxLinks {
		switch z.Next() {
		case parser.ErrorToken:
			return out
		case parser.StartTagToken, parser.SelfClosingTagToken:
			out = append(out, tagLinks(z.Token())...)
		case parser.TextToken:
			if text := string(z.Text()); strings.Contains(text, "url(") {
				out = append(out, cssLinks(text)...)
			}
		}
	}
	return out
}

func tagLinks(t parser.Token) (out []link) {
	attr := map[string]string{}
	for _, a := range t.Attr {
		if _, twice := attr[a.Key]; !twice {
			attr[a.Key] = a.Val
		}
	}
	add := func(part bool, names ...string) {
		for _, name := range names {
			if v := strings.TrimSpace(attr[name]); v != "" {
				out = append(out, link{v, part})
			}
		}
	}
	switch t.Data {
	case "a", "area", "iframe", "frame":
		add(false, "href", "src")
	case "link":
		switch rel := strings.ToLower(attr["rel"]); {
		case strings.Contains(rel, "stylesheet"), strings.Contains(rel, "icon"), strings.Contains(rel, "preload"), strings.Contains(rel, "manifest"):
			add(true, "href")
		case rel == "next", rel == "prev":
			add(false, "href")
		}
	case "img", "source", "script", "video", "audio", "track", "embed", "input", "image":
		add(true, "src", "poster")
		for candidate := range strings.SplitSeq(attr["srcset"], ",") {
			if words := strings.Fields(candidate); len(words) > 0 {
				out = append(out, link{words[0], true})
			}
		}
	case "object":
		add(true, "data")
	}
	if style := attr["style"]; strings.Contains(style, "url(") {
		out = append(out, cssLinks(style)...)
	}
	return out
}

// cssLinks returns what follows url( and @import in a style sheet.
func cssLinks(sheet string) (out []link) {
	for len(out) < maxLinks {
		i := strings.Index(sheet, "url(")
		j := strings.Index(sheet, "@import")
		if i < 0 && j < 0 {
			return out
		}
		imported := j >= 0 && (i < 0 || j < i)
		if imported {
			sheet = strings.TrimLeft(sheet[j+len("@import"):], " \t\r\n")
			if !strings.HasPrefix(sheet, `"`) && !strings.HasPrefix(sheet, "'") {
				continue // url( follows
			}
		} else {
			sheet = strings.TrimLeft(sheet[i+len("url("):], " \t\r\n")
		}
		end := ")"
		if sheet != "" && (sheet[0] == '"' || sheet[0] == '\'') {
			end, sheet = sheet[:1], sheet[1:]
		}
		url, rest, ok := strings.Cut(sheet, end)
		if !ok {
			return out
		}
		if url = strings.TrimSpace(url); url != "" && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "#") {
			out = append(out, link{url, true})
		}
		sheet = rest
	}
	return out
}

// sitemapLinks returns the addresses in a sitemap.
func sitemapLinks(text string) (out []link) {
	for len(out) < maxLinks {
		_, rest, ok := strings.Cut(text, "<loc>")
		url, rest, closed := strings.Cut(rest, "</loc>")
		if !ok || !closed {
			return out
		}
		out = append(out, link{strings.TrimSpace(html.UnescapeString(url)), false})
		text = rest
	}
	return out
}
