package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// traffic counts what goes through the gateway. Labels never hold the name of a
// site: what a person reads is nobody's business.
type traffic struct {
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	latency  prometheus.Histogram
}

// newMetrics makes a registry of this server's own.
func (s *Server) newMetrics() (*prometheus.Registry, *traffic) {
	t := &traffic{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kith_gateway_requests_total", Help: "Requests answered, by status.",
		}, []string{"code"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kith_gateway_response_bytes_total", Help: "Bytes of bodies sent to browsers.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kith_gateway_first_byte_seconds", Help: "Time until an answer began.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10),
		}),
	}
	r := prometheus.NewRegistry()
	r.MustRegister(
		t.requests, t.bytes, t.latency,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(s),
	)
	return r, t
}

// Measure counts what goes through next, which is the whole gateway.
func (s *Server) Measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := &meter{ResponseWriter: w, start: time.Now()}
		next.ServeHTTP(m, r)
		m.begin(http.StatusOK)
		s.traffic.requests.WithLabelValues(strconv.Itoa(m.code)).Inc()
		s.traffic.bytes.Add(float64(m.bytes))
		s.traffic.latency.Observe(m.first.Seconds())
	})
}

// collector reads sites and engines when somebody asks.
type collector struct {
	s                              *Server
	peers, dht, sites, disk        *prometheus.Desc
	down, up, downRate, upRate, on *prometheus.Desc
}

func newCollector(s *Server) *collector {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("kith_"+name, help, labels, nil)
	}
	return &collector{
		s:        s,
		on:       d("info", "1, with the version of the program.", "version"),
		peers:    d("peers", "Peers connected now.", "network"),
		dht:      d("dht_nodes", "Nodes in the routing table; -1 when the DHT is off.", "network"),
		sites:    d("sites", "Sites known, by state.", "state"),
		disk:     d("stored_bytes", "Disk space taken by sites.", "network"),
		down:     d("downloaded_bytes_total", "Content taken from peers.", "network"),
		up:       d("uploaded_bytes_total", "Content sent to peers.", "network"),
		downRate: d("download_bytes_per_second", "Content taken from peers, over the last seconds.", "network"),
		upRate:   d("upload_bytes_per_second", "Content sent to peers, over the last seconds.", "network"),
	}
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.on, 1, c.s.o.Version)
	totals, states := c.s.totals()
	for state, n := range states {
		gauge(c.sites, float64(n), state)
	}
	for _, e := range c.s.o.Engines {
		network, st := string(e.Network()), e.Status()
		gauge(c.peers, float64(st.Peers), network)
		gauge(c.dht, float64(st.DHTNodes), network)
		t := totals[network]
		gauge(c.disk, float64(t.Disk), network)
		gauge(c.downRate, float64(t.DownRate), network)
		gauge(c.upRate, float64(t.UpRate), network)
		ch <- prometheus.MustNewConstMetric(c.down, prometheus.CounterValue, float64(t.Downloaded), network)
		ch <- prometheus.MustNewConstMetric(c.up, prometheus.CounterValue, float64(t.Uploaded), network)
	}
}
