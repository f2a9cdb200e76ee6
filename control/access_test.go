//go:build !fuzz

package control

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"

	"ladderd/control/iam"
	"ladderd/control/sigv4"
)

// caller is a client with a policy of its own.
func (b *box) caller(t *testing.T, user, policy string) *ivs.Client {
	t.Helper()
	p, err := iam.Parse([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	id := "AKID" + strings.ToUpper(user) + "0000000000"
	s := b.settings.Load().Settings
	s.Keys = append(slices.Clone(s.Keys), AccessKey{Key: sigv4.Key{ID: id, Secret: testSecret}, User: user, Policy: p})
	b.Configure(s)
	return b.clientAs(t, id, testSecret, "")
}

// The guide's own policies (lines 8577–8656).
func TestPoliciesOfTheGuide(t *testing.T) {
	b := newBox(t)
	root := b.client(t)
	mine := must[*ivs.CreateChannelOutput](t)(root.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: map[string]string{"Owner": "richard-roe"}})).Channel
	other := must[*ivs.CreateChannelOutput](t)(root.CreateChannel(t.Context(), &ivs.CreateChannelInput{})).Channel
	id := b.idOf(t, kindChannel, mine.Arn)

	one := b.caller(t, "one", `{"Version":"2012-10-17","Statement":[
		{"Sid":"ListChannelsInConsole","Effect":"Allow","Action":["ivs:ListChannels","ivs:ListStreams"],"Resource":"arn:aws:ivs:*:*:channel/*"},
		{"Sid":"ViewSpecificChannelInfo","Effect":"Allow","Action":["ivs:GetChannel","ivs:GetStream"],"Resource":"arn:aws:ivs:*:*:channel/`+id+`"},
		{"Sid":"ManageChannel","Effect":"Allow","Action":["ivs:StopStream","ivs:PutMetadata","ivs:UpdateChannel"],"Resource":"arn:aws:ivs:*:*:channel/`+id+`"}]}`)
	must[*ivs.ListChannelsOutput](t)(one.ListChannels(t.Context(), &ivs.ListChannelsInput{}))
	must[*ivs.GetChannelOutput](t)(one.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: mine.Arn}))
	must[*ivs.UpdateChannelOutput](t)(one.UpdateChannel(t.Context(), &ivs.UpdateChannelInput{Arn: mine.Arn, Name: aws.String("n")}))
	_, err := one.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: other.Arn})
	wantFault(t, err, "AccessDeniedException")
	_, err = one.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: mine.Arn})
	wantFault(t, err, "AccessDeniedException")
	_, err = one.BatchGetChannel(t.Context(), &ivs.BatchGetChannelInput{Arns: []string{*mine.Arn}})
	wantFault(t, err, "AccessDeniedException")

	owner := b.caller(t, "richard-roe", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ivs:ListChannels","Resource":"arn:aws:ivs:*:*:channel/*"},
		{"Effect":"Allow","Action":"ivs:GetChannel","Resource":"arn:aws:ivs:*:*:channel/*",
		 "Condition":{"StringEquals":{"aws:ResourceTag/Owner":"${aws:username}"}}}]}`)
	must[*ivs.GetChannelOutput](t)(owner.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: mine.Arn}))
	_, err = owner.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: other.Arn})
	wantFault(t, err, "AccessDeniedException")
	if n := b.Status().Faults["AccessDeniedException"]; n != 4 {
		t.Errorf("%d denials were counted", n)
	}
}

func TestPoliciesOfRequestTags(t *testing.T) {
	b := newBox(t)
	c := b.caller(t, "tagger", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ivs:CreateChannel","ivs:TagResource","ivs:UntagResource"],"Resource":"*",
		 "Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["team","note"]},"StringEqualsIfExists":{"aws:RequestTag/team":"red"}}},
		{"Effect":"Deny","Action":"ivs:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/locked":"yes"}}}]}`)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: map[string]string{"team": "red"}})).Channel
	_, err := c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: map[string]string{"team": "blue"}})
	wantFault(t, err, "AccessDeniedException")
	_, err = c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: map[string]string{"cost": "1"}})
	wantFault(t, err, "AccessDeniedException")
	must[*ivs.UntagResourceOutput](t)(c.UntagResource(t.Context(), &ivs.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{"note"}}))
	_, err = c.UntagResource(t.Context(), &ivs.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{"cost"}})
	wantFault(t, err, "AccessDeniedException")
	must[*ivs.TagResourceOutput](t)(b.client(t).TagResource(t.Context(), &ivs.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{"locked": "yes"}}))
	_, err = c.TagResource(t.Context(), &ivs.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{"note": "x"}})
	wantFault(t, err, "AccessDeniedException")
}

func TestWhoIsNotLetIn(t *testing.T) {
	b := newBox(t)
	s := b.settings.Load().Settings
	token := strings.Repeat("token", 10)
	for id, expires := range map[string]time.Time{"ASIATEMPORARY000000001": time.Now().Add(time.Hour), "ASIAEXPIRED0000000001": time.Now().Add(-time.Second)} {
		s.Keys = append(s.Keys, AccessKey{
			Key: sigv4.Key{ID: id, Secret: testSecret, Token: token, Expires: expires}, User: "temporary", Policy: iam.ReadOnlyAccess(),
		})
	}
	b.Configure(s)
	list := func(c *ivs.Client) error {
		_, err := c.ListChannels(t.Context(), &ivs.ListChannelsInput{})
		return err
	}
	if err := list(b.clientAs(t, "ASIATEMPORARY000000001", testSecret, token)); err != nil {
		t.Error(err)
	}
	for code, c := range map[string]*ivs.Client{
		"InvalidSignatureException":   b.clientAs(t, testKey, testSecret+"x", ""),
		"UnrecognizedClientException": b.clientAs(t, "AKIDUNKNOWN0000000001", testSecret, ""),
		"ExpiredTokenException":       b.clientAs(t, "ASIAEXPIRED0000000001", testSecret, token),
	} {
		wantFault(t, list(c), code)
	}
	wantFault(t, list(b.clientAs(t, "ASIATEMPORARY000000001", testSecret, token+"x")), "UnrecognizedClientException")
	_, err := b.clientAs(t, "ASIATEMPORARY000000001", testSecret, token).CreateChannel(t.Context(), &ivs.CreateChannelInput{})
	wantFault(t, err, "AccessDeniedException")
	for code, least := range map[string]int64{"InvalidSignatureException": 1, "UnrecognizedClientException": 2, "ExpiredTokenException": 1} {
		if n := b.Status().Faults[code]; n != least {
			t.Errorf("%d of %s were counted", n, code)
		}
	}
}

// What is sent by hand: without a signature, with another body than was signed, and twice.
func TestForgedRequests(t *testing.T) {
	b := newBox(t)
	body := []byte(`{"maxResults":1}`)
	for what, c := range map[string]struct {
		code   string
		status int
		forge  func(*http.Request)
	}{
		"as it is":          {"", 200, func(*http.Request) {}},
		"unsigned":          {"MissingAuthenticationTokenException", 403, func(r *http.Request) { r.Header.Del("Authorization") }},
		"another body":      {"InvalidSignatureException", 403, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"maxResults":2}`)) }},
		"another operation": {"InvalidSignatureException", 403, func(r *http.Request) { r.URL.Path = "/ListStreams" }},
		"another date": {"InvalidSignatureException", 403, func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().Add(time.Second).UTC().Format("20060102T150405Z"))
		}},
	} {
		r := b.signed(t, "POST", "/ListChannels", body)
		c.forge(r)
		if status, code, _ := exchange(t, r); status != c.status || code != c.code {
			t.Errorf("%s: %d %s", what, status, code)
		}
	}
	first := b.signed(t, "POST", "/CreateChannel", []byte("{}"))
	again := first.Clone(t.Context())
	again.Body = io.NopCloser(strings.NewReader("{}"))
	if status, code, _ := exchange(t, first); status != 200 {
		t.Fatalf("the first time: %d %s", status, code)
	}
	if status, code, _ := exchange(t, again); status != 403 || code != "InvalidSignatureException" {
		t.Errorf("the second time: %d %s", status, code)
	}
	if n := len(b.hub.ids()); n != 1 {
		t.Errorf("%d channels were made", n)
	}
	if n := b.Status().Faults["InvalidSignatureException"]; n != 4 {
		t.Errorf("%d refusals were counted", n)
	}
}

func TestWhichRequestsMayRepeat(t *testing.T) {
	for _, c := range []struct {
		remote, path string
		tls          *tls.ConnectionState
		want         bool
	}{
		{"192.0.2.1:9", "/CreateChannel", nil, false},
		{"192.0.2.1:9", "/GetChannel", nil, true},
		{"192.0.2.1:9", "/CreateChannel", &tls.ConnectionState{}, true},
		{"127.0.0.1:9", "/CreateChannel", nil, true},
		{"[::1]:9", "/CreateChannel", nil, true},
		{"192.0.2.1:9", "/Nothing", nil, false},
	} {
		r := httptest.NewRequest("POST", c.path, nil)
		r.RemoteAddr, r.TLS = c.remote, c.tls
		if got := repeats(r); got != c.want {
			t.Errorf("%s from %s: %v", c.path, c.remote, got)
		}
	}
}

func TestCallRates(t *testing.T) {
	b := newBox(t, func(s *Settings) { s.CallRate = 1 })
	c := b.client(t)
	throttled := 0
	for range 3 * rateDefault {
		if _, err := c.ListChannels(t.Context(), &ivs.ListChannelsInput{}); err != nil {
			wantFault(t, err, "ThrottlingException")
			throttled++
		}
	}
	if throttled == 0 {
		t.Error("nobody was throttled")
	}
	// Another operation has a rate of its own.
	must[*ivs.ListStreamsOutput](t)(c.ListStreams(t.Context(), &ivs.ListStreamsInput{}))
}

func TestCallRatesAreTheGuides(t *testing.T) {
	l := newLimiters()
	now := time.Now()
	for i := range operations {
		o := &operations[i]
		allowed := 0
		for range 1000 {
			if l.allow(o, &empty{}, 1, now) {
				allowed++
			}
		}
		if allowed != o.rate {
			t.Errorf("%s: %d at once", o.name, allowed)
		}
	}
	meta := routes["POST /PutMetadata"]
	of := func(channel string) any { return &putMetadataRequest{byChannelARN: byChannelARN{channelARN(channel)}} }
	later := now.Add(10 * time.Second)
	for _, channel := range []string{"a", "b"} {
		allowed := 0
		for range 50 {
			if l.allow(meta, of(channel), 1, later) {
				allowed++
			}
		}
		if allowed != 5 {
			t.Errorf("%d at once to the channel %s", allowed, channel)
		}
	}
	l.allow(meta, of("a"), 1, later.Add(2*idle))
	if len(l.by) != 2 {
		t.Errorf("%d limiters are kept", len(l.by))
	}
}

// Each call is in the log before its answer is, and no secret is.
func TestAuditLog(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Name: aws.String("default")}))
	must[*ivs.GetStreamKeyOutput](t)(c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: made.StreamKey.Arn}))
	_, err := c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: aws.String(*made.Channel.Arn + "x")})
	wantFault(t, err, "ResourceNotFoundException")
	b.streams.set(Live{ID: "st-x", Channel: b.idOf(t, kindChannel, made.Channel.Arn)})
	must[*ivs.PutMetadataOutput](t)(c.PutMetadata(t.Context(), &ivs.PutMetadataInput{ChannelArn: made.Channel.Arn, Metadata: aws.String("a secret of the show")}))
	wantFault(t, func() error {
		_, err := b.clientAs(t, testKey, "wrong-secret-wrong-secret", "").ListChannels(t.Context(), &ivs.ListChannelsInput{})
		return err
	}(), "InvalidSignatureException")
	var text []byte
	files, _ := filepath.Glob(filepath.Join(b.audits, "*"))
	for _, f := range files {
		text = append(text, must[[]byte](t)(os.ReadFile(f))...)
	}
	for _, secret := range []string{*made.StreamKey.Value, *made.Channel.Srt.Passphrase, testSecret, "secret of the show"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the log has %s", secret)
		}
	}
	var records []map[string]any
	for line := range bytes.Lines(text) {
		var r map[string]any
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if len(records) != 4 {
		t.Fatalf("%d records: %s", len(records), text)
	}
	created := records[0]
	channel := created["responseElements"].(map[string]any)["channel"].(map[string]any)
	if created["eventName"] != "CreateChannel" || created["requestParameters"].(map[string]any)["name"] != "default" || channel["arn"] != *made.Channel.Arn ||
		created["readOnly"] != false || created["userIdentity"].(map[string]any)["userName"] != "tester" {
		t.Errorf("CreateChannel: %v", created)
	}
	if records[1]["readOnly"] != true || records[1]["responseElements"] != nil {
		t.Errorf("GetStreamKey: %v", records[1])
	}
	if records[2]["errorCode"] != "ResourceNotFoundException" || records[2]["responseElements"] != nil {
		t.Errorf("DeleteChannel: %v", records[2])
	}
	// Who is not known has a file of his own, and cannot push others out.
	var stranger map[string]any
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(filepath.Join(b.strangers, "audit.jsonl"))), &stranger); err != nil {
		t.Fatal(err)
	}
	if who := stranger["userIdentity"].(map[string]any); stranger["errorCode"] != "InvalidSignatureException" || stranger["eventName"] != "ListChannels" ||
		who["type"] != "Unknown" || who["accessKeyId"] != testKey {
		t.Errorf("a wrong signature: %v", stranger)
	}
}

// A denial that depends on tags is not passed by because they cannot be read.
func TestNothingIsAllowedWhileTagsCannotBeRead(t *testing.T) {
	b := newBox(t)
	policy, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ivs:*","Resource":"*"},
		{"Effect":"Deny","Action":"ivs:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/locked":"yes"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.createChannel(t.Context(), &createChannelRequest{withTags: withTags{tagMap{"locked": "yes"}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &call{
		op: routes["POST /GetChannel"], http: httptest.NewRequest(http.MethodPost, "/GetChannel", http.NoBody),
		key: AccessKey{User: "u", Policy: policy}, request: &byARN{channelARN(made.Channel.ARN)},
	}
	wantFault := func(want string) {
		t.Helper()
		if err := b.permit(c); err == nil || asFault(err).Code != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	wantFault(codeAccessDenied)
	b.disk.unreadable.Store(true)
	wantFault(codeInternal)
}
