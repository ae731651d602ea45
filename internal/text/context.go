package text

import "context"

type languageKey struct{}

// With returns a context of whoever reads l; ctx itself for English.
func With(ctx context.Context, l *Language) context.Context {
	if l == nil {
		return ctx
	}
	return context.WithValue(ctx, languageKey{}, l)
}

// From is the language of a context; English where it has none.
func From(ctx context.Context) *Language {
	l, _ := ctx.Value(languageKey{}).(*Language)
	return l
}
