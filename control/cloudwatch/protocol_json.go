package cloudwatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// jsonProtocol is AWS JSON 1.0.
type jsonProtocol struct{}

const contentJSON = "application/x-amz-json-1.0"

func (jsonProtocol) operation(r *http.Request, _ []byte) (string, bool) {
	if r.URL.Path != "/" {
		return "", false
	}
	return strings.CutPrefix(r.Header.Get("X-Amz-Target"), service+".")
}

func (jsonProtocol) read(body []byte) (tree, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return tree{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	var t tree
	if err := d.Decode(&t); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind the JSON")
	}
	return t, nil
}

func (jsonProtocol) answer(_, requestID string, t tree) answer {
	return answer{http.StatusOK, headed(requestID, contentJSON), textOf(t)}
}

func (jsonProtocol) refuse(requestID string, f *Fault) answer {
	body := textOf(tree{"__type": shapes + f.Type, "message": f.Message})
	return answer{f.Status, withQueryError(headed(requestID, contentJSON), f), body}
}

func textOf(t tree) []byte {
	out, err := json.Marshal(seconds(t))
	if err != nil {
		panic(err) // answers are of texts and finite numbers
	}
	return out
}

// seconds has times be seconds since 1970.
func seconds(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Unix()
	case []any:
		all := make([]any, len(v))
		for i, one := range v {
			all[i] = seconds(one)
		}
		return all
	case tree:
		all := make(tree, len(v))
		for name, one := range v {
			all[name] = seconds(one)
		}
		return all
	}
	return v
}
