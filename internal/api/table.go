package api

import "net/http"

// table is a mux that remembers its patterns. Those with a method are the routes
// of the API, which spec/openapi describes; one without catches what is left.
type table struct {
	mux    *http.ServeMux
	routes *[]string
}

func newTable(routes *[]string) *table { return &table{http.NewServeMux(), routes} }

// Handle is http.ServeMux's, for a route.
func (t *table) Handle(pattern string, h http.Handler) {
	t.mux.Handle(pattern, h)
	*t.routes = append(*t.routes, pattern)
}

// HandleFunc is http.ServeMux's, for a route.
func (t *table) HandleFunc(pattern string, f http.HandlerFunc) { t.Handle(pattern, f) }
