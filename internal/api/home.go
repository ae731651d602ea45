package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files by which clients on the same computer find a node.
const (
	tokenName  = "token"
	beaconName = "node.json"
)

// tokenBytes is how much randomness a token holds.
const tokenBytes = 32

// Beacon is what a running node leaves in its home, so that its clients find
// it. A node that was killed leaves it behind: it proves nothing.
type Beacon struct {
	PID int `json:"pid"`
	// Listen is the address the gateway is bound to, host:port.
	Listen string `json:"listen"`
	// Console is the console's URL.
	Console string `json:"console"`
}

// WriteBeacon writes b into home, all of it or nothing.
func WriteBeacon(home string, b Beacon) error {
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write %s: %w", beaconName, err)
	}
	return writeFile(filepath.Join(home, beaconName), append(data, '\n'))
}

// ReadBeacon reads what the last node of home wrote; fs.ErrNotExist when none
// runs that ended in order.
func ReadBeacon(home string) (b Beacon, err error) {
	data, err := os.ReadFile(filepath.Join(home, beaconName))
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fmt.Errorf("read %s: %w", beaconName, err)
	}
	return b, nil
}

// RemoveBeacon takes the beacon out of home.
func RemoveBeacon(home string) error {
	err := os.Remove(filepath.Join(home, beaconName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Token returns the token of home, making one the first time. Whoever can read
// it is the owner of the node.
func Token(home string) (string, error) {
	path := filepath.Join(home, tokenName)
	data, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(data)); err == nil && len(token) >= tokenBytes {
		return token, os.Chmod(path, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := randomHex(tokenBytes)
	if err := writeFile(path, []byte(token+"\n")); err != nil {
		return "", fmt.Errorf("write the token: %w", err)
	}
	return token, nil
}

// writeFile replaces path by data, readable for its owner alone.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (Go 1.24)
	return hex.EncodeToString(b)
}

// proof shows, to a client that knows the token, that its peer knows it too. A
// client asks for it before it sends the token to a port that a node had once.
func proof(token, nonce string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("kith proof\x00" + nonce))
	return hex.EncodeToString(mac.Sum(nil))
}
