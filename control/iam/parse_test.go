package iam

import (
	"os"
	"strings"
	"testing"
)

func TestWrongDocumentsAreRefused(t *testing.T) {
	statement := func(more string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ivs:*","Resource":"*"},{` + more + `}]}`
	}
	condition := func(text string) string {
		return statement(`"Effect":"Deny","Action":"*","Resource":"*","Condition":` + text)
	}
	for _, c := range []struct{ document, want string }{
		{``, "line 1: unexpected EOF"},
		{"{\n\"Version\":\n\"2012-10-17\",,}", "line 3: invalid character"},
		{`{} {}`, "something behind"},
		{`[]`, "not a JSON object"},
		{"{\"a\xff\":1}", "UTF-8"},
		{strings.Repeat(" ", documentMost+1), "longer than 65536"},
		{strings.Repeat("[", 100), "nested"},
		{`{"Version":"2012-10-17","Version":"2012-10-17"}`, `"Version" is there twice`},
		{`{"Version":"2012-10-17"}`, "no Statement"},
		{`{"Statement":[]}`, "no Statement"},
		{`{"Statement":1}`, "statement 1: not an object"},
		{`{"Version":"2030-01-01","Statement":[]}`, "Version: not"},
		{`{"Version":2,"Statement":[]}`, "Version: not"},
		{`{"Id":1,"Statement":[]}`, "Id: not a string"},
		{`{"statement":[]}`, `"statement" is not an element`},
		{statement(``), "statement 2: element Effect"},
		{statement(`"Effect":"allow"`), "statement 2: element Effect"},
		{statement(`"Effect":"Deny"`), "statement 2: it has to have Action or NotAction"},
		{statement(`"Effect":"Deny","Action":"*","NotAction":"*"`), "it has to have Action or NotAction"},
		{statement(`"Effect":"Deny","Action":[],"Resource":"*"`), "Action: an empty list"},
		{statement(`"Effect":"Deny","Action":[1],"Resource":"*"`), "Action: not a string"},
		{statement(`"Effect":"Deny","Action":"GetChannel","Resource":"*"`), `Action: "GetChannel" is not`},
		{statement(`"Effect":"Deny","Action":"*"`), "it has to have Resource or NotResource"},
		{statement(`"Effect":"Deny","Action":"*","Resource":"channel/a"`), `Resource: "channel/a" is not an ARN`},
		{statement(`"Effect":"Deny","Action":"*","NotResource":"arn:${aws:username"`), "NotResource: a ${ without"},
		{statement(`"Effect":"Deny","Action":"*","Resource":"arn:${aws:UserAgent}"`), "not one that requests have"},
		{statement(`"Effect":"Deny","Action":"*","Resource":"arn:${username}"`), "is not a condition key"},
		{statement(`"Effect":"Deny","Action":"*","Resource":"arn:${aws:username, nobody}"`), "single quotes"},
		{`{"Statement":{"Effect":"Deny","Action":"*","Resource":"arn:${aws:username}"}}`, "needs \"Version\""},
		{statement(`"Sid":"a b"`), "Sid: not letters"},
		{`{"Statement":[{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]}`, "statement 2: element Sid: \"a\" is another"},
		{statement(`"Principal":"*"`), "Principal: not allowed"},
		{statement(`"Efect":"Deny"`), `"Efect" is not an element`},
		{condition(`[]`), "statement 2: element Condition: not an object"},
		{condition(`{"StringEquals":"a"}`), "StringEquals: not an object"},
		{condition(`{"StringIs":{"aws:username":"a"}}`), "statement 2: element Condition: StringIs, aws:username: there is no such operator"},
		{condition(`{"StringEquals":{"aws:user":"a"}}`), "is not one that requests have"},
		{condition(`{"StringEquals":{"ivs:tag":"a"}}`), "is not one that requests have"},
		{condition(`{"StringEquals":{"aws:ResourceTag/":"a"}}`), "is not one that requests have"},
		{condition(`{"StringEquals":{"user":"a"}}`), "is not a condition key"},
		{condition(`{"StringEquals":{"aws:username":[]}}`), "an empty list"},
		{condition(`{"StringEquals":{"aws:username":[["a"]]}}`), "not a string"},
		{condition(`{"StringEquals":{"aws:username":null}}`), "not a string"},
		{condition(`{"Bool":{"aws:SecureTransport":"yes"}}`), "is not true or false"},
		{condition(`{"Null":{"aws:TagKeys":["true","false"]}}`), "not true or false"},
		{condition(`{"NullIfExists":{"aws:TagKeys":"true"}}`), "no such operator"},
		{condition(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`), "is not an IP address"},
		{condition(`{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}`), "is not a date"},
		{condition(`{"NumericEquals":{"aws:ResourceTag/a":"one"}}`), "is not a number"},
		{condition(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam"}}`), "is not an ARN"},
	} {
		p, err := Parse([]byte(c.document))
		if p != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.120s: %v, want %q", c.document, err, c.want)
		}
	}
}

// FuzzPolicy reads documents, and asks them. A deny statement more never allows more, and
// where it is about everything it forbids everything.
func FuzzPolicy(f *testing.F) {
	for _, name := range []string{"console", "one-channel", "owner", "own-permissions"} {
		f.Add(string(mustRead(f, name)), "ivs:GetChannel", channel, "aws:resourcetag/owner", "richard-roe", "ivs:Get*", "arn:aws:ivs:*:*:channel/*")
	}
	f.Add(`{"Statement":{"Effect":"Allow","NotAction":"a:b","NotResource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":1}}}}`, "", "", "", "", "*", "*")
	f.Fuzz(func(t *testing.T, document, action, resource, key, value, denied, on string) {
		p, err := Parse([]byte(document))
		if err != nil {
			return
		}
		r := Request{Action: action, Resources: []string{resource}, Context: context(key, value)}
		before := p.Decide(r)
		actions, err := parseAction(denied)
		if err != nil {
			return
		}
		resources, err := parseResource(on, true)
		if err != nil {
			return
		}
		more := &Policy{statements: append(p.statements, statement{deny: true, actions: []pattern{actions}, resources: []pattern{resources}})}
		if after := more.Decide(r); after == Allowed && before != Allowed || before == Forbidden && after != Forbidden {
			t.Errorf("%d becomes %d", before, after)
		}
		everything := pattern{{kind: through}}
		more.statements = append(more.statements, statement{deny: true, actions: []pattern{everything}, resources: []pattern{everything}})
		if got := more.Decide(r); got != Forbidden {
			t.Errorf("what denies everything decides %d", got)
		}
	})
}

// The README's example means what is said about it.
func TestExampleOfTheReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "policy document as in IAM")
	_, example, _ = strings.Cut(example, "```json\n")
	example, _, _ = strings.Cut(example, "```")
	p, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, resource, owner string
		want                    Decision
	}{
		{"ivs:GetChannel", channel, "x", Allowed}, {"ivs:ListChannels", all, "x", Allowed}, {"ivs:GetStreamKey", key, "x", Denied},
		{"ivs:UpdateChannel", channel, "x", Denied}, {"ivs:UpdateChannel", channel, "richard-roe", Allowed},
	} {
		r := Request{Action: c.action, Resources: []string{c.resource}, Context: context("aws:resourcetag/owner", c.owner)}
		if got := p.Decide(r); got != c.want {
			t.Errorf("%s with owner %s: %d", c.action, c.owner, got)
		}
	}
}
