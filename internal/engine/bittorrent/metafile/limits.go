package metafile

import "github.com/kith-web/kith/internal/fault"

// Limits are what a torrent may ask of this computer. Zero fields are the
// defaults.
type Limits struct {
	// MaxFiles is the most files, pad files included.
	MaxFiles int
	// MaxSize is the most octets of content.
	MaxSize int64
	// MaxMetadata is the longest info dictionary or .torrent file, in octets.
	MaxMetadata int
	// MaxPieceLength is the longest piece, in octets.
	MaxPieceLength int64
}

// The defaults of Limits.
const (
	DefaultMaxFiles       = 200_000
	DefaultMaxSize        = 1 << 40
	DefaultMaxMetadata    = 16 << 20
	DefaultMaxPieceLength = 64 << 20
)

// Limits of io/fs paths, and of the work a torrent may cause: the wire library
// looks through the files once a piece (v1), or more than that (v2).
const (
	maxPathParts  = 128
	maxPartLength = 1024
	maxPathLength = 4096
	maxWorkV1     = 1 << 32
	maxWorkV2     = 1 << 28
)

// WithDefaults replaces zero fields.
func (l Limits) WithDefaults() Limits {
	if l.MaxFiles == 0 {
		l.MaxFiles = DefaultMaxFiles
	}
	if l.MaxSize == 0 {
		l.MaxSize = DefaultMaxSize
	}
	if l.MaxMetadata == 0 {
		l.MaxMetadata = DefaultMaxMetadata
	}
	if l.MaxPieceLength == 0 {
		l.MaxPieceLength = DefaultMaxPieceLength
	}
	return l
}

func corrupt(format string, args ...any) error { return fault.New(fault.Corrupt, format, args...) }

func tooLarge(format string, args ...any) error { return fault.New(fault.TooLarge, format, args...) }

func errTruncated() error { return corrupt("the torrent ends in the middle") }
