package api_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/store"
)

// state is the state of a step.
func state(t *testing.T, tour api.Tour, id string) string {
	t.Helper()
	i := slices.IndexFunc(tour.Steps, func(s api.TourStep) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("the tour has no step %s", id)
	}
	return tour.Steps[i].State
}

func TestTheTourPublishesAnExampleAndRemovesIt(t *testing.T) {
	w := newWorld(t, nil)
	tour, err := w.client.Tour(t.Context())
	w.check(err)
	if !tour.New || tour.Closed || len(tour.Steps) != 5 || state(t, tour, "site") != api.StepOpen {
		t.Fatalf("a new home has %+v", tour)
	}
	for _, name := range []string{"welcome", "notes"} {
		var e api.Example
		w.call("POST", "/api/v1/tour/examples/"+name, "", 200, &e)
		if !e.Published || e.Label == "" || e.App != (name == "notes") {
			t.Fatalf("published as %+v", e)
		}
		if _, err := os.Stat(filepath.Join(e.Folder, "index.html")); err != nil || filepath.Dir(e.Folder) != filepath.Join(w.home, "examples") {
			t.Errorf("unpacked in %s: %v", e.Folder, err)
		}
		var again api.Example
		w.call("POST", "/api/v1/tour/examples/"+name, "", 200, &again)
		if again != e {
			t.Errorf("the second time it is %+v, not %+v", again, e)
		}
		w.call("GET", "/api/v1/sites/"+e.Label, "", 200, nil)
		tour, err = w.client.Tour(t.Context())
		w.check(err)
		if tour.New || state(t, tour, "site") != api.StepDone || !slices.Contains(tour.Examples, e) {
			t.Errorf("with %s there is %+v", name, tour)
		}
		w.call("DELETE", "/api/v1/tour/examples/"+name, "", 204, nil)
		w.call("DELETE", "/api/v1/tour/examples/"+name, "", 204, nil) // nothing is left to do
		w.call("GET", "/api/v1/sites/"+e.Label, "", 404, nil)
		if _, err := os.Stat(e.Folder); !os.IsNotExist(err) {
			t.Errorf("the folder is still there: %v", err)
		}
	}
	tour, err = w.client.Tour(t.Context())
	w.check(err)
	if state(t, tour, "site") != api.StepDone || tour.Examples[0].Published {
		t.Errorf("what was done is done, and what was removed is gone: %+v", tour)
	}
	w.call("POST", "/api/v1/tour/examples/other", "", 404, nil)
	w.call("DELETE", "/api/v1/tour/examples/..", "", 404, nil)
}

func TestTheTourRemembers(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	records, err := db.Bucket("tour")
	if err != nil {
		t.Fatal(err)
	}
	keeps := func(o *api.Options) { o.Tour = records }
	w := newWorld(t, keeps)
	var tour api.Tour
	w.call("PATCH", "/api/v1/tour", `{"seen":true,"step":"meet","state":"done"}`, 200, &tour)
	w.call("PATCH", "/api/v1/tour", `{"step":"meet","state":"skipped"}`, 200, nil) // too late
	w.call("PATCH", "/api/v1/tour", `{"step":"friend","state":"skipped","closed":true}`, 200, nil)
	for _, bad := range []string{`{"step":"fly","state":"done"}`, `{"step":"meet","state":"over"}`, `{"other":1}`} {
		w.call("PATCH", "/api/v1/tour", bad, http.StatusBadRequest, nil)
	}
	again := newWorld(t, keeps)
	tour, err = again.client.Tour(t.Context())
	again.check(err)
	if tour.New || !tour.Closed || state(t, tour, "meet") != api.StepDone || state(t, tour, "friend") != api.StepSkipped || state(t, tour, "app") != api.StepOpen {
		t.Errorf("another node of the home has %+v", tour)
	}
	again.call("PATCH", "/api/v1/tour", `{"closed":false,"step":"friend","state":"open"}`, 200, &tour)
	if tour.Closed || state(t, tour, "friend") != api.StepOpen {
		t.Errorf("opened again it is %+v", tour)
	}
}

func TestAUsedHomeIsNotNew(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(w.folder("index.html", "hi"))
	tour, err := w.client.Tour(t.Context())
	w.check(err)
	if tour.New || state(t, tour, "site") != api.StepOpen {
		t.Errorf("a home with a site has %+v", tour)
	}
}
