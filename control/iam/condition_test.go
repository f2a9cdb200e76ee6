package iam

import "testing"

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		context   []string // more than that of all requests
		want      bool
	}{
		{`{}`, nil, true},
		{`{"StringEquals":{"aws:username":"richard-roe"}}`, nil, true},
		{`{"StringEquals":{"AWS:UserName":["a","richard-roe"]}}`, nil, true},
		{`{"StringEquals":{"aws:username":"richard-*"}}`, nil, false},
		{`{"StringEquals":{"aws:username":"Richard-Roe"}}`, nil, false},
		{`{"StringEqualsIgnoreCase":{"aws:username":"Richard-Roe"}}`, nil, true},
		{`{"StringNotEqualsIgnoreCase":{"aws:username":"Richard-Roe"}}`, nil, false},
		{`{"StringNotEquals":{"aws:username":["a","b"]}}`, nil, true},
		{`{"StringNotEquals":{"aws:username":["a","richard-roe"]}}`, nil, false},
		{`{"StringLike":{"aws:username":"r*-r?e"}}`, nil, true},
		{`{"StringNotLike":{"aws:username":"r*"}}`, nil, false},
		{`{"StringLike":{"aws:ResourceTag/a":"x${*}y${?}${$}"}}`, []string{"aws:resourcetag/a", "x*y?$"}, true},
		{`{"StringLike":{"aws:ResourceTag/a":"x${*}"}}`, []string{"aws:resourcetag/a", "xy"}, false},
		{`{"StringLike":{"aws:ResourceTag/a":"*:*"}}`, []string{"aws:resourcetag/a", "x:y:z"}, true},
		{`{"StringEquals":{"aws:RequestTag/a":"${aws:ResourceTag/b}"}}`, []string{"aws:requesttag/a", "1", "aws:resourcetag/b", "1"}, true},
		{`{"StringEquals":{"aws:RequestTag/a":"${aws:ResourceTag/b}"}}`, []string{"aws:requesttag/a", "1"}, false},
		{`{"StringEquals":{"aws:username":"richard-roe"},"StringLike":{"aws:ResourceTag/a":"*"}}`, nil, false},
		// A key that is not there.
		{`{"StringEquals":{"aws:ResourceTag/a":"1"}}`, nil, false},
		{`{"StringEqualsIfExists":{"aws:ResourceTag/a":"1"}}`, nil, true},
		{`{"StringEqualsIfExists":{"aws:ResourceTag/a":"1"}}`, []string{"aws:resourcetag/a", "2"}, false},
		{`{"StringNotEquals":{"aws:ResourceTag/a":"1"}}`, nil, true},
		{`{"Null":{"aws:ResourceTag/a":"true"}}`, nil, true},
		{`{"Null":{"aws:ResourceTag/a":true}}`, []string{"aws:resourcetag/a", ""}, false},
		{`{"Null":{"aws:TagKeys":false}}`, []string{"aws:tagkeys", "a"}, true},
		{`{"StringNotEquals":{"s3:prefix":"a"}}`, nil, true},
		{`{"StringEquals":{"s3:prefix":"a"}}`, nil, false},
		// Sets.
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}`, []string{"aws:tagkeys", "a", "aws:tagkeys", "b"}, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`, []string{"aws:tagkeys", "a", "aws:tagkeys", "b"}, false},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`, nil, true},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]}}`, []string{"aws:tagkeys", "b", "aws:tagkeys", "c"}, true},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]}}`, []string{"aws:tagkeys", "a", "aws:tagkeys", "c"}, false},
		{`{"ForAnyValue:StringLike":{"aws:TagKeys":"cost*"}}`, []string{"aws:tagkeys", "a", "aws:tagkeys", "cost-1"}, true},
		{`{"ForAnyValue:StringLike":{"aws:TagKeys":"cost*"}}`, []string{"aws:tagkeys", "a"}, false},
		{`{"ForAnyValue:StringLike":{"aws:TagKeys":"*"}}`, nil, false},
		{`{"ForAnyValue:StringNotLike":{"aws:TagKeys":"cost*"}}`, []string{"aws:tagkeys", "a", "aws:tagkeys", "cost-1"}, true},
		{`{"ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":"a"}}`, nil, true},
		// Other kinds of values.
		{`{"Bool":{"aws:SecureTransport":"true"}}`, nil, false},
		{`{"Bool":{"aws:SecureTransport":false}}`, nil, true},
		{`{"IpAddress":{"aws:SourceIp":["198.51.100.0/24","192.0.2.0/24"]}}`, nil, true},
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.7"}}`, nil, true},
		{`{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, nil, false},
		{`{"NotIpAddress":{"aws:SourceIp":"2001:db8::/32"}}`, nil, true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-11-23T05:16:00.5Z"}}`, nil, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-23"},"DateLessThanEquals":{"aws:CurrentTime":"2026-11-23T06:16+01:00"}}`, nil, true},
		{`{"DateEquals":{"aws:CurrentTime":1795410960}}`, nil, true},
		{`{"DateGreaterThanEquals":{"aws:CurrentTime":"2026-11-24"}}`, nil, false},
		{`{"NumericLessThanEquals":{"aws:ResourceTag/level":3}}`, []string{"aws:resourcetag/level", "3"}, true},
		{`{"NumericGreaterThan":{"aws:ResourceTag/level":"2.5"}}`, []string{"aws:resourcetag/level", "x"}, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/rich*"}}`, nil, true},
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/${aws:username}"}}`, nil, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*:*:*:user/richard-roe"}}`, nil, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*:*:*:user/richard-roe"}}`, nil, false},
		{`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}`, nil, true},
		{`{"ArnLike":{"aws:ResourceTag/a":"arn:a:b:c:d:e:*"}}`, []string{"aws:resourcetag/a", "arn:a:b:c:d:e:f:g"}, true},
	} {
		p := parse(t, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+c.condition+`}`)
		r := Request{Action: "ivs:GetChannel", Resources: []string{channel}, Context: context(c.context...)}
		if got := p.Decide(r) == Allowed; got != c.want {
			t.Errorf("%s with %q: %v", c.condition, c.context, got)
		}
	}
}
