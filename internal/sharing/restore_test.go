package sharing_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// TestRestoredBesideADeviceThatIsKept: what that has comes from it, and the device
// that made the backup is out.
func TestRestoredBesideADeviceThatIsKept(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, laptop, phone := newDevice(t, "alice", url), newDevice(t, "laptop", url), newDevice(t, "phone", url)
	befriend(t, laptop, alice)
	link(t, laptop, phone)
	laptop.put("", "1", "text", only("alice"))
	words, err := laptop.Phrase(t.Context())
	check(t, err)
	file, err := laptop.Backup(t.Context())
	check(t, err)
	named, err := laptop.BackupDevices(t.Context(), words, file)
	check(t, err)
	if len(named) != 2 || named[0].Name != "laptop" || !named[0].This || named[1].Name != "phone" || named[1].This {
		t.Fatalf("the backup names %+v", named)
	}
	phone.until("know alice, and the document", func(st sharing.State) bool {
		return !phone.friend(st, "alice").Pending && st.Person.Documents == 1
	})
	laptop.end()
	fresh := newDevice(t, "fresh", url)
	wantKind(t, fresh.Restore(t.Context(), words, file, "tablet"), fault.NotFound)
	check(t, fresh.Restore(t.Context(), words, file, "PHONE"))
	fresh.until("have what the phone has", func(st sharing.State) bool {
		return len(st.Devices) == 2 && st.Person.Documents == 1 && !fresh.friend(st, "alice").Pending
	})
	if got := fresh.read("", "1"); got != "text" {
		t.Errorf("the document is %q", got)
	}
	phone.end()
	if _, body := alice.ask(sharing.Ask{Friend: "laptop", Path: "/1"}); body != "text" {
		t.Errorf("alice was answered %q", body)
	}
}

// TestPutBackFromACopy: a device whose home is an old copy shows nothing that was
// deleted meanwhile once it hears from another, whether it keeps its key or not.
func TestPutBackFromACopy(t *testing.T) {
	for _, anew := range []bool{false, true} {
		t.Run(fmt.Sprint("anew ", anew), func(t *testing.T) { putBack(t, anew) })
	}
}

func putBack(t *testing.T, anew bool) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	laptop, phone := newDevice(t, "laptop", url), newDevice(t, "phone", url)
	laptop.put("", "kept", "kept", nil)
	laptop.put("", "deleted", "deleted", nil)
	link(t, laptop, phone)
	has := func(want string) {
		t.Helper()
		phone.until("have "+want, func(st sharing.State) bool {
			docs, err := phone.List(t.Context(), sharing.Page{})
			return err == nil && len(st.Devices) == 2 && paths(docs) == want && !st.Person.Doubtful
		})
	}
	has("deleted kept")
	phone.end()
	old := filepath.Join(t.TempDir(), "old")
	check(t, os.CopyFS(old, os.DirFS(phone.home)))
	phone.start()
	_, err := laptop.Delete(t.Context(), "", "deleted")
	check(t, err)
	has("kept")
	laptop.put("", "later", "later", nil)
	has("kept later")
	phone.end()
	phone.home = old
	phone.start()
	if anew {
		before := phone.State().Person.Device
		check(t, phone.Incarnate(t.Context()))
		if phone.State().Person.Device == before {
			t.Error("it is the same device")
		}
	}
	laptop.put("", "last", "last", nil)
	has("kept last later")
	for _, d := range []*device{laptop, phone} {
		_, err = d.Document(t.Context(), "", "deleted")
		wantKind(t, err, fault.NotFound)
	}
	if docs, err := laptop.List(t.Context(), sharing.Page{}); err != nil || paths(docs) != "kept last later" {
		t.Errorf("the laptop has %q, %v", paths(docs), err)
	}
}
