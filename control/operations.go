package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// operation is a row of the API.
type operation struct {
	name   string
	kind   kind // what it is about, where its request does not name resources
	reads  bool // it changes nothing
	rate   int  // calls per second (guide, lines 8868–8900)
	status int  // of the answer; 200 where it has none here
	do     function

	perChannel  int    // calls per second for each channel; 0 where there is no such limit
	prefix      string // of its action in policies, and
	source      string // of its name in the audit log: both "ivs" where these are empty
	method, url string // POST /name where these are empty
}

// function is how an operation is done: what its request is, and who answers it.
type function struct {
	request func() any // a new one, to be read into
	answer  func(a *API, ctx context.Context, request any) (any, error)
}

// by makes a function of a method with shapes of its own.
func by[In, Out any](do func(*API, context.Context, *In) (*Out, error)) function {
	return function{
		request: func() any { return new(In) },
		answer: func(a *API, ctx context.Context, request any) (any, error) {
			return do(a, ctx, request.(*In))
		},
	}
}

// empty is an answer, or a request, without fields.
type empty struct{}

const noContent = http.StatusNoContent

// Call rates of the groups of operations (guide, lines 8868–8900), per second.
const (
	rateDefault    = 5
	rateKeys       = 3 // playback keys and recording configurations
	rateRevocation = 10
	rateBatch      = 2 // of revocations
	rateTags       = 10
	rateMetadata   = 155 // of all channels; each has rateDefault
)

// operations are all that the AWS model has.
var operations = []operation{
	{name: "BatchGetChannel", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).batchGetChannel)},
	{name: "CreateChannel", kind: kindChannel, rate: rateDefault, do: by((*API).createChannel)},
	{name: "DeleteChannel", kind: kindChannel, rate: rateDefault, status: noContent, do: by((*API).deleteChannel)},
	{name: "GetChannel", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).getChannel)},
	{name: "ListChannels", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).listChannels)},
	{name: "UpdateChannel", kind: kindChannel, rate: rateDefault, do: by((*API).updateChannel)},

	{name: "BatchGetStreamKey", kind: kindStreamKey, reads: true, rate: rateDefault, do: by((*API).batchGetStreamKey)},
	{name: "CreateStreamKey", kind: kindStreamKey, rate: rateDefault, do: by((*API).createStreamKey)},
	{name: "DeleteStreamKey", kind: kindStreamKey, rate: rateDefault, status: noContent, do: by((*API).deleteStreamKey)},
	{name: "GetStreamKey", kind: kindStreamKey, reads: true, rate: rateDefault, do: by((*API).getStreamKey)},
	{name: "ListStreamKeys", kind: kindStreamKey, reads: true, rate: rateDefault, do: by((*API).listStreamKeys)},

	{name: "GetStream", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).getStream)},
	{name: "ListStreams", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).listStreams)},
	{name: "StopStream", kind: kindChannel, rate: rateDefault, do: by((*API).stopStream)},
	{name: "GetStreamSession", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).getStreamSession)},
	{name: "ListStreamSessions", kind: kindChannel, reads: true, rate: rateDefault, do: by((*API).listStreamSessions)},
	{name: "PutMetadata", kind: kindChannel, rate: rateMetadata, perChannel: rateDefault, status: noContent, do: by((*API).putMetadata)},

	{name: "DeletePlaybackKeyPair", kind: kindPlaybackKey, rate: rateKeys, do: by((*API).deletePlaybackKeyPair)},
	{name: "GetPlaybackKeyPair", kind: kindPlaybackKey, reads: true, rate: rateKeys, do: by((*API).getPlaybackKeyPair)},
	{name: "ImportPlaybackKeyPair", kind: kindPlaybackKey, rate: rateKeys, do: by((*API).importPlaybackKeyPair)},
	{name: "ListPlaybackKeyPairs", kind: kindPlaybackKey, reads: true, rate: rateKeys, do: by((*API).listPlaybackKeyPairs)},

	{name: "CreatePlaybackRestrictionPolicy", kind: kindPolicy, rate: rateDefault, do: by((*API).createPolicy)},
	{name: "DeletePlaybackRestrictionPolicy", kind: kindPolicy, rate: rateDefault, status: noContent, do: by((*API).deletePolicy)},
	{name: "GetPlaybackRestrictionPolicy", kind: kindPolicy, reads: true, rate: rateDefault, do: by((*API).getPolicy)},
	{name: "ListPlaybackRestrictionPolicies", kind: kindPolicy, reads: true, rate: rateDefault, do: by((*API).listPolicies)},
	{name: "UpdatePlaybackRestrictionPolicy", kind: kindPolicy, rate: rateDefault, do: by((*API).updatePolicy)},

	{name: "CreateRecordingConfiguration", kind: kindRecording, rate: rateKeys, do: by((*API).createRecording)},
	{name: "DeleteRecordingConfiguration", kind: kindRecording, rate: rateKeys, status: noContent, do: by((*API).deleteRecording)},
	{name: "GetRecordingConfiguration", kind: kindRecording, reads: true, rate: rateKeys, do: by((*API).getRecording)},
	{name: "ListRecordingConfigurations", kind: kindRecording, reads: true, rate: rateKeys, do: by((*API).listRecordings)},

	{name: "BatchStartViewerSessionRevocation", kind: kindChannel, rate: rateBatch, do: by((*API).batchRevoke)},
	{name: "StartViewerSessionRevocation", kind: kindChannel, rate: rateRevocation, do: by((*API).revoke)},

	{name: "ListTagsForResource", reads: true, rate: rateTags, method: http.MethodGet, url: tagsURL, do: by((*API).listTags)},
	{name: "TagResource", rate: rateTags, method: http.MethodPost, url: tagsURL, do: by((*API).tagResource)},
	{name: "UntagResource", rate: rateTags, method: http.MethodDelete, url: tagsURL, do: by((*API).untagResource)},

	// This appliance inserts no advertisements, and says so.
	{name: "CreateAdConfiguration", kind: kindAds, rate: rateDefault, do: by((*API).noAds)},
	{name: "DeleteAdConfiguration", kind: kindAds, rate: rateDefault, do: by((*API).noAds)},
	{name: "GetAdConfiguration", kind: kindAds, reads: true, rate: rateDefault, do: by((*API).noAds)},
	{name: "InsertAdBreak", kind: kindAds, rate: rateDefault, do: by((*API).noAds)},
	{name: "ListAdConfigurations", kind: kindAds, reads: true, rate: rateDefault, do: by((*API).noAds)},
}

