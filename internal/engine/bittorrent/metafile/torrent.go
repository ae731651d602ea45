package metafile

import (
	"strconv"
)

// Torrent is a checked .torrent file.
type Torrent struct {
	*Meta
	// Trackers and WebSeeds are those it names, at most maxURLs each.
	Trackers []string
	WebSeeds []string
	// Layers are the piece layers of v2 and hybrid torrents, by the files' roots.
	Layers map[string]string
}

// The most trackers and web seeds that are taken from a torrent, and the longest.
const (
	maxURLs      = 64
	maxURLLength = 1024
)

// ParseTorrent reads and checks a .torrent file.
func ParseTorrent(data []byte, l Limits) (*Torrent, error) {
	l = l.WithDefaults()
	if len(data) > 2*l.MaxMetadata {
		return nil, tooLarge("the .torrent file has %d octets, more than the limit of %d", len(data), 2*l.MaxMetadata)
	}
	v, err := decode(data, 1024+20*l.MaxFiles)
	if err != nil {
		return nil, err
	}
	info, ok := v.get("info")
	if !ok {
		return nil, corrupt("the .torrent file has no info dictionary")
	}
	t := &Torrent{}
	if t.Meta, err = ParseInfo(info.raw, l); err != nil {
		return nil, err
	}
	for _, key := range []string{"announce", "announce-list"} {
		u, _ := v.get(key)
		t.Trackers = addURLs(t.Trackers, u, 0)
	}
	u, _ := v.get("url-list")
	t.WebSeeds = addURLs(nil, u, 0)
	if layers, ok := v.get("piece layers"); ok && t.HasV2 {
		t.Layers = map[string]string{}
		for i, k := range layers.keys {
			if layers.list[i].kind == 's' && len(k) == 32 {
				t.Layers[string(k)] = string(layers.list[i].str)
			}
		}
	}
	return t, nil
}

// addURLs takes a string, a list of strings, or a list of such lists.
func addURLs(to []string, v value, depth int) []string {
	if v.kind == 's' && len(v.str) > 0 && len(v.str) <= maxURLLength && len(to) < maxURLs {
		for _, u := range to {
			if u == string(v.str) {
				return to
			}
		}
		return append(to, string(v.str))
	}
	if v.kind == 'l' && depth < 2 {
		for _, m := range v.list {
			to = addURLs(to, m, depth+1)
		}
	}
	return to
}

// Encode writes the .torrent file.
func (t *Torrent) Encode() []byte {
	out := []byte{'d'}
	if len(t.Trackers) > 0 {
		out = AppendString(out, "announce")
		out = AppendString(out, t.Trackers[0])
		out = append(AppendString(out, "announce-list"), 'l')
		for _, u := range t.Trackers {
			out = append(AppendString(append(out, 'l'), u), 'e')
		}
		out = append(out, 'e')
	}
	out = append(AppendString(out, "info"), t.Info...)
	if len(t.Layers) > 0 {
		out = appendLayers(AppendString(out, "piece layers"), t.Layers)
	}
	if len(t.WebSeeds) > 0 {
		out = append(AppendString(out, "url-list"), 'l')
		for _, u := range t.WebSeeds {
			out = AppendString(out, u)
		}
		out = append(out, 'e')
	}
	return append(out, 'e')
}

// AppendString appends a bencoded string.
func AppendString(to []byte, s string) []byte {
	to = strconv.AppendInt(to, int64(len(s)), 10)
	return append(append(to, ':'), s...)
}

// AppendInt appends a bencoded integer.
func AppendInt(to []byte, n int64) []byte {
	return append(strconv.AppendInt(append(to, 'i'), n, 10), 'e')
}
