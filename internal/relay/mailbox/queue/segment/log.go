package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// suffix is how names of files end.
const suffix = ".segment"

// Octets is how long a file grows unless Options say otherwise.
const Octets = 32 << 20

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	// Octets is how long a file grows before the next is begun: 32 MiB.
	Octets int64
	// Rest is how long nothing must have been given up in a file before it is
	// written anew or removed, as the rest of it may well be given up soon, and
	// the file can be written over: 1 second.
	Rest time.Duration
	// Linger is how long what was given up may stay in a file that is mostly
	// named: an hour.
	Linger time.Duration
	// Now is the clock: time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Octets <= 0 {
		o.Octets = Octets
	}
	if o.Rest <= 0 {
		o.Rest = time.Second
	}
	if o.Linger <= 0 {
		o.Linger = time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Log is a folder of files. What only the goroutine that writes may call says so;
// the rest is safe for concurrent use.
type Log struct {
	dir   string
	o     Options
	table *crc32.Table

	// Of the goroutine that writes: what was added and is not written yet, where
	// that begins, and where it ends.
	buf      []byte
	from     int64
	end      int64
	sequence int64

	// reading is held by who reads what rows name, from before the rows are read,
	// and taken for a moment before a file goes.
	reading sync.RWMutex

	mu   sync.Mutex // of what follows
	all  map[int64]*file
	now  *file // is appended to; nil for none
	last int64 // the highest id
}

// file is a segment.
type file struct {
	id   int64
	f    *os.File // while it is appended to
	size int64
	live int64 // octets of records that rows name

	since time.Time // when the first of what is given up in it was
	until time.Time // when the last was

	anchored bool // the database knows of it, durably
	needed   bool // for a replay
	kept     bool // since it could not be written anew
	worn     bool // could not be flushed
}

// Open opens or makes the folder. Begin has to follow, and Replay and Adopt when
// no other process has it.
func Open(dir string, o Options) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of bodies: %w", err)
	}
	if err := queue.SyncDir(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	return &Log{dir: dir, o: o.withDefaults(), table: crc32.MakeTable(crc32.Castagnoli), all: map[int64]*file{}}, nil
}

// Begin gives ids and sequences beyond those of all earlier epochs. No two
// processes may have the same epoch.
func (l *Log) Begin(epoch int64) { l.last, l.sequence = epoch<<32, epoch<<32 }

// Adopt takes the files into the log that are there from earlier epochs. live is
// how many octets rows name in each, after what was replayed. What nobody names is
// removed; when a file is missing or too short the error is fault.Corrupt. No other
// process may have the folder.
func (l *Log) Adopt(live map[int64]int64) error {
	list, err := os.ReadDir(l.dir)
	if err != nil {
		return fmt.Errorf("look through the bodies: %w", err)
	}
	l.mu.Lock()
	for _, e := range list {
		name, ours := strings.CutSuffix(e.Name(), suffix)
		id, err := strconv.ParseInt(name, 10, 64)
		if !ours || err != nil || l.all[id] != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			l.mu.Unlock()
			return fmt.Errorf("look through the bodies: %w", err)
		}
		l.all[id] = &file{id: id, size: info.Size(), live: live[id], since: l.o.Now()}
	}
	for id, n := range live {
		if f := l.all[id]; n > 0 && (f == nil || f.size < n) {
			l.mu.Unlock()
			return fault.New(fault.Corrupt, "the file %s with bodies of messages is missing or too short", l.path(id)).
				WithHint("put all files of the mailboxes back as they were together, or move them away and start empty: senders use a second relay meanwhile")
		}
	}
	l.mu.Unlock()
	return l.Sweep(0)
}

func (l *Log) path(id int64) string {
	return filepath.Join(l.dir, fmt.Sprintf("%019d%s", id, suffix))
}

// Size is how many octets all files have.
func (l *Log) Size() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		n += f.size
	}
	return n
}

// Live is how many octets of a file rows name.
func (l *Log) Live(id int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.all[id]; f != nil {
		return f.live
	}
	return 0
}

// Close ends appending and removes what nobody needs. Nothing else may be going
// on.
func (l *Log) Close() error {
	l.Retire()
	return l.Sweep(0)
}

// remove removes a file that was taken out of the log.
func (l *Log) remove(f *file) error {
	err := os.Remove(l.path(f.id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