// Actions are the names of all operations, as policies have them.
func Actions() []string {
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = "ivs:" + o.name
	}
	return names
}

// tagsURL is followed by the ARN of what has the tags.
const tagsURL = "/tags/"

// routes finds operations by method and path.
var routes = func() map[string]*operation {
	m := make(map[string]*operation, len(operations))
	for i := range operations {
		o := &operations[i]
		if o.url == "" {
			o.method, o.url = http.MethodPost, "/"+o.name
		}
		if o.status == 0 {
			o.status = http.StatusOK
		}
		m[o.method+" "+o.url] = o
	}
	return m
}()

// route is nil where the model has no such request.
func route(r *http.Request) *operation {
	path := r.URL.Path
	if strings.HasPrefix(path, tagsURL) {
		path = tagsURL
	}
	return routes[r.Method+" "+path]
}

// fromURL is a request of which a part is in the URL.
type fromURL interface {
	readURL(*http.Request)
}

// named is a request for some resources; others are for all of a kind.
type named interface {
	resources(arns) []string
}

// decode reads a request. What it is not to know, as later SDKs may send, is left out.
func (o *operation) decode(r *http.Request, body []byte) (any, error) {
	request := o.do.request()
	if len(body) > 0 {
		if err := json.Unmarshal(body, request); err != nil {
			return nil, fault(codeValidation, "the request's body is not what %s takes: %s", o.name, asJSON(err))
		}
	}
	if u, ok := request.(fromURL); ok {
		u.readURL(r)
	}
	if err := check(request); err != nil {
		return nil, fault(codeValidation, "%s", err)
	}
	return request, nil
}

// asJSON says what is wrong with JSON without the names of our types.
func asJSON(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return wrong.Field + " is a " + wrong.Value + ", which it may not be"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// action is the operation in policies.
func (o *operation) action() string { return cmp.Or(o.prefix, "ivs") + ":" + o.name }

// about is which resources the request is for.
func (o *operation) about(a arns, request any) []string {
	if o.kind == "" && o.prefix != "" {
		return []string{everything}
	}
	if n, ok := request.(named); ok {
		if list := n.resources(a); len(list) > 0 { // or nobody would be asked
			return list
		}
	}
	return []string{a.each(o.kind)}
}
