package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/web"
)

// Defaults of Options.
const (
	DefaultMaxBody        = 64 << 10
	DefaultMaxTorrent     = 32 << 20
	DefaultMaxUpload      = 2 << 30
	DefaultMaxUploadFiles = 100_000
	DefaultMaxUploads     = 16
	DefaultMaxStreams     = 64
	DefaultMaxEntries     = 1 << 20
	DefaultPatience       = time.Minute
)

// Options of a Server. Those without a default named beside them are required.
type Options struct {
	// Version of the program.
	Version string
	// Home is the node's folder; uploads are kept below it.
	Home string
	// Token is what a request of the owner carries.
	Token string
	// Port is the port of the gateway, and so of the console's origin.
	Port int
	// Sites are those this node knows.
	Sites Sites
	// Resolver looks names up.
	Resolver Resolver
	// Publisher publishes folders; nil when no engine is on.
	Publisher *publish.Publisher
	// Engines are those that are on.
	Engines []engine.Engine
	// ProbeNames asks the configured DNS for a name that exists and says whom it
	// asked; nil leaves that check of the doctor out.
	ProbeNames Probe
	// Examine looks at the computer and its networks; nil leaves these checks of the
	// doctor out.
	Examine func(ctx context.Context) []Check
	// Extensions keeps which browser extensions are connected; nil for none.
	Extensions Records
	// Tour keeps how far somebody has come who has just begun; nil forgets it.
	Tour Records
	// End ends the node; nil for one that cannot be told to.
	End func()
	// Nearby is what the node does with devices around it; nil when that is off.
	Nearby *Nearby
	// Pages decides what web pages may do with devices nearby; nil when nearby is
	// off.
	Pages *Pages
	// Sharing is the person of this home; nil when private sharing is off.
	Sharing Sharing
	// Apps are web apps that have documents and friends; nil when private sharing is
	// off.
	Apps *app.Host
	// Log gets what goes wrong on the way to a client; nil discards it.
	Log *slog.Logger

	// MaxBody and MaxTorrent limit the bodies of requests, MaxUpload and
	// MaxUploadFiles one uploaded folder, MaxUploads how many there are at once,
	// MaxStreams how many clients may listen for events, and MaxEntries how many
	// names a folder may have that is listed. Patience is how long a site is
	// waited for. 0 means the default.
	MaxBody        int64
	MaxTorrent     int64
	MaxUpload      int64
	MaxUploadFiles int
	MaxUploads     int
	MaxStreams     int
	MaxEntries     int
	Patience       time.Duration
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.MaxBody, DefaultMaxBody)
	setDefault(&o.MaxTorrent, DefaultMaxTorrent)
	setDefault(&o.MaxUpload, DefaultMaxUpload)
	setDefault(&o.MaxUploadFiles, DefaultMaxUploadFiles)
	setDefault(&o.MaxUploads, DefaultMaxUploads)
	setDefault(&o.MaxStreams, DefaultMaxStreams)
	setDefault(&o.MaxEntries, DefaultMaxEntries)
	setDefault(&o.Patience, DefaultPatience)
}

func setDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}

// Server answers everything on the console's origin.
type Server struct {
	o       Options
	guard   guard
	started time.Time
	handler http.Handler
	uploads *uploads
	streams chan struct{} // one token for each client that listens
	metrics *prometheus.Registry
	traffic *traffic

	extensions *extensions
	tour       *tour
	patterns   []string // of all routes
}

// New returns a Server. It takes the folder of uploads, and clears away what an
// interrupted one left there.
func New(o Options) (*Server, error) {
	if o.Home == "" || o.Token == "" || o.Port == 0 || o.Sites == nil || o.Resolver == nil {
		return nil, fault.New(fault.Internal, "api: home, token, port, sites and resolver are needed")
	}
	o.setDefaults()
	s := &Server{
		o: o, guard: newGuard(strconv.Itoa(o.Port), o.Token), started: time.Now(),
		streams: make(chan struct{}, o.MaxStreams),
	}
	var err error
	if s.uploads, err = newUploads(filepath.Join(o.Home, "published"), o); err != nil {
		return nil, err
	}
	if s.extensions, err = newExtensions(o.Extensions); err != nil {
		return nil, err
	}
	if s.tour, err = newTour(s); err != nil {
		return nil, err
	}
	s.metrics, s.traffic = s.newMetrics()
	assets, err := newAssets(web.Dist())
	if err != nil {
		return nil, err
	}
	s.handler = speak(s.routes(assets))
	return s, nil
}

// Console is the URL of the console.
func (s *Server) Console() string { return s.origin() + "/" }

