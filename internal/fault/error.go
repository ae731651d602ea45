package fault

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Error is an error with a kind. The zero value is not useful; make one with
// New or Wrap.
type Error struct {
	// Kind chooses the row of the table.
	Kind Kind
	// Message names the input and what was wrong with it, in one sentence
	// without a full stop.
	Message string
	// Hint is the next step to take; "" means the kind's own.
	Hint string
	// Err is the cause, if there is one. It does not cross the wire.
	Err error

	// What Message and Hint were made from, to be said in another language.
	message, hint phrase
}

// New makes an error of kind k. The format works as in fmt.Errorf, %w included.
// Users and passwords in URLs are left out of the message.
func New(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Kind: k, Message: Redact(err.Error()), Err: errors.Unwrap(err)}
	e.message = keep(e.Message, format, args)
	return e
}

// WithHint returns a copy of e that ends in its own next step.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	c.hint = keep(c.Hint, format, args)
	return &c
}

// WithHintOf returns a copy of e that ends in the next step of another error, if
// that has one.
func (e *Error) WithHintOf(err error) *Error {
	c := *e
	c.Hint, c.hint = Hint(err), phrase{}
	if by := hinting(err); by != nil {
		c.hint = by.hint
	}
	return &c
}

// Error returns the message alone; callers that talk to a person add Hint.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes two errors equal when kind and message are, so that an error that
// crossed the wire still compares equal to the one sent.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Message == e.Message
}

// wire is the JSON form: {"error":{"kind":…,"message":…,"hint":…}}.
type wire struct {
	Error wireError `json:"error"`
}

type wireError struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Encode returns the JSON form of err that the API answers with.
func Encode(err error) []byte {
	data, jsonErr := json.Marshal(wire{wireError{KindOf(err), err.Error(), Hint(err)}})
	if jsonErr != nil {
		return []byte(`{"error":{"kind":"internal","message":"unprintable error"}}`)
	}
	return data
}

// Decode rebuilds the error that Encode wrote. Anything else, an empty body
// included, becomes an Internal error that quotes the beginning of data.
func Decode(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil || w.Error.Kind == "" {
		return New(Internal, "unexpected answer %.200q", data)
	}
	return &Error{Kind: w.Error.Kind, Message: w.Error.Message, Hint: w.Error.Hint}
}
