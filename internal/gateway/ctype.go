package gateway

import (
	"bytes"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"
)

// sniffLen is how much of a file its type may depend on.
const sniffLen = 1024

// contentType is the type of a file by its name, and where that says nothing by
// its first bytes. The system's own tables are not asked: a site looks the same
// on every computer.
func contentType(name string, head []byte) string {
	t := typeByName(name)
	switch {
	case t == "":
		return http.DetectContentType(head[:min(len(head), 512)])
	case !isText(t):
		return t
	case t == "text/html" && declaresCharset(head):
		return t // the header would overrule what the page says of itself
	case validUTF8(head):
		return t + "; charset=utf-8"
	}
	return t
}

// needsHead reports whether the type of a file depends on its first bytes.
func needsHead(name string) bool {
	t := typeByName(name)
	return t == "" || isText(t)
}

func isText(t string) bool { return strings.HasPrefix(t, "text/") }

// declaresCharset reports whether a page names its own character encoding
// (HTML, "prescan a byte stream to determine its encoding").
func declaresCharset(head []byte) bool {
	for _, word := range []string{"charset", "CHARSET", "Charset"} {
		if bytes.Contains(head, []byte(word)) {
			return true
		}
	}
	return false
}

// validUTF8 reports whether head may be the beginning of UTF-8.
func validUTF8(head []byte) bool {
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		if len(head) < sniffLen {
			return false
		}
		head = head[:len(head)-1]
	}
	return utf8.Valid(head)
}

// typeByName is the media type of a file name's extension; "" when it has none
// that is known.
func typeByName(name string) string {
	ext := path.Ext(name)
	if len(ext) < 2 || len(ext) > 16 {
		return ""
	}
	ext = strings.ToLower(ext[1:])
	for _, table := range [...]func(string) string{pageType, imageType, mediaType, documentType} {
		if t := table(ext); t != "" {
			return t
		}
	}
	return ""
}

// pageType are the types that make up a page.
func pageType(ext string) string {
	switch ext {
	case "html", "htm":
		return "text/html"
	case "xhtml", "xht":
		return "application/xhtml+xml"
	case "css":
		return "text/css"
	case "js", "mjs", "cjs":
		return "text/javascript"
	case "json", "map":
		return "application/json"
	case "jsonld":
		return "application/ld+json"
	case "geojson":
		return "application/geo+json"
	case "webmanifest":
		return "application/manifest+json"
	case "wasm":
		return "application/wasm"
	case "xml", "xsl", "xsd":
		return "text/xml"
	case "rss":
		return "application/rss+xml"
	case "atom":
		return "application/atom+xml"
	case "woff":
		return "font/woff"
	case "woff2":
		return "font/woff2"
	case "ttf":
		return "font/ttf"
	case "otf":
		return "font/otf"
	case "eot":
		return "application/vnd.ms-fontobject"
	}
	return ""
}

func imageType(ext string) string {
	switch ext {
	case "png", "apng", "gif", "webp", "avif", "bmp", "jxl", "heic", "heif":
		return "image/" + ext
	case "jpg", "jpeg", "jpe", "jfif":
		return "image/jpeg"
	case "svg":
		return "image/svg+xml"
	case "ico", "cur":
		return "image/x-icon"
	case "tif", "tiff":
		return "image/tiff"
	}
	return ""
}

func mediaType(ext string) string {
	switch ext {
	case "mp4", "m4v":
		return "video/mp4"
	case "webm":
		return "video/webm"
	case "ogv":
		return "video/ogg"
	case "mov":
		return "video/quicktime"
	case "mkv":
		return "video/x-matroska"
	case "avi":
		return "video/x-msvideo"
	case "mpg", "mpeg":
		return "video/mpeg"
	case "ts", "m2ts":
		return "video/mp2t"
	case "m3u8":
		return "application/vnd.apple.mpegurl"
	case "mpd":
		return "application/dash+xml"
	case "mp3":
		return "audio/mpeg"
	case "m4a":
		return "audio/mp4"
	case "ogg", "oga", "opus":
		return "audio/ogg"
	case "aac", "flac", "midi":
		return "audio/" + ext
	case "wav":
		return "audio/wav"
	case "weba":
		return "audio/webm"
	case "vtt":
		return "text/vtt"
	}
	return ""
}

func documentType(ext string) string {
	switch ext {
	case "txt", "text", "log", "srt", "ini", "toml":
		return "text/plain"
	case "md", "markdown":
		return "text/markdown"
	case "csv":
		return "text/csv"
	case "tsv":
		return "text/tab-separated-values"
	case "ics":
		return "text/calendar"
	case "vcf":
		return "text/vcard"
	case "yaml", "yml":
		return "application/yaml"
	case "pdf":
		return "application/pdf"
	case "epub":
		return "application/epub+zip"
	case "zip":
		return "application/zip"
	case "gz", "tgz":
		return "application/gzip"
	case "tar":
		return "application/x-tar"
	case "bz2":
		return "application/x-bzip2"
	case "xz":
		return "application/x-xz"
	case "zst":
		return "application/zstd"
	case "7z":
		return "application/x-7z-compressed"
	case "torrent":
		return "application/x-bittorrent"
	case "rtf":
		return "application/rtf"
	case "exe", "dmg", "deb", "rpm", "iso", "bin", "img", "apk":
		return "application/octet-stream"
	case "sqlite", "sqlite3":
		return "application/vnd.sqlite3"
	case "glb":
		return "model/gltf-binary"
	case "gltf":
		return "model/gltf+json"
	}
	return ""
}
