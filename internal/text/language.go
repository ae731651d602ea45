package text

import (
	"errors"
	"fmt"
	"strings"
)

// Language says texts in one language. A nil Language is English.
type Language struct {
	tag   string
	comma string // between the whole and the parts of a number
	forms func(n int) int
	texts map[string]string
}

// germanic chooses between the forms for one and for others.
func germanic(n int) int {
	if n == 1 {
		return 0
	}
	return 1
}

// Tag is the language's tag (BCP 47), for lang and Content-Language.
func (l *Language) Tag() string {
	if l == nil {
		return english
	}
	return l.tag
}

// Text says a text that has no arguments; its per cent signs are itself.
func (l *Language) Text(key string) string {
	if l == nil {
		return key
	}
	if said, ok := l.texts[key]; ok {
		return said
	}
	return key
}

// Say says a text with arguments, as fmt.Sprintf does. Arguments that can be said
// in a language (phrases, errors, decimals) are.
func (l *Language) Say(key string, args ...any) string {
	if l == nil {
		return fmt.Sprintf(key, args...)
	}
	return fmt.Errorf(l.Text(key), l.args(args)...).Error() // which knows %w besides
}

// Speaker is what can say itself in a language.
type Speaker interface{ In(l *Language) string }

func (l *Language) args(args []any) []any {
	said := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case error:
			said[i] = errors.New(l.Error(v))
		case Speaker:
			said[i] = v.In(l)
		default:
			said[i] = a
		}
	}
	return said
}

// Error says what err says. Errors that are not this program's own keep their
// text, apart from those in it that are.
func (l *Language) Error(err error) string {
	if l == nil {
		return err.Error()
	}
	switch v := err.(type) { //nolint:errorlint // each error of the chain in its turn
	case Speaker:
		return v.In(l)
	case interface{ Unwrap() error }:
		return l.within(err.Error(), v.Unwrap())
	case interface{ Unwrap() []error }:
		return l.within(err.Error(), v.Unwrap()...)
	}
	return l.Text(err.Error())
}

// within says the parts of whole that are other errors.
func (l *Language) within(whole string, parts ...error) string {
	var out strings.Builder
	for _, part := range parts {
		if part == nil {
			continue
		}
		before, after, ok := strings.Cut(whole, part.Error())
		if !ok || part.Error() == "" {
			continue
		}
		out.WriteString(before)
		out.WriteString(l.Error(part))
		whole = after
	}
	return out.String() + whole
}

// All yields every text of the language with its key.
func (l *Language) All(yield func(key, said string) bool) {
	if l == nil {
		return
	}
	for key, said := range l.texts {
		if !yield(key, said) {
			return
		}
	}
}
