package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

func TestNoNodeRuns(t *testing.T) {
	home := t.TempDir()
	dial := func() {
		t.Helper()
		if _, err := api.Dial(t.Context(), home); fault.KindOf(err) != fault.NotRunning || !strings.Contains(err.Error(), home) {
			t.Errorf("Dial: %v", err)
		}
	}
	dial()
	if _, err := api.Token(home); err != nil {
		t.Fatal(err)
	}
	dial()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	if err := api.WriteBeacon(home, api.Beacon{Listen: closed.Listener.Addr().String(), Console: closed.URL + "/"}); err != nil {
		t.Fatal(err)
	}
	dial()
}

// A node was killed, and another program got its port.
func TestTheTokenIsNotGivenToAStranger(t *testing.T) {
	home := t.TempDir()
	token, err := api.Token(home)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var heard strings.Builder
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = r.Write(&heard)
		_, _ = w.Write([]byte(`{"proof":"` + strings.Repeat("0", 64) + `"}`))
	}))
	defer stranger.Close()
	if err := api.WriteBeacon(home, api.Beacon{Listen: stranger.Listener.Addr().String(), Console: stranger.URL + "/"}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Dial(t.Context(), home); fault.KindOf(err) != fault.NotRunning {
		t.Errorf("Dial: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if heard.Len() == 0 || strings.Contains(heard.String(), token) {
		t.Errorf("the stranger heard %q", heard.String())
	}
}

func TestTheTokenStaysAndIsTheOwnersAlone(t *testing.T) {
	home := t.TempDir()
	one, err := api.Token(home)
	if err != nil || len(one) < 64 {
		t.Fatalf("Token: %q, %v", one, err)
	}
	path := filepath.Join(home, "token")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if two, err := api.Token(home); err != nil || two != one {
		t.Errorf("Token again: %q, %v", two, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if three, err := api.Token(home); err != nil || len(three) != len(one) {
		t.Errorf("Token after an empty one: %q, %v", three, err)
	}
}
