package exposition

var (
	apiRequests = counter("ladderd_api_requests_total", "Requests to the control API.")
	apiFaults   = counter("ladderd_api_faults_total", "Requests to the control API that came to nothing, by the type of their error.", "type")
	unlogged    = counter("ladderd_api_unlogged_calls_total", "Calls that the audit log did not take.")
	storeWatch  = gauge("ladderd_store_watched", "1 while changes in the store are heard of, those of others too.")
)

func (c *Collector) api(s scrape) {
	if c.sources.API == nil {
		return
	}
	a := c.sources.API()
	s.tell(apiRequests, float64(a.Requests))
	for kind, n := range a.Faults {
		s.tell(apiFaults, float64(n), kind)
	}
	s.tell(unlogged, float64(a.Unlogged))
	s.flag(storeWatch, a.Store == "")
}
