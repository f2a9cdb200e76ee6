package exposition

var (
	pending   = gauge("ladderd_outbox_pending_events", "Events that wait for a receiver.", "receiver")
	oldest    = gauge("ladderd_outbox_oldest_event_age_seconds", "How long ago the event happened that has waited longest for a receiver; 0 where none waits.", "receiver")
	letters   = gauge("ladderd_outbox_dead_letters", "Events that were given up and can be replayed.", "receiver")
	delivered = counter("ladderd_outbox_delivered_events_total", "Events that a receiver has taken.", "receiver")
	attempts  = counter("ladderd_outbox_failed_attempts_total", "Attempts to deliver an event that failed.", "receiver")

	unwritten    = gauge("ladderd_store_waiting_events", "Events that the store has not taken yet.")
	unwrittenAge = gauge("ladderd_store_lag_seconds", "How long ago the event happened that has waited longest for the store; 0 where none waits.")
	lostEvents   = counter("ladderd_store_lost_events_total", "Events that found no room while the store took none.")

	measureLag   = gauge("ladderd_metrics_store_lag_seconds", "How long what is measured for CloudWatch's API has been in memory alone.")
	measureLost  = counter("ladderd_metrics_store_lost_points_total", "Points for CloudWatch's API that no file has.")
	measureBytes = gauge("ladderd_metrics_store_bytes", "Size of the file of what is measured for CloudWatch's API.")
)

func (c *Collector) journal(s scrape) {
	if c.sources.Receivers != nil {
		for _, r := range c.sources.Receivers() {
			s.tell(pending, float64(r.Pending), r.Name)
			s.tell(letters, float64(r.Dead), r.Name)
			s.tell(delivered, float64(r.Delivered), r.Name)
			s.tell(attempts, float64(r.Failures), r.Name)
			age := 0.0
			if !r.Oldest.IsZero() {
				age = max(c.now().Sub(r.Oldest).Seconds(), 0)
			}
			s.tell(oldest, age, r.Name)
		}
	}
	if c.sources.Unwritten != nil {
		n, since := c.sources.Unwritten()
		age := 0.0
		if n > 0 {
			age = max(c.now().Sub(since).Seconds(), 0)
		}
		s.tell(unwritten, float64(n))
		s.tell(unwrittenAge, age)
		s.tell(lostEvents, float64(c.sources.Lost()))
	}
	if c.sources.Measurements != nil {
		m := c.sources.Measurements()
		s.tell(measureLag, m.Lag.Seconds())
		s.tell(measureLost, float64(m.Lost))
		s.tell(measureBytes, float64(m.Bytes))
	}
}
