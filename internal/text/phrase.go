package text

import (
	"fmt"
	"strconv"
	"strings"
)

// Phrase is a text whose language is not known yet. Its String is English.
type Phrase struct {
	key  string
	args []any
}

// Of returns a phrase, with arguments as fmt.Sprintf has them.
func Of(key string, args ...any) Phrase { return phrase(fmt.Sprintf(key, args...), key, args) }

// phrase exists so that vet knows Of for what it is.
func phrase(_, key string, args []any) Phrase { return Phrase{key, args} }

func (p Phrase) String() string { return fmt.Sprintf(p.key, p.args...) }

// In says the phrase in a language.
func (p Phrase) In(l *Language) string { return l.Say(p.key, p.args...) }

// Quantity is a number of things. Its String is English.
type Quantity struct {
	n         int
	one, more string
}

// Count returns a quantity: one for a single thing, more for none or several,
// each with %d.
func Count(n int, one, more string) Quantity { return Quantity{n, one, more} }

func (q Quantity) String() string { return q.In(nil) }

// In says the quantity in a language.
func (q Quantity) In(l *Language) string {
	form := germanic
	if l != nil {
		form = l.forms
	}
	if form(q.n) == 0 {
		return l.Say(q.one, q.n)
	}
	return l.Say(q.more, q.n)
}

// Decimal is a number with some digits after the point, which not every language
// writes as a point. Its String is English.
type Decimal struct {
	Value  float64
	Digits int
}

func (d Decimal) String() string { return strconv.FormatFloat(d.Value, 'f', d.Digits, 64) }

// In writes the number as a language does.
func (d Decimal) In(l *Language) string {
	if l == nil {
		return d.String()
	}
	return strings.Replace(d.String(), ".", l.comma, 1)
}

// Key is a text without arguments that is handed on before it is said. Its String
// is English.
type Key string

func (k Key) String() string { return string(k) }

// In says the text in a language.
func (k Key) In(l *Language) string { return l.Text(string(k)) }
