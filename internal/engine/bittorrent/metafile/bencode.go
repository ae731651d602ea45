package metafile

import (
	"bytes"
	"strconv"
)

// maxDepth is how deep lists and dictionaries may nest. File trees nest once a
// folder.
const maxDepth = 192

// value is a bencoded value (BEP 3). Strings are parts of the input.
type value struct {
	kind byte // 'i', 's', 'l', 'd'
	int  int64
	str  []byte
	list []value // of a dictionary: the values
	keys [][]byte
	raw  []byte
}

// decoder reads bencode. budget is how many values it may still make.
type decoder struct {
	data   []byte
	pos    int
	budget int
}

// decode reads one value that takes the whole of data, of at most budget parts.
// Dictionaries with a key twice are refused: readers differ on which one counts.
func decode(data []byte, budget int) (value, error) {
	d := decoder{data: data, budget: budget}
	v, err := d.value(0)
	if err == nil && d.pos != len(data) {
		err = corrupt("%d octets follow the end of the bencoded data", len(data)-d.pos)
	}
	return v, err
}

func (d *decoder) value(depth int) (value, error) {
	if d.budget--; d.budget < 0 {
		return value{}, tooLarge("the torrent has too many parts")
	}
	if depth > maxDepth {
		return value{}, corrupt("the torrent nests deeper than %d levels", maxDepth)
	}
	if d.pos >= len(d.data) {
		return value{}, errTruncated()
	}
	start := d.pos
	v := value{kind: d.data[d.pos]}
	var err error
	switch v.kind {
	case 'i':
		v.int, err = d.integer()
	case 'l', 'd':
		d.pos++
		err = d.members(&v, depth)
	default:
		v.kind = 's'
		v.str, err = d.text()
	}
	v.raw = d.data[start:d.pos]
	return v, err
}

// members reads a list or dictionary up to its end.
func (d *decoder) members(v *value, depth int) error {
	seen := map[string]bool{}
	for {
		if d.pos >= len(d.data) {
			return errTruncated()
		}
		if d.data[d.pos] == 'e' {
			d.pos++
			return nil
		}
		if v.kind == 'd' {
			key, err := d.text()
			if err != nil {
				return err
			}
			if seen[string(key)] {
				return corrupt("the torrent says %.50q twice", key)
			}
			seen[string(key)] = true
			v.keys = append(v.keys, key)
		}
		m, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		v.list = append(v.list, m)
	}
}

func (d *decoder) integer() (int64, error) {
	const longest = 21
	rest := d.data[d.pos+1:]
	end := bytes.IndexByte(rest[:min(len(rest), longest)], 'e')
	if end < 1 {
		return 0, corrupt("the torrent has a damaged number")
	}
	n, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	if err != nil {
		return 0, corrupt("the torrent has a damaged number")
	}
	d.pos += end + 2
	return n, nil
}

func (d *decoder) text() ([]byte, error) {
	const longest = 11
	rest := d.data[d.pos:]
	colon := bytes.IndexByte(rest[:min(len(rest), longest)], ':')
	if colon < 1 || rest[0] < '0' || rest[0] > '9' {
		return nil, corrupt("the torrent is not bencoded")
	}
	n, err := strconv.ParseUint(string(rest[:colon]), 10, 32)
	if err != nil || n > uint64(len(rest)-colon-1) {
		return nil, errTruncated()
	}
	end := colon + 1 + int(n)
	d.pos += end
	return rest[colon+1 : end], nil
}

// get returns a member of a dictionary; ok is false where it is not there or v
// is none.
func (v value) get(key string) (m value, ok bool) {
	if v.kind != 'd' {
		return value{}, false
	}
	for i, k := range v.keys {
		if string(k) == key {
			return v.list[i], true
		}
	}
	return value{}, false
}

// text returns a member that is a string, or "".
func (v value) text(key string) string {
	m, ok := v.get(key)
	if !ok || m.kind != 's' {
		return ""
	}
	return string(m.str)
}

// integer returns a member that is an integer.
func (v value) integer(key string) (n int64, ok bool) {
	m, ok := v.get(key)
	return m.int, ok && m.kind == 'i'
}
