package transfer

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"

	"lukechampine.com/blake3"
)

// A journal says what of a transfer is on disk, so that another attempt can go
// on: a line of JSON, and a record for each chunk that was verified and written.
type journal struct {
	root *os.Root
	name string
	file *os.File
}

// journalHead is the first line. Everything else follows from the offer, which
// has to be the same.
type journalHead struct {
	Version int `json:"version"`
	// Offer is the digest of the files as they were offered.
	Offer []byte `json:"offer"`
	// Names are the local names at the top, by the name offered.
	Names map[string]string `json:"names"`
}

const (
	journalVersion = 1
	// journalRecord is a chunk's number and its hash.
	journalRecord = 8 + len(Digest{})
	maxHead       = 1 << 20
)

// journalName is the file for an offer of a peer.
func journalName(peer Fingerprint, offer Digest) string {
	sum := blake3.Sum256(append(peer[:], offer[:]...))
	return journalPrefix + hex.EncodeToString(sum[:8]) + journalSuffix
}

// readJournal returns what an earlier attempt left; nothing when there is none,
// or it is of something else. A torn record at the end is dropped.
func readJournal(root *os.Root, name string, offer Digest, chunks int64) (head journalHead, had map[int64]Digest) {
	f, err := root.Open(name)
	if err != nil {
		return journalHead{}, nil
	}
	defer func() { _ = f.Close() }()
	return parseJournal(f, offer, chunks)
}

func parseJournal(from io.Reader, offer Digest, chunks int64) (head journalHead, had map[int64]Digest) {
	r := bufio.NewReaderSize(from, 64<<10)
	line, err := r.ReadSlice('\n')
	var long []byte
	for errors.Is(err, bufio.ErrBufferFull) && len(long) < maxHead {
		long = append(long, line...)
		line, err = r.ReadSlice('\n')
	}
	if err != nil || json.Unmarshal(append(long, line...), &head) != nil ||
		head.Version != journalVersion || string(head.Offer) != string(offer[:]) {
		return journalHead{}, nil
	}
	had = map[int64]Digest{}
	var record [journalRecord]byte
	for {
		if _, err := io.ReadFull(r, record[:]); err != nil {
			return head, had
		}
		if n := int64(binary.BigEndian.Uint64(record[:])); n >= 0 && n < chunks {
			had[n] = Digest(record[8:])
		}
	}
}

// startJournal begins a journal, with what is there already.
func startJournal(root *os.Root, name string, head journalHead, had map[int64]Digest) (*journal, error) {
	head.Version = journalVersion
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	data := append(line, '\n')
	for n, sum := range had {
		data = appendRecord(data, n, sum)
	}
	f, err := root.OpenFile(name+"-new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = root.Rename(name+"-new", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), root.Remove(name+"-new"))
	}
	return &journal{root: root, name: name, file: f}, nil
}

func appendRecord(b []byte, n int64, sum Digest) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	return append(b, sum[:]...)
}

// wrote records a chunk. One write makes it whole or, at the end of the file,
// torn.
func (j *journal) wrote(n int64, sum Digest) error {
	_, err := j.file.Write(appendRecord(make([]byte, 0, journalRecord), n, sum))
	return err
}

func (j *journal) close() error { return j.file.Close() }

// remove ends the journal of a transfer that nothing is left of to resume.
func (j *journal) remove() error {
	err := j.root.Remove(j.name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(j.file.Close(), err)
}
