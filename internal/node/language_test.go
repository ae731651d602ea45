package node_test

import (
	"slices"
	"testing"

	"github.com/kith-web/kith/internal/node"
)

func TestTheLanguagesOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		all, messages, lang, language string
		want                          []string
	}{
		{lang: "de_DE.UTF-8", want: []string{"de_DE.UTF-8"}},
		{all: "C", lang: "de_DE.UTF-8", language: "de", want: []string{"C"}},
		{all: "C.UTF-8", language: "de", want: []string{"C.UTF-8"}},
		{messages: "de_AT", lang: "en_US.UTF-8", want: []string{"de_AT"}},
		{all: "en_US", messages: "de_AT", want: []string{"en_US"}},
		{lang: "en_US.UTF-8", language: "fr::de", want: []string{"fr", "de", "en_US.UTF-8"}},
	} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", c.messages)
		t.Setenv("LANG", c.lang)
		t.Setenv("LANGUAGE", c.language)
		if got := node.Languages(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
