package body

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
)

const (
	// KeySize is the length of a body's key.
	KeySize = 32
	// TagSize is the length of a body's tag.
	TagSize = 16

	chunk     = 64 << 10
	nonceSize = 12
	overhead  = nonceSize + 16
)

// Tag names the content to whoever has the key, and nobody else: the beginning
// of HMAC-SHA-256(key, "kith body 1" ‖ 0 ‖ content).
type Tag [TagSize]byte

// NewTag returns the hash whose sum begins with the tag of what is written to it.
func NewTag(key []byte) hash.Hash {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("kith body 1\x00"))
	return h
}

// Sum returns the tag of what was written to h.
func Sum(h hash.Hash) (t Tag) {
	copy(t[:], h.Sum(nil))
	return t
}

// FileName is the name of a body's file below a folder: it says nothing, and only
// the key leads to it.
func FileName(key []byte) string {
	h := sha256.Sum256(append([]byte("kith body name 1"), key...))
	return filepath.Join(hex.EncodeToString(h[:1]), hex.EncodeToString(h[1:17]))
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("a body's key: %w", err)
	}
	return cipher.NewGCM(block)
}

func place(i int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("kith body 1"), uint64(i))
}

// Writer seals what is written to it into a file that is given its name by
// Finish.
type Writer struct {
	file *os.File
	path string
	aead cipher.AEAD
	rand io.Reader
	hash hash.Hash
	buf  []byte // less than a chunk
	out  []byte
	size int64 // of what was written
}

// Create begins a body. Its file is path with ".part" until it is finished.
func Create(path string, key []byte, rand io.Reader) (*Writer, error) {
	w, err := newWriter(path, key, rand)
	if err != nil {
		return nil, err
	}
	if w.file, err = os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("store a body: %w", err)
	}
	return w, nil
}

func newWriter(path string, key []byte, rand io.Reader) (*Writer, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("store a body: %w", err)
	}
	return &Writer{
		path: path, aead: aead, rand: rand, hash: NewTag(key),
		buf: make([]byte, 0, chunk), out: make([]byte, 0, chunk+overhead),
	}, nil
}

// Resume continues a body that was begun, with the whole chunks that are there
// and open; Size says how much that is.
func Resume(path string, key []byte, rand io.Reader) (*Writer, error) {
	w, err := newWriter(path, key, rand)
	if err != nil {
		return nil, err
	}
	if w.file, err = os.OpenFile(path+".part", os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("store a body: %w", err)
	}
	buf := make([]byte, chunk+overhead)
	i := int64(0)
	for ; ; i++ {
		if n, err := w.file.ReadAt(buf, i*int64(len(buf))); n < len(buf) {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, errors.Join(err, w.file.Close())
			}
			break
		}
		plain, err := w.aead.Open(w.buf[:0], buf[:nonceSize], buf[nonceSize:], place(i))
		if err != nil {
			break
		}
		w.hash.Write(plain)
	}
	w.size, w.buf = i*chunk, w.buf[:0]
	at := i * int64(len(buf))
	if err := w.file.Truncate(at); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	if _, err := w.file.Seek(at, io.SeekStart); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

// Size is how much was written.
func (w *Writer) Size() int64 { return w.size }

// Write seals the next octets.
func (w *Writer) Write(p []byte) (int, error) {
	done := 0
	for len(p) > 0 {
		n := min(len(p), chunk-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		w.size += int64(n)
		done += n
		p = p[n:]
		if len(w.buf) == chunk {
			if err := w.flush(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// flush writes a chunk; only the last of a body is not full.
func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.hash.Write(w.buf)
	w.out = w.out[:nonceSize]
	if _, err := io.ReadFull(w.rand, w.out); err != nil {
		return err
	}
	w.out = w.aead.Seal(w.out, w.out[:nonceSize], w.buf, place((w.size-1)/chunk))
	w.buf = w.buf[:0]
	if _, err := w.file.Write(w.out); err != nil {
		return fmt.Errorf("store a body: %w", err)
	}
	return nil
}

// Finish waits for the disk and gives the file its name.
func (w *Writer) Finish() (Tag, error) {
	err := w.flush()
	if err == nil {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return Tag{}, errors.Join(fmt.Errorf("store a body: %w", err), os.Remove(w.path+".part"))
	}
	if err := os.Rename(w.path+".part", w.path); err != nil {
		return Tag{}, fmt.Errorf("store a body: %w", err)
	}
	return Sum(w.hash), syncDir(filepath.Dir(w.path))
}

// Abort forgets what was written.
func (w *Writer) Abort() error {
	return errors.Join(w.file.Close(), os.Remove(w.path+".part"))
}

// Pause closes the file and keeps what is there, for Resume. What does not fill a
// chunk is lost.
func (w *Writer) Pause() error { return w.file.Close() }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Some systems cannot wait for a folder; the file itself is on disk.
	_ = d.Sync()
	return d.Close()
}

// Remove removes the file of a body, finished or not. It is no error when there
// is none.
func Remove(path string) error {
	for _, p := range []string{path, path + ".part"} {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a body: %w", err)
		}
	}
	return nil
}

// Reader reads a body.
type Reader struct {
	file *os.File
	aead cipher.AEAD
	size int64
	at   int64

	have  int64 // the chunk in plain; -1 for none
	plain []byte
	raw   []byte
}

// Open opens a body of size octets. What was changed on disk is found when it is
// read: fault.Corrupt.
func Open(path string, key []byte, size int64) (*Reader, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a body: %w", err)
	}
	return &Reader{file: f, aead: aead, size: size, have: -1, raw: make([]byte, chunk+overhead)}, nil
}

// Size is the length of the body.
func (r *Reader) Size() int64 { return r.size }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Seek moves the place of Read.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, fault.New(fault.Invalid, "seek before the beginning")
	}
	r.at = offset
	return offset, nil
}

// Read reads on from the place.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	i := r.at / chunk
	if r.have != i {
		if err := r.load(i); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain[r.at-i*chunk:])
	r.at += int64(n)
	return n, nil
}

func (r *Reader) load(i int64) error {
	length := min(chunk, r.size-i*chunk)
	raw := r.raw[:length+overhead]
	if _, err := r.file.ReadAt(raw, i*(chunk+overhead)); err != nil {
		return fault.New(fault.Corrupt, "a body is cut short on disk: %w", err)
	}
	plain, err := r.aead.Open(r.plain[:0], raw[:nonceSize], raw[nonceSize:], place(i))
	if err != nil {
		r.have = -1
		return fault.New(fault.Corrupt, "a body was changed on disk")
	}
	r.plain, r.have = plain, i
	return nil
}
