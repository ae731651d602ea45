package node

import "testing"

func TestWhoSeesABrowser(t *testing.T) {
	for _, q := range []struct {
		system string
		env    map[string]string
		want   bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"DISPLAY": ":0"}, true},
		{"freebsd", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, true},
		{"linux", map[string]string{"DISPLAY": ":0", "CI": "true"}, false},
		{"linux", map[string]string{"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a"}, false},
		{"darwin", nil, true},
		{"darwin", map[string]string{"CI": "1"}, false},
		{"windows", nil, true},
		{"windows", map[string]string{"SSH_TTY": "x"}, false},
	} {
		if got := hasDesktop(q.system, func(name string) string { return q.env[name] }); got != q.want {
			t.Errorf("%s with %v: %v", q.system, q.env, got)
		}
	}
}
