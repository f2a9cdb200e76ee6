//go:build !fuzz

package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"ladderd/control/iam"
	"ladderd/control/sigv4"
)

// oracle is a service that answers Ask with the question, in its own words.
var oracle = Service{
	Prefix: "oracle", Signed: "delphi", Reads: map[string]int{"Ask": 3},
	Call: func(r *http.Request, body []byte) ServiceCall {
		name, ours := strings.CutPrefix(r.URL.Path, "/oracle/")
		if !ours {
			return nil
		}
		return &question{name: name, text: string(body)}
	},
}

type question struct{ name, text string }

func (q *question) Operation() string          { return q.name }
func (q *question) Parameters() map[string]any { return map[string]any{"text": q.text} }

func (q *question) Do(context.Context) error {
	switch q.text {
	case "riddle":
		return unclear{}
	case "broken":
		return errors.New("the tripod at 10.0.0.1 has fallen over")
	case "panic":
		panic("Pythia has fainted")
	}
	return nil
}

func (q *question) Answer(w http.ResponseWriter, request string) {
	fmt.Fprintf(w, "answered %t", request != "")
}

func (q *question) Refuse(w http.ResponseWriter, _ string, why error) {
	code, status, message := why.(Told).Told()
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s: %s", code, message)
}

// unclear is an error of the service's own.
type unclear struct{}

func (unclear) Error() string               { return "unclear" }
func (unclear) Told() (string, int, string) { return "Unclear", http.StatusTeapot, "ask again" }

// oracled is a box at whose address the oracle is.
func oracled(t *testing.T) *box {
	t.Helper()
	b := newBox(t, func(s *Settings) {
		policy, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ivs:*","oracle:Ask"],"Resource":"*"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		s.Keys[0].Policy = policy
		s.Keys = append(s.Keys, AccessKey{Key: sigv4.Key{ID: "AKIDNOORACLE000000001", Secret: testSecret}, User: "outsider", Policy: iam.ReadOnlyAccess()})
	})
	b.services = b.serving([]Service{oracle})
	return b
}

// ask sends a request that is signed for a service.
func (b *box) ask(t *testing.T, key, service, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: testSecret}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]), service, testRegion, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Header.Get("X-Amzn-RequestId") == "" {
		t.Errorf("%s: no request id", path)
	}
	return answer.StatusCode, string(text)
}

// A service's callers are let in by the API, and are told all in the service's own form.
func TestServicesAreCalledAtTheSameAddress(t *testing.T) {
	b := oracled(t)
	for _, c := range []struct {
		what, key, signed, path, body string
		status                        int
		answer                        string
	}{
		{"well", testKey, "delphi", "/oracle/Ask", "who?", 200, "answered true"},
		{"its own fault", testKey, "delphi", "/oracle/Ask", "riddle", 418, "Unclear: ask again"},
		{"an inner fault", testKey, "delphi", "/oracle/Ask", "broken", 500, "InternalServerException: the request was not carried out"},
		{"another service's signature", testKey, "ivs", "/oracle/Ask", "whose?", 403, "InvalidSignatureException: the credential is for another service"},
		{"a stranger", "AKIDUNKNOWN0000000001", "delphi", "/oracle/Ask", "me?", 403, "UnrecognizedClientException: "},
		{"another's policy", "AKIDNOORACLE000000001", "delphi", "/oracle/Ask", "me?", 403, "AccessDeniedException: User: arn:aws:iam::" + testAccount + ":user/outsider is not authorized to perform: oracle:Ask on resource: * "},
		{"no such operation", testKey, "delphi", "/oracle/Sing", "", 404, `UnknownOperationException: The operation "Sing" of oracle is not one that there is here: these are Ask.`},
		{"too long", testKey, "delphi", "/oracle/Ask", strings.Repeat("?", serviceBodyMost+1), 400, `{"exceptionMessage":"the request's body has more than`},
		{"nobody's", testKey, "delphi", "/temple", "", 404, `{"exceptionMessage":"there is no operation for POST /temple"`},
	} {
		status, answer := b.ask(t, c.key, c.signed, c.path, c.body)
		if status != c.status || !strings.HasPrefix(answer, c.answer) {
			t.Errorf("%s: %d %.200s", c.what, status, answer)
		}
		if strings.Contains(answer, "10.0.0.1") {
			t.Errorf("%s: the caller is told %s", c.what, answer)
		}
	}
	if n := b.Status().Faults["Unclear"]; n != 1 {
		t.Errorf("%d of the service's own faults were counted", n)
	}
}

func TestAPanicOfAServiceIsAnAnswer(t *testing.T) {
	if status, answer := oracled(t).ask(t, testKey, "delphi", "/oracle/Ask", "panic"); status != 500 || answer != "InternalServerException: internal error" {
		t.Errorf("%d %s", status, answer)
	}
}

func TestServicesHaveCallRates(t *testing.T) {
	b := oracled(t)
	s := b.settings.Load().Settings
	s.CallRate = 1
	b.Configure(s)
	throttled := 0
	for i := range 30 {
		if status, answer := b.ask(t, testKey, "delphi", "/oracle/Ask", fmt.Sprint(i)); status == 429 && strings.HasPrefix(answer, "ThrottlingException: ") {
			throttled++
		}
	}
	if throttled == 0 || throttled > 27 {
		t.Errorf("%d of 30 calls at once were throttled, and 3 a second are allowed", throttled)
	}
}

func TestServicesAreInTheAuditLog(t *testing.T) {
	b := oracled(t)
	for _, body := range []string{"who?", "riddle", strings.Repeat("?", askedMost)} {
		b.ask(t, testKey, "delphi", "/oracle/Ask", body)
	}
	text, err := os.ReadFile(filepath.Join(b.audits, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range bytes.Lines(text) {
		var r struct {
			EventSource, EventName, EventCategory, ErrorCode string
			ManagementEvent, ReadOnly                        bool
			RequestParameters                                json.RawMessage
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.EventSource, r.EventName, r.EventCategory, r.ManagementEvent, r.ReadOnly, r.ErrorCode, string(r.RequestParameters)))
	}
	head := "delphi.amazonaws.com" + "Ask" + "Data" + "false true"
	want := []string{head + `{"text":"who?"}`, head + `Unclear{"text":"riddle"}`, head + `"16395 bytes"`}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("\n%q and\n%q were wanted", got, want)
	}
}
