package cloudwatch

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// cborProtocol is Smithy's RPC v2 with CBOR.
type cborProtocol struct{}

const (
	contentCBOR = "application/cbor"
	rpcCBOR     = "rpc-v2-cbor"
)

// decoding has limits that no good request comes near.
var decoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		MaxArrayElements: 10_000, MaxMapPairs: 10_000, MaxNestedLevels: 16, DupMapKey: cbor.DupMapKeyEnforcedAPF,
		TimeTag: cbor.DecTagRequired, IntDec: cbor.IntDecConvertSignedOrFail, DefaultMapType: nil,
	}.DecMode()
	if err != nil {
		panic(err) // the options are above
	}
	return mode
}()

func (cborProtocol) operation(r *http.Request, _ []byte) (string, bool) {
	return strings.CutPrefix(r.URL.Path, "/service/"+service+"/operation/")
}

func (cborProtocol) read(body []byte) (tree, error) {
	if len(body) == 0 {
		return tree{}, nil
	}
	var v any
	if err := decoding.Unmarshal(body, &v); err != nil {
		return nil, err
	}
	plain, err := ours(v)
	if err != nil {
		return nil, err
	}
	t, ok := plain.(tree)
	if !ok {
		return nil, fmt.Errorf("it is no structure")
	}
	return t, nil
}

// ours is a value with what a tree has.
func ours(v any) (any, error) {
	switch v := v.(type) {
	case map[any]any:
		t := make(tree, len(v))
		for name, value := range v {
			key, ok := name.(string)
			if !ok {
				return nil, fmt.Errorf("a name is no text")
			}
			one, err := ours(value)
			if err != nil {
				return nil, err
			}
			t[key] = one
		}
		return t, nil
	case []any:
		for i := range v {
			one, err := ours(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = one
		}
		return v, nil
	case nil, string, bool, int64, time.Time:
		return v, nil
	case float32:
		return ours(float64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("there is a number that is none")
		}
		return v, nil
	}
	return nil, fmt.Errorf("there is a value of a kind that requests do not have: %T", v)
}

func (cborProtocol) answer(_, requestID string, t tree) answer {
	return answer{http.StatusOK, smithyHeader(requestID), bytesOf(t)}
}

func (cborProtocol) refuse(requestID string, f *Fault) answer {
	body := bytesOf(tree{"__type": shapes + f.Type, "message": f.Message})
	return answer{f.Status, withQueryError(smithyHeader(requestID), f), body}
}

func smithyHeader(requestID string) map[string]string {
	header := headed(requestID, contentCBOR)
	header["Smithy-Protocol"] = rpcCBOR
	return header
}

// encoding writes times as tag 1, in seconds.
var encoding = func() cbor.EncMode {
	mode, err := cbor.EncOptions{Time: cbor.TimeUnix, TimeTag: cbor.EncTagRequired, Sort: cbor.SortBytewiseLexical}.EncMode()
	if err != nil {
		panic(err) // the options are above
	}
	return mode
}()

func bytesOf(t tree) []byte {
	out, err := encoding.Marshal(t)
	if err != nil {
		panic(err) // answers are of texts, times and numbers
	}
	return out
}
