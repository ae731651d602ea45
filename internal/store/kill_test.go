package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/store"
)

// killedHome is set in the copy of the test binary that is to be killed.
const killedHome = "KITH_TEST_KILLED_HOME"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedHome); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints the number of each write once it was acknowledged.
func writeUntilKilled(dir string) {
	s, err := store.Open(dir)
	if err != nil {
		panic(err)
	}
	b, err := s.Bucket("x")
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		key := fmt.Sprintf("%09d", i)
		if i%10 == 0 {
			err = b.Apply(map[string][]byte{key: []byte(key), "pair": []byte(key)}, nil)
		} else {
			err = b.Put(key, []byte(key))
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

func TestAKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	for round := 1; round <= 3; round++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killedHome+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if last, err = strconv.Atoi(strings.TrimSpace(lines.Text())); err != nil {
				t.Fatal(err)
			}
			if last == 150*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || last < 150*round {
			t.Fatalf("the writer ended by itself after %d: %v", last, err)
		}
		s := open(t, dir)
		b := bucket(t, s, "x")
		for i := range last + 1 {
			key := fmt.Sprintf("%09d", i)
			if got, err := b.Get(key); err != nil || string(got) != key {
				t.Fatalf("round %d: write %d of %d is lost: %q, %v", round, i, last, got, err)
			}
		}
		pair, err := b.Get("pair")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Get(string(pair)); err != nil {
			t.Errorf("half of an Apply is there: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
