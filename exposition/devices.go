package exposition

import "ladderd/admission"

// Amounts are in units of their own: pixels per second, bytes, sessions, thousandths of a core.
const amounts = " Of the resources those in pixels are per second, memory is in bytes, CPU in thousandths of a core."

var (
	deviceInfo   = gauge("ladderd_device_info", "1; what a device is called, and the encoder that streams on it get.", "device", "name", "encoder")
	deviceBooked = gauge("ladderd_device_booked", "What streams have leased of a device, by resource."+amounts, "device", "resource")
	deviceFree   = gauge("ladderd_device_free", "What of a device is free for more streams, by resource: the room for admission."+amounts, "device", "resource")
	deviceLimit  = gauge("ladderd_device_limit", "What of a device can be leased in all, by resource."+amounts, "device", "resource")
	deviceLeases = gauge("ladderd_device_leases", "Streams that have a lease on a device.", "device")
	deviceKept   = gauge("ladderd_device_reserved_channels", "Channels that are not on air and for which room is kept on a device.", "device")
	devicePlan   = gauge("ladderd_device_plan_ratio", "How much of its measured speed a device is planned with: less than 1 where streams were slower than planned.", "device")
	deviceFailed = gauge("ladderd_device_failures", "How often in a row a device has failed.", "device")
	quarantined  = gauge("ladderd_device_quarantined", "1 while a device is left alone because it failed.", "device")
	unseated     = gauge("ladderd_reserved_channels_without_room", "Channels that have reserved room, are not on air, and for which there is none at present.")
)

func (c *Collector) devices(s scrape) {
	if c.sources.Admission == nil {
		return
	}
	books := c.sources.Admission()
	s.tell(unseated, float64(len(books.Unseated)))
	for _, d := range books.Devices {
		s.tell(deviceInfo, 1, d.ID, d.Name, string(d.Encoder))
		s.tell(deviceLeases, float64(d.Leases), d.ID)
		s.tell(deviceKept, float64(d.Reserved), d.ID)
		s.tell(devicePlan, d.Plan, d.ID)
		s.tell(deviceFailed, float64(d.Failures), d.ID)
		s.flag(quarantined, d.Until != nil, d.ID)
		s.amounts(deviceBooked, d, d.Booked)
		s.amounts(deviceFree, d, d.Free)
		s.amounts(deviceLimit, d, d.Limit)
	}
}

// amounts tells what there is of each resource that the device has a limit of; what is not
// among the figures is 0 there.
func (s scrape) amounts(m *metric, d admission.Device, figures map[string]int64) {
	for resource := range d.Limit {
		s.tell(m, float64(figures[resource]), d.ID, resource)
	}
}
