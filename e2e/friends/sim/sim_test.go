package sim

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/cryptotest"
	"time"
)

// number reads a choice from the environment.
func number(t *testing.T, name string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, text, err)
	}
	return n
}

// TestMonthsOfFaults lets people live with everything that goes wrong, and checks
// what was promised: all questions answered, each once; nothing shown to anybody
// outside an audience; nothing deleted comes back; own devices agree.
func TestMonthsOfFaults(t *testing.T) {
	seeds := []uint64{11, 12}
	if os.Getenv("KITH_SIM_SEED") != "" {
		seeds = []uint64{number(t, "KITH_SIM_SEED", 0)}
	}
	devices, steps := number(t, "KITH_SIM_DEVICES", 8), number(t, "KITH_SIM_STEPS", 120)
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed) // of key encapsulation too
			w := newWorld(t, seed)
			t.Cleanup(func() {
				for _, d := range w.devices {
					d.close()
				}
			})
			w.reports = time.Duration(number(t, "KITH_SIM_REPORT", 0)) * time.Hour
			began := time.Now()
			w.faults = faults{lose: 0.05, unsure: 0.05, crash: 0.0005, delay: 2 * time.Second}
			w.populate(int(devices))
			t.Logf("%d people, %d devices after %s", len(w.people), len(w.devices), time.Since(began).Round(time.Millisecond))
			w.faults = faults{lose: 0.1, unsure: 0.05, drop: 0.1, replay: 0.05, crash: 0.002, delay: 5 * time.Second}
			w.live(int(steps))
			w.heal()
			w.check()
			w.settle()
			t.Logf("KITH_SIM_SEED=%d: %v in %s", seed, w.count, time.Since(began).Round(time.Millisecond))
		})
	}
}
