package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrMissing is what reading a piece that is not there ends with.
var ErrMissing = errors.New("the piece is not here")

// pieces are those that the octets from off to end lie in.
func (v *Vault) pieces(off, end int64) (first, last int) {
	n := v.o.Meta.PieceLength
	return int(off / n), int((end + n - 1) / n)
}

// Missing is the first piece between off and end that is not there, or -1.
func (v *Vault) Missing(off, end int64) int {
	first, last := v.pieces(off, end)
	for i := first; i < last; i++ {
		if !v.Has(i) {
			return i
		}
	}
	return -1
}

// ReadAt reads pieces that are there, or fails with ErrMissing. The octets are
// those that were verified.
func (v *Vault) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		i := int(at / v.o.Meta.PieceLength)
		if i >= v.o.Meta.Pieces || !v.Has(i) {
			return n, ErrMissing
		}
		end := v.run(i, off+int64(len(p)))
		part := p[n:min(int64(len(p)), end-off)]
		m, err := v.readPiece(i, part, at)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// run is where the pieces end, from i and up to limit, that are kept in the same
// place as i.
func (v *Vault) run(i int, limit int64) int64 {
	own := v.have.has(i)
	for i++; i < v.o.Meta.Pieces && int64(i)*v.o.Meta.PieceLength < limit; i++ {
		if v.have.has(i) != own || !v.Has(i) {
			break
		}
	}
	return min(limit, int64(i)*v.o.Meta.PieceLength)
}

func (v *Vault) readPiece(i int, p []byte, off int64) (int, error) {
	if v.have.has(i) {
		blob, err := v.file(false)
		if err != nil {
			return 0, err
		}
		n, err := blob.ReadAt(p, off)
		if errors.Is(err, os.ErrClosed) {
			err = fs.ErrClosed
		}
		return n, err
	}
	n, err := v.folder.readAt(p, off)
	if errors.Is(err, errGone) {
		v.lose(off, off+int64(len(p)))
		return n, ErrMissing
	}
	return n, err
}

// lose takes the pieces off whose files are not what they were.
func (v *Vault) lose(off, end int64) {
	first, last := v.pieces(off, end)
	var path string
	for k := v.folder.at(off); k < len(v.folder.files) && v.folder.files[k].Offset < end; k++ {
		if f := v.folder.files[k]; v.folder.gone[k].Load() && f.Size > 0 {
			a, b := v.pieces(f.Offset, f.Offset+f.Size)
			first, last, path = min(first, a), max(last, b), f.Path
		}
	}
	changed := false
	for i := first; i < last; i++ {
		if !v.folder.intact(v.extent(i)) {
			changed = v.lost.set(i) || changed
		}
	}
	if changed && v.o.OnError != nil {
		v.o.OnError(fmt.Errorf("%q changed since it was published, and is not served until the folder is published again", path))
	}
	if changed && v.o.OnLost != nil {
		v.o.OnLost(first, last)
	}
}

// copyWindow is how much of a published file is given out between two looks at
// whether it is still what it was.
const copyWindow = 4 << 20

// WriteTo writes the octets from off to end to w, from pieces that are there.
// Where they lie in one file, w gets the *os.File by io.Copy. It ends early,
// without error, where a piece is missing.
func (v *Vault) WriteTo(w io.Writer, off, end int64) (int64, error) {
	var n int64
	for off+n < end {
		at := off + n
		i := int(at / v.o.Meta.PieceLength)
		if !v.Has(i) {
			return n, nil
		}
		m, err := v.copyRun(w, i, at, v.run(i, end))
		n += m
		if errors.Is(err, ErrMissing) && m == 0 {
			return n, nil
		}
		if err != nil || m == 0 {
			return n, err
		}
	}
	return n, nil
}

func (v *Vault) copyRun(w io.Writer, i int, at, end int64) (int64, error) {
	if v.have.has(i) {
		// A handle of its own: io.Copy moves the file's position.
		if _, err := v.file(false); err != nil {
			return 0, err
		}
		f, err := os.Open(v.blobName())
		if err != nil {
			return 0, err
		}
		defer f.Close() //nolint:errcheck // read only
		return copyFrom(w, f, at, end-at)
	}
	d := v.folder
	k := d.at(at)
	if k >= len(d.files) || d.files[k].Path == "" || d.files[k].Offset > at {
		return 0, ErrMissing
	}
	if !d.check(at, at+1) {
		v.lose(at, at+1)
		return 0, ErrMissing
	}
	f, err := os.Open(d.name(k))
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := d.verify(k, f); err != nil {
		v.lose(at, at+1)
		return 0, ErrMissing
	}
	n, err := copyFrom(w, f, at-d.files[k].Offset, min(end, d.files[k].Offset+d.files[k].Size, at+copyWindow)-at)
	if err == nil {
		err = d.verify(k, f)
	}
	return n, err
}

func copyFrom(w io.Writer, f *os.File, off, n int64) (int64, error) {
	if _, err := f.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	return io.Copy(w, io.LimitReader(f, n))
}

// Intact looks at whether the published files between off and end are what they
// were, and takes their pieces off where they are not.
func (v *Vault) Intact(off, end int64) {
	if v.folder != nil && end > off && !v.folder.check(off, end) {
		v.lose(off, end)
	}
}