func (s *Server) origin() string { return "http://localhost:" + strconv.Itoa(s.o.Port) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Origin-Agent-Cluster", "?1")
	h.Set("Cache-Control", "no-store")
	s.handler.ServeHTTP(w, r)
}

func (s *Server) routes(assets http.Handler) http.Handler {
	mux := newTable(&s.patterns)
	mux.Handle("GET /{$}", s.guard.page(http.HandlerFunc(s.console)))
	mux.Handle("GET /app/{label}/", s.guard.page(http.HandlerFunc(s.shell)))
	mux.Handle("GET /app/{label}", s.guard.page(http.HandlerFunc(s.shellRoot)))
	mux.Handle("GET /connect", s.guard.page(http.HandlerFunc(s.console)))
	mux.Handle("GET /friend", s.guard.page(http.HandlerFunc(s.console))) // what invitations are links to
	mux.Handle("GET /asking/{label}", s.hostOnly(ForOwner(http.HandlerFunc(s.asking))))
	mux.Handle("GET /.kith/lp2p", s.hostOnly(ForOwner(http.HandlerFunc(s.pageSocket))))
	mux.Handle("GET /assets/", s.hostOnly(assets))
	mux.Handle("GET /api/v1/proof", s.hostOnly(http.HandlerFunc(s.prove)))

	owner := newTable(&s.patterns)
	s.apiRoutes(owner)
	owner.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, fault.New(fault.NotFound, "the API has no %s %.200q", r.Method, r.URL.Path).
			WithHint("this node has version %s; another may know it", s.o.Version))
	})
	guarded := s.withExtensions(s.guard.api(owner.mux))
	s.extensionDoors(mux)
	for _, prefix := range []string{"/api/", "/metrics", "/debug/pprof/"} {
		mux.mux.Handle(prefix, guarded)
	}
	mux.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, fault.New(fault.NotFound, "there is no page %.200q here", r.URL.Path).
			WithHint("the console is at %s", s.Console()))
	})
	return mux.mux
}

func (s *Server) apiRoutes(mux *table) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /api/v1/status":                       s.getStatus,
		"GET /api/v1/sites":                        s.getSites,
		"GET /api/v1/sites/{label}":                s.getSite,
		"PATCH /api/v1/sites/{label}":              s.patchSite,
		"DELETE /api/v1/sites/{label}":             s.deleteSite,
		"GET /api/v1/sites/{label}/tree/{path...}": s.getTree,
		"POST /api/v1/open":                        s.postOpen,
		"GET /api/v1/resolve":                      s.getResolve,
		"POST /api/v1/torrents":                    s.postTorrent,
		"POST /api/v1/cars":                        s.postCAR,
		"POST /api/v1/publish":                     s.postPublish,
		"GET /api/v1/publications":                 s.getPublications,
		"DELETE /api/v1/publications/{id}":         s.deletePublication,
		"POST /api/v1/uploads":                     s.postUpload,
		"PUT /api/v1/uploads/{id}/files/{path...}": s.putUploadFile,
		"POST /api/v1/uploads/{id}/publish":        s.publishUpload,
		"DELETE /api/v1/uploads/{id}":              s.deleteUpload,
		"GET /api/v1/events":                       s.getEvents,
		"GET /api/v1/doctor":                       s.getDoctor,
		"POST /api/v1/end":                         s.postEnd,
		"GET /debug/pprof/":                        pprof.Index,
		"GET /debug/pprof/profile":                 pprof.Profile,
		"GET /debug/pprof/symbol":                  pprof.Symbol,
		"GET /debug/pprof/trace":                   pprof.Trace,
	} {
		mux.HandleFunc(pattern, f)
	}
	s.tourRoutes(mux)
	s.pageRoutes(mux)
	s.nearbyRoutes(mux)
	s.sharingRoutes(mux)
	s.appRoutes(mux)
	s.extensionRoutes(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
}

// hostOnly admits every request that names this origin.
func (s *Server) hostOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.guard.host(r); err != nil {
			fail(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// prove shows that this node has the token, without showing the token.
func (s *Server) prove(w http.ResponseWriter, r *http.Request) {
	nonce := r.URL.Query().Get("nonce")
	if len(nonce) < 32 || len(nonce) > 128 {
		fail(w, fault.New(fault.Invalid, "the nonce must have 32 to 128 characters"))
		return
	}
	answer(w, proofAnswer{Proof: proof(s.o.Token, nonce)}, nil)
}

type proofAnswer struct {
	Proof string `json:"proof"`
}

// assetFiles reads every file below assets in dist.
func assetFiles(dist fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(dist, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files["/"+name], err = fs.ReadFile(dist, name)
		return err
	})
	return files, err
}
