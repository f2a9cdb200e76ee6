package exposition

var (
	buildInfo   = gauge("ladderd_build_info", "1; which build it is.", "version")
	daemonState = gauge("ladderd_state", "1 for what the daemon is at: starting, ready or draining.", "state")
	stuck       = gauge("ladderd_stuck", "1 while something in the daemon stands still: the watchdog gets no sign of life, /healthz says what it is.")

	reloadTaken = gauge("ladderd_config_last_reload_successful", "1 if the configuration was taken at the last reload; absent before the first.")
	reloadTime  = gauge("ladderd_config_last_reload_timestamp_seconds", "When the configuration was reloaded last; absent before the first.")
	certificate = gauge("ladderd_certificate_expiry_timestamp_seconds", "Until when a listener's certificate is good.", "certificate")
	windowDisk  = gauge("ladderd_window_on_disk", "1 if windows go to the disk; 0 if they stay in memory because data_dir could not be used at the start.")

	connections = gauge("ladderd_connections", "Connections that are open.", "listener")
	turnedAway  = counter("ladderd_connections_refused_total", "Connections that were turned away by limits.", "listener", "reason")

	events = counter("ladderd_events_total", "Events by name, those without a stream too.", "name")
)

func (c *Collector) daemon(s scrape) {
	s.tell(buildInfo, 1, c.sources.Version)
	if c.sources.State != nil {
		now := c.sources.State()
		for _, state := range []string{"starting", "ready", "draining"} {
			s.flag(daemonState, state == now, state)
		}
	}
	if c.sources.Stuck != nil {
		s.flag(stuck, c.sources.Stuck() != "")
	}
	if c.sources.Reload != nil {
		if at, taken := c.sources.Reload(); !at.IsZero() {
			s.flag(reloadTaken, taken)
			s.tell(reloadTime, float64(at.UnixMilli())/1000)
		}
	}
	if c.sources.Certificates != nil {
		for file, until := range c.sources.Certificates() {
			s.tell(certificate, float64(until.Unix()), file)
		}
	}
	s.flag(windowDisk, c.sources.DiskErr == nil)
	if c.sources.Listeners != nil {
		for name, of := range c.sources.Listeners() {
			s.tell(connections, float64(of.Open), name)
			for reason, n := range of.Refused {
				s.tell(turnedAway, float64(n), name, reason)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.ended.events {
		s.tell(events, float64(n), name)
	}
}
