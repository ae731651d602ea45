package pack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File is a published file that blocks are read from.
type File struct {
	// Path is absolute.
	Path string `json:"path"`
	// Size and ModTime are what they were when the file was published.
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime"`
	// Root is the CID of the file's DAG.
	Root string `json:"root"`
}

// maxFileLine bounds one line of the list of published files.
const maxFileLine = 64 << 10

// load opens the pack's files and reads its index.
func (p *Pack) load(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open pack: %w", err)
	}
	p.dir = dir
	p.index, p.spare, p.stale = map[Key]Extent{}, map[Key][]Extent{}, map[uint32]bool{}
	var err error
	if p.data, err = os.OpenFile(filepath.Join(dir, "data"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("open pack: %w", err)
	}
	if p.log, err = os.OpenFile(filepath.Join(dir, "index"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return errors.Join(fmt.Errorf("open pack: %w", err), p.data.Close())
	}
	if err = p.readFiles(); err == nil {
		err = p.readIndex()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open pack: %w", err), p.data.Close(), p.log.Close())
	}
	return nil
}

// readFiles reads the list of published files.
func (p *Pack) readFiles() error {
	f, err := os.Open(filepath.Join(p.dir, "files"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 4096), maxFileLine)
	for lines.Scan() {
		var entry File
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return fmt.Errorf("list of published files: %w", err)
		}
		p.files = append(p.files, entry)
	}
	return lines.Err()
}

// readIndex reads the index and cuts off what a crash left at its end, and at
// the end of the data.
func (p *Pack) readIndex() error {
	info, err := p.data.Stat()
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(io.NewSectionReader(p.log, 0, 1<<62), 1<<18)
	var buf [recordSize]byte
	for {
		if _, err = io.ReadFull(in, buf[:]); err != nil {
			break
		}
		k, e, ok := parseRecord(buf[:])
		if !ok {
			break
		}
		p.logEnd += recordSize
		end := e.Off + int64(e.Len)
		if e.file == 0 && end > info.Size() || int(e.file) > len(p.files) {
			continue // of a block that is not there
		}
		p.insert(k, e)
		if e.file == 0 {
			p.end = max(p.end, end)
		}
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if err := p.log.Truncate(p.logEnd); err != nil {
		return err
	}
	return p.data.Truncate(p.end)
}
