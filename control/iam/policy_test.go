package iam

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	channel = "arn:aws:ivs:us-west-2:123456789012:channel/VgNkJg0VX9N"
	other   = "arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh"
	key     = "arn:aws:ivs:us-west-2:123456789012:stream-key/VgNkJg0VX9N"
	all     = "arn:aws:ivs:us-west-2:123456789012:channel/*"
)

// context is a request's; more are pairs of a key and a value.
func context(more ...string) map[string][]string {
	m := map[string][]string{
		"aws:username": {"richard-roe"}, "aws:principalarn": {"arn:aws:iam::123456789012:user/richard-roe"},
		"aws:sourceip": {"192.0.2.7"}, "aws:securetransport": {"false"}, "aws:currenttime": {"2026-11-23T05:16:00Z"},
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = append(m[more[i]], more[i+1])
	}
	return m
}

func load(t testing.TB, name string) *Policy {
	t.Helper()
	p, err := Parse(mustRead(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The sample policies of the guide, lines 8455 to 8640, some of them shortened.
func TestSamplesOfTheGuide(t *testing.T) {
	for _, c := range []struct {
		policy, action, resource string
		tags                     []string
		want                     Decision
	}{
		{"console", "ivs:CreateChannel", all, nil, Allowed},
		{"console", "ivs:GetStreamKey", key, nil, Allowed},
		{"console", "ivschat:CreateRoom", "*", nil, Denied},
		{"own-permissions", "ivs:GetChannel", channel, nil, Denied},
		{"own-permissions", "iam:GetUser", "arn:aws:iam::123456789012:user/richard-roe", nil, Allowed},
		{"own-permissions", "iam:GetUser", "arn:aws:iam::123456789012:user/somebody", nil, Denied},
		{"one-channel", "ivs:ListChannels", all, nil, Allowed},
		{"one-channel", "ivs:GetChannel", channel, nil, Allowed},
		{"one-channel", "IVS:getchannel", channel, nil, Allowed},
		{"one-channel", "ivs:GetChannel", other, nil, Denied},
		{"one-channel", "ivs:GetChannel", strings.ToLower(channel), nil, Denied},
		{"one-channel", "ivs:UpdateChannel", channel, nil, Allowed},
		{"one-channel", "ivs:DeleteChannel", channel, nil, Denied},
		{"owner", "ivs:ListChannels", all, nil, Allowed},
		{"owner", "ivs:GetChannel", channel, nil, Denied},
		{"owner", "ivs:GetChannel", channel, []string{"aws:resourcetag/owner", "richard-roe"}, Allowed},
		{"owner", "ivs:GetChannel", channel, []string{"aws:ResourceTag/Owner", "richard-roe"}, Allowed},
		{"owner", "ivs:GetChannel", channel, []string{"aws:resourcetag/owner", "Richard-Roe"}, Denied},
		{"owner", "ivs:GetChannel", channel, []string{"aws:requesttag/owner", "richard-roe"}, Denied},
	} {
		r := Request{Action: c.action, Resources: []string{c.resource}, Context: context(c.tags...)}
		if got := load(t, c.policy).Decide(r); got != c.want {
			t.Errorf("%s: %s on %s with %v: %d, want %d", c.policy, c.action, c.resource, c.tags, got, c.want)
		}
	}
}

func TestBuiltInPolicies(t *testing.T) {
	for _, c := range []struct {
		action string
		reads  Decision
	}{
		{"ivs:GetChannel", Allowed}, {"ivs:BatchGetChannel", Allowed}, {"ivs:ListStreamKeys", Allowed},
		{"ivs:ListTagsForResource", Allowed}, {"ivs:GetStreamSession", Allowed},
		{"ivs:GetStreamKey", Denied}, {"ivs:BatchGetStreamKey", Denied}, {"ivs:CreateChannel", Denied},
		{"ivs:StopStream", Denied}, {"ivs:PutMetadata", Denied}, {"ivs:TagResource", Denied},
	} {
		r := Request{Action: c.action, Resources: []string{channel}}
		if got := ReadOnlyAccess().Decide(r); got != c.reads {
			t.Errorf("read only: %s: %d", c.action, got)
		}
		if got := FullAccess().Decide(r); got != Allowed {
			t.Errorf("full: %s: %d", c.action, got)
		}
	}
	if FullAccess().Decide(Request{Action: "s3:GetObject", Resources: []string{"*"}}) != Denied {
		t.Error("full access is access to more than IVS")
	}
	reading := Request{Action: "cloudwatch:GetMetricData", Resources: []string{"*"}}
	if f, m, r := FullAccess().Decide(reading), MetricsAccess().Decide(reading), ReadOnlyAccess().Decide(reading); f != Allowed || m != Allowed || r != Denied {
		t.Errorf("metrics: full access %d, metrics access %d, read only %d", f, m, r)
	}
	if MetricsAccess().Decide(Request{Action: "ivs:GetChannel", Resources: []string{channel}}) != Denied {
		t.Error("access to metrics is access to more")
	}
}

func TestEveryResourceHasToBeAllowed(t *testing.T) {
	p := parse(t, `{"Effect":"Allow","Action":"ivs:*","Resource":"`+channel+`"},
		{"Effect":"Deny","Action":"ivs:Delete*","Resource":"*"},
		{"Effect":"Deny","NotAction":"ivs:Get*","NotResource":["`+channel+`","`+other+`"]}`)
	for _, c := range []struct {
		action    string
		resources []string
		want      Decision
	}{
		{"ivs:GetChannel", []string{channel}, Allowed},
		{"ivs:GetChannel", []string{channel, other}, Denied},
		{"ivs:GetChannel", nil, Denied},
		{"ivs:DeleteChannel", []string{channel}, Forbidden},
		{"ivs:UpdateChannel", []string{other, key}, Forbidden},
		{"ivs:UpdateChannel", []string{other}, Denied},
	} {
		if got := p.Decide(Request{Action: c.action, Resources: c.resources}); got != c.want {
			t.Errorf("%s on %v: %d, want %d", c.action, c.resources, got, c.want)
		}
	}
}

// A variable without a value makes no exception of nothing.
func TestNotResourceWithoutItsVariable(t *testing.T) {
	r := Request{Action: "ivs:GetChannel", Resources: []string{channel}, Context: context()}
	for effect, want := range map[string]Decision{"Allow": Denied, "Deny": Forbidden} {
		p := parse(t, `{"Effect":"`+effect+`","Action":"*","NotResource":"arn:aws:ivs:*:*:channel/${aws:ResourceTag/None}"}`)
		if got := p.Decide(r); got != want {
			t.Errorf("%s: %d, want %d", effect, got, want)
		}
	}
}

// What is not like a variable without a value would be everything.
func TestOppositeWithoutItsVariable(t *testing.T) {
	r := Request{Action: "ivs:GetChannel", Resources: []string{channel}, Context: context()}
	for effect, want := range map[string]Decision{"Allow": Denied, "Deny": Forbidden} {
		p := parse(t, `{"Effect":"`+effect+`","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:username":"${aws:ResourceTag/None}"}}}`)
		if got := p.Decide(r); got != want {
			t.Errorf("%s: %d, want %d", effect, got, want)
		}
	}
}

// parse reads statements of the version that has variables.
func parse(t testing.TB, statements string) *Policy {
	t.Helper()
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatalf("%v in %s", err, statements)
	}
	return p
}

func TestResourcesMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, resource string
		want              bool
	}{
		{"*", channel, true},
		{"arn:aws:ivs:*:*:channel/*", channel, true},
		{"arn:aws:ivs:*:*:channel/*", key, false},
		{"arn:aws:ivs:us-*:*:*", channel, true},
		{"arn:aws:ivs:eu-*:*:*", channel, false},
		{"arn:aws:ivs:*", channel, true},
		{"arn:aws:ivs:*:channel/VgNkJg0VX9N", channel, true},
		{"arn:aws:ivs:us-*-2:123456789012:channel/VgNkJg0VX9N", channel, true},
		{"arn:aws:ivs:us-*/VgNkJg0VX9N", channel, false}, // not at the part's end: it does not go beyond
		{"arn:aws:ivs:*:*:channel/VgNkJg0VX9?", channel, true},
		{"arn:aws:ivs:us?west?2:*:channel/VgNkJg0VX9N", channel, true},
		{"arn:aws:ivs:us-west-2?123456789012:channel/VgNkJg0VX9N", channel, false},
		{"arn:aws:ivs:*:*:channel/${*}", all, true},
		{"arn:aws:ivs:*:*:channel/${*}", channel, false},
		{"arn:aws:ivs:*:*:channel/${aws:ResourceTag/Id}", channel, true},
		{"arn:aws:ivs:*:*:channel/${aws:ResourceTag/None}", channel, false},
		{"arn:aws:ivs:*:*:channel/${aws:ResourceTag/None, 'VgNkJg0VX9N'}", channel, true},
		{"arn:aws:ivs:*:*:channel/${aws:ResourceTag/Star}", channel, false},
		{"arn:aws:ivs:*:*:channel/${aws:ResourceTag/Star}", all, true},
	} {
		p := parse(t, `{"Effect":"Allow","Action":"ivs:GetChannel","Resource":"`+c.pattern+`"}`)
		r := Request{Action: "ivs:GetChannel", Resources: []string{c.resource}, Context: context("aws:resourcetag/id", "VgNkJg0VX9N", "aws:resourcetag/star", "*")}
		if got := p.Decide(r) == Allowed; got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.resource, got)
		}
	}
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func BenchmarkDecide(b *testing.B) {
	p := load(b, "one-channel")
	r := Request{Action: "ivs:PutMetadata", Resources: []string{channel}, Context: context()}
	for b.Loop() {
		if p.Decide(r) != Allowed {
			b.Fatal("denied")
		}
	}
}

func TestIdleActionsAreNamed(t *testing.T) {
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ivs:Get*","IVS:listchannels","s3:GetObject","*"],"Resource":"*"},
		{"Effect":"Deny","NotAction":["ivs:GetChanel","ivs:Foo*"],"Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := p.Idle("ivs", []string{"ivs:GetChannel", "ivs:ListChannels"})
	if want := []string{`statement 2: "ivs:GetChanel"`, `statement 2: "ivs:Foo*"`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
