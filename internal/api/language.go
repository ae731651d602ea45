package api

import (
	"net/http"

	"github.com/kith-web/kith/internal/text"
)

// spoken is the response to somebody who does not read English.
type spoken struct {
	http.ResponseWriter
	language *text.Language
}

// Unwrap is for http.ResponseController.
func (s spoken) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// speak answers in the language that a request asks for.
func speak(next http.Handler) http.Handler {
	texts := text.New()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l := texts.For(r.Header.Get("Accept-Language")); l != nil {
			w, r = spoken{w, l}, r.WithContext(text.With(r.Context(), l))
		}
		next.ServeHTTP(w, r)
	})
}

// languageOf is the language that w answers in.
func languageOf(w http.ResponseWriter) *text.Language {
	for {
		switch v := w.(type) {
		case spoken:
			return v.language
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil
		}
	}
}

// sayLanguage marks an answer that would differ for readers of another language.
func sayLanguage(w http.ResponseWriter, l *text.Language) {
	w.Header().Set("Content-Language", l.Tag())
	w.Header().Add("Vary", "Accept-Language")
}
