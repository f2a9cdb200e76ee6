package history

// Names of events that a session's life hangs on.
const (
	created = "Session Created"
	over    = "Session Ended"
	start   = "Stream Start"
	end     = "Stream End"
)

// kind is what the guide says of an event.
type kind struct {
	group string
	// fault marks quota breaches and failures, which ListStreamSessions tells of
	// (hasErrorEvent).
	fault bool
}

// kinds are the events of the guide (lines 7652–7700), by name.
var kinds = map[string]kind{
	created:                   {group: "IVS Stream State Change"},
	over:                      {group: "IVS Stream State Change"},
	start:                     {group: "IVS Stream State Change"},
	end:                       {group: "IVS Stream State Change"},
	"Stream Failure":          {group: "IVS Stream State Change", fault: true},
	"Stream Takeover":         {group: "IVS Stream State Change"},
	"Stream Takeover Failure": {group: "IVS Stream State Change", fault: true},

	"Starvation Start": {group: "IVS Stream Health Change"},
	"Starvation End":   {group: "IVS Stream Health Change"},

	"Ingest Bitrate":        {group: "IVS Limit Breach", fault: true},
	"Ingest Resolution":     {group: "IVS Limit Breach", fault: true},
	"Concurrent Broadcasts": {group: "IVS Limit Breach", fault: true},
	"Concurrent Viewers":    {group: "IVS Limit Breach", fault: true},

	"Recording Start":         {group: "IVS Recording State Change"},
	"Recording End":           {group: "IVS Recording State Change"},
	"Recording Start Failure": {group: "IVS Recording State Change", fault: true},
	"Recording End Failure":   {group: "IVS Recording State Change", fault: true},
}
