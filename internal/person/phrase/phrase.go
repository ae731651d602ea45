package phrase

import (
	"strings"

	"github.com/tyler-smith/go-bip39"

	"github.com/kith-web/kith/internal/fault"
)

// Words is how many words a phrase has.
const Words = 24

// seedSize is the entropy of a phrase, in octets; longest is what is looked at.
const (
	seedSize = 32
	longest  = 1024
)

// Encode returns the phrase of a seed of 32 octets.
func Encode(seed []byte) (string, error) {
	if len(seed) != seedSize {
		return "", fault.New(fault.Internal, "a seed of %d octets, not %d", len(seed), seedSize)
	}
	words, err := bip39.NewMnemonic(seed)
	if err != nil {
		return "", fault.New(fault.Internal, "recovery phrase: %w", err)
	}
	return words, nil
}

// Decode returns the seed of a phrase. Spaces and capitals do not matter. Errors
// say which word is wrong by its number, and never repeat a word.
func Decode(words string) ([]byte, error) {
	if len(words) > longest {
		return nil, fault.New(fault.Invalid, "the recovery phrase has %d characters", len(words)).WithHint("it has %d words", Words)
	}
	list := strings.Fields(strings.ToLower(words))
	if len(list) != Words {
		return nil, fault.New(fault.Invalid, "the recovery phrase has %d words", len(list)).WithHint("it has %d", Words)
	}
	for i, w := range list {
		if _, ok := bip39.GetWordIndex(w); !ok {
			return nil, fault.New(fault.Invalid, "word %d of the recovery phrase is none of the list", i+1).WithHint("check its spelling")
		}
	}
	seed, err := bip39.EntropyFromMnemonic(strings.Join(list, " "))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the words of the recovery phrase do not belong together").
			WithHint("one is another word, or two changed places")
	}
	return seed, nil
}
