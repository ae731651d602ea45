package fault

import (
	"fmt"
	"io"
	"time"

	"github.com/kith-web/kith/internal/text"
)

// phrase is a text as it was made: what it says in English, and from what.
type phrase struct {
	english string
	format  string
	args    []any
}

// keep makes a phrase whose arguments nobody changes afterwards: what is not
// plainly a value is kept as it was printed.
func keep(english, format string, args []any) phrase {
	p := phrase{english, format, args}
	for i, a := range args {
		switch a.(type) {
		case nil, string, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64,
			float32, float64, time.Duration, error, text.Phrase, text.Quantity, text.Decimal, text.Key:
			continue
		}
		if &p.args[0] == &args[0] {
			p.args = append([]any(nil), args...)
		}
		p.args[i] = &printed{value: a}
	}
	if len(args) > 0 && &p.args[0] != &args[0] {
		_, _ = fmt.Fprintf(io.Discard, format, p.args...)
		for _, a := range p.args {
			if v, ok := a.(*printed); ok {
				v.value, v.done = nil, true
			}
		}
	}
	return p
}

// in says the phrase, if english is still what it says.
func (p phrase) in(l *text.Language, english string) string {
	if p.format == "" || p.english != english {
		return l.Text(english)
	}
	return Redact(l.Say(p.format, p.args...))
}

// printed is an argument that was printed once, and is so again.
type printed struct {
	value any
	text  string
	done  bool
}

// Format writes the argument.
func (a *printed) Format(f fmt.State, verb rune) {
	if !a.done {
		a.text = fmt.Sprintf(fmt.FormatString(f, verb), a.value)
	}
	_, _ = io.WriteString(f, a.text)
}

// In says the message in a language.
func (e *Error) In(l *text.Language) string {
	if l == nil {
		return e.Message
	}
	return e.message.in(l, e.Message)
}

// Localize returns an error that says in a language what err says, its hint
// included, and that is err otherwise. It is for the place where a person reads
// it: what is logged or compared stays in English.
func Localize(err error, l *text.Language) error {
	if err == nil || l == nil {
		return err
	}
	return &Error{Kind: KindOf(err), Message: l.Error(err), Hint: HintIn(err, l), Err: err}
}

// HintIn is Hint in a language.
func HintIn(err error, l *text.Language) string {
	if e := hinting(err); e != nil {
		return e.hint.in(l, e.Hint)
	}
	return meanings(KindOf(err)).hint.In(l)
}
