package exposition

var (
	views        = gauge("ladderd_views", "Viewer sessions that download a channel.", "channel")
	viewsAll     = gauge("ladderd_views_all", "Viewer sessions that download any channel.")
	viewsLimit   = gauge("ladderd_views_limit", "How many viewer sessions there may be ([limits] concurrent_views).")
	viewsRefused = counter("ladderd_views_refused_total", "Requests to watch that were refused because as many watch as may.")
	sentBytes    = counter("ladderd_delivered_bytes_total", "Bytes of media that viewers of a channel were sent.", "channel")
	sentMedia    = counter("ladderd_delivered_media_seconds_total", "Seconds of media that viewers of a channel were sent, all together.", "channel")
)

func (c *Collector) audience(s scrape) {
	if c.sources.Audience != nil {
		a := c.sources.Audience()
		s.tell(viewsAll, float64(a.Views))
		s.tell(viewsLimit, float64(a.Most))
		s.tell(viewsRefused, float64(a.Refused))
	}
	if c.sources.Delivered == nil {
		return
	}
	for _, d := range c.sources.Delivered() {
		s.tell(sentBytes, float64(d.Bytes), d.Channel)
		s.tell(sentMedia, d.Media.Seconds(), d.Channel)
	}
}
