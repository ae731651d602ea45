package nearby

import (
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen"
	"github.com/kith-web/kith/internal/store"
)

func TestNamesInTheBookAreUnique(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("nearby")
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBook(bucket)
	if err != nil {
		t.Fatal(err)
	}
	one, two := openscreen.Fingerprint{1}, openscreen.Fingerprint{2}
	for _, f := range []openscreen.Fingerprint{one, two} {
		if _, err := b.add(f, "Bob\x1b[31m\n", nil); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := b.add(one, "Bob", []string{"10.0.0.1:5485"}); err != nil || again.Name != "Bob[31m" {
		t.Errorf("renewed: %+v, %v", again, err)
	}
	name, trusted := "BOB[31m", true
	if _, err := b.change(two, &name, nil); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := b.change(two, nil, &trusted); err != nil {
		t.Error(err)
	}
	if b, err = openBook(bucket); err != nil { // as after a restart
		t.Fatal(err)
	}
	list := b.list()
	if len(list) != 2 || list[0].Name != "Bob[31m" || list[1].Name != "Bob[31m-2" || !list[1].Trusted || len(list[0].Addrs) != 1 {
		t.Errorf("%+v", list)
	}
	if err := b.forget(one); err != nil || b.known(one) || !b.known(two) {
		t.Errorf("after forgetting: %v", err)
	}
	if paired, err := b.renew(one, "Bob", []string{"10.0.0.9:5485"}); err != nil || paired || b.known(one) {
		t.Errorf("a forgotten device was seen, and is back: %v, %v", paired, err)
	}
	if paired, err := b.renew(two, "", []string{"10.0.0.9:5485"}); err != nil || !paired {
		t.Errorf("a paired device was seen: %v, %v", paired, err)
	}
}

func TestTheIDIsALabel(t *testing.T) {
	a, b := ID(openscreen.Fingerprint{1}), ID(openscreen.Fingerprint{2})
	if len(a) != 16 || a == b || a[0] != '1' {
		t.Errorf("%q and %q", a, b)
	}
}
