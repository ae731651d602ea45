package api_test

import (
	"strings"
	"testing"
)

func TestThePersonIsAnsweredInTheirLanguage(t *testing.T) {
	w := newWorld(t, nil)
	for language, want := range map[string]string{
		"":                                 "the API has no GET",
		"de-AT,de;q=0.9,en":                "die API hat kein GET",
		"en-GB,en;q=0.9,de":                "the API has no GET",
		"fr-CH, de;q=0.5, *":               "die API hat kein GET",
		"xx;q=" + strings.Repeat("9", 500): "the API has no GET",
	} {
		got, body := w.do("GET", "/api/v1/nothing", nil, "Accept-Language: "+language)
		tag := "en"
		if strings.HasPrefix(want, "die") {
			tag = "de"
		}
		if got.StatusCode != 404 || !strings.Contains(string(body), want) || !strings.Contains(string(body), `"kind":"not_found"`) ||
			got.Header.Get("Content-Language") != tag || got.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%q: %d %v %s", language, got.StatusCode, got.Header, body)
		}
	}
}
