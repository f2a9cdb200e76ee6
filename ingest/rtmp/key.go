package rtmp

import (
	"net/url"
	"strings"
)

// streamKey finds the stream key and the query behind it. Encoders put them
// together from what the operator typed, as a rule into the publish command's
// name; where that is empty, the whole URL stands in the application:
//
//	server rtmp://host/app, key KEY?priority=3   app "app", name "KEY?priority=3"
//	server rtmp://host/app/KEY, no key           app "app/KEY", name ""
//	server rtmp://host/KEY, no key               app "KEY", name ""
//
// A query on the application holds where the name has none of that key.
func streamKey(app, name string) (string, url.Values) {
	app, appQuery, _ := strings.Cut(app, "?")
	key, query, _ := strings.Cut(name, "?")
	key = strings.Trim(key, "/")
	if key == "" {
		app = strings.Trim(app, "/")
		key = app[strings.LastIndexByte(app, '/')+1:]
	}
	values, _ := url.ParseQuery(query) // what cannot be read is left out
	fallback, _ := url.ParseQuery(appQuery)
	for k, v := range fallback {
		if _, ok := values[k]; !ok {
			values[k] = v
		}
	}
	return key, values
}
