package event

import (
	"encoding/json"
	"time"
)

// Account is whose channels they are, and where.
type Account struct{ Region, ID string }

// ARN is a channel's.
func (a Account) ARN(channel string) string {
	return "arn:aws:ivs:" + a.Region + ":" + a.ID + ":channel/" + channel
}

// envelope is EventBridge's, its fields in the order of the guide's samples.
type envelope struct {
	Version   string    `json:"version"`
	ID        string    `json:"id"`
	Type      string    `json:"detail-type"`
	Source    string    `json:"source"`
	Account   string    `json:"account"`
	Time      time.Time `json:"time"`
	Region    string    `json:"region"`
	Resources []string  `json:"resources"`
	Detail    any       `json:"detail"`
}

// change is the detail of what happened to a stream.
type change struct {
	Name    string `json:"event_name"`
	Channel string `json:"channel_name"`
	Stream  string `json:"stream_id"`
	Code    string `json:"code,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// limit is the detail of a breach; where it is the account's it has no channel and no stream.
type limit struct {
	Name    string  `json:"limit_name"`
	Limit   int     `json:"limit_value"`
	By      int     `json:"exceeded_by"`
	Unit    string  `json:"limit_unit"`
	Channel *string `json:"channel_name,omitempty"`
	Stream  string  `json:"stream_id,omitempty"`
}

// Envelope is the event as EventBridge sends it (guide, lines 7716–8180), in JSON.
func (e Event) Envelope(a Account) []byte {
	out := envelope{
		Version: "0", ID: e.id, Type: e.kind.group, Source: "aws.ivs", Account: a.ID,
		Time: e.at.UTC().Truncate(time.Second), Region: a.Region, Resources: []string{}, Detail: e.detail(),
	}
	if !e.kind.account {
		out.Resources = append(out.Resources, a.ARN(e.of.Channel.ID))
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // there is nothing in it that cannot be written, but a year of five digits
	}
	return text
}

func (e Event) detail() any {
	b, ok := e.Breach()
	switch {
	case !ok:
		return change{e.kind.name, e.of.Channel.Name, e.of.ID, e.code, e.reason}
	case e.kind.account:
		return limit{Name: e.kind.name, Limit: b.Limit, By: b.By, Unit: b.Unit}
	}
	return limit{e.kind.name, b.Limit, b.By, b.Unit, &e.of.Channel.Name, e.of.ID}
}
