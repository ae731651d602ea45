package gateway_test

import (
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/gateway"
)

func TestPagesAreInTheLanguageOfThePerson(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"a/b.txt": []byte("b")})
	for language, want := range map[string][]string{
		"de-DE,de;q=0.9": {`<html lang="de">`, "Hier ist nichts", "Auf dieser Website gibt es kein"},
		"en":             {`<html lang="en">`, "There is nothing here", "There is no"},
	} {
		got := w.get(origin+"/missing", append(navigation("none"), "Accept-Language: "+language)...)
		for _, words := range want {
			if got.status != 404 || !strings.Contains(got.body, words) || got.header.Get("Vary") != "Accept, Accept-Language" {
				t.Errorf("%s: %d %v\n%s\nlacks %q", language, got.status, got.header, got.body, words)
			}
		}
	}
	list := w.get(origin+"/a/", append(navigation("none"), "Accept-Language: de")...)
	if list.status != 200 || list.header.Get("Content-Language") != "de" || !strings.Contains(list.body, "1 Name") ||
		!strings.Contains(list.body, "Größe") {
		t.Errorf("%d %v\n%s", list.status, list.header, list.body)
	}
}
