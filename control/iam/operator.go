package iam

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// test compares a value of a request with one of a policy. It is made once, when the policy
// is read.
type test func(value string, context map[string][]string) bool

// operators are those of conditions, without IfExists and the prefixes of sets ("IAM JSON
// policy elements: Condition operators"). Null is none: it looks at no value.
var operators = map[string]struct {
	read    func(value string, variables bool) (test, error)
	negated bool // holds where no value of the policy is like the request's
}{
	"StringEquals":              {read: text(false, exactly)},
	"StringNotEquals":           {text(false, exactly), true},
	"StringEqualsIgnoreCase":    {read: text(false, ignoringCase)},
	"StringNotEqualsIgnoreCase": {text(false, ignoringCase), true},
	"StringLike":                {read: text(true, exactly)},
	"StringNotLike":             {text(true, exactly), true},
	"ArnEquals":                 {read: arn},
	"ArnNotEquals":              {arn, true},
	"ArnLike":                   {read: arn},
	"ArnNotLike":                {arn, true},
	"Bool":                      {read: boolean},
	"IpAddress":                 {read: address},
	"NotIpAddress":              {address, true},
	"NumericEquals":             {read: number(func(c int) bool { return c == 0 })},
	"NumericNotEquals":          {number(func(c int) bool { return c == 0 }), true},
	"NumericLessThan":           {read: number(func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":     {read: number(func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":        {read: number(func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals":  {read: number(func(c int) bool { return c >= 0 })},
	"DateEquals":                {read: date(func(c int) bool { return c == 0 })},
	"DateNotEquals":             {date(func(c int) bool { return c == 0 }), true},
	"DateLessThan":              {read: date(func(c int) bool { return c < 0 })},
	"DateLessThanEquals":        {read: date(func(c int) bool { return c <= 0 })},
	"DateGreaterThan":           {read: date(func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals":     {read: date(func(c int) bool { return c >= 0 })},
}

func text(wild bool, same func(a, b rune) bool) func(string, bool) (test, error) {
	return func(value string, variables bool) (test, error) {
		p, err := parsePattern(value, wild, variables)
		p = p.anything()
		return func(value string, context map[string][]string) bool {
			resolved, ok := p.resolve(context)
			return ok && resolved.matches(value, same)
		}, err
	}
}

func arn(value string, variables bool) (test, error) {
	p, err := parsePattern(value, true, variables)
	if err == nil && strings.Count(value, ":") < arnParts-1 {
		err = fmt.Errorf("%q is not an ARN of six parts", value)
	}
	return func(value string, context map[string][]string) bool {
		resolved, ok := p.resolve(context)
		return ok && resolved.matchesARN(value)
	}, err
}

func boolean(value string, _ bool) (test, error) {
	want := strings.ToLower(value)
	if want != "true" && want != "false" {
		return nil, fmt.Errorf("%q is not true or false", value)
	}
	return func(value string, _ map[string][]string) bool { return strings.ToLower(value) == want }, nil
}

func address(value string, _ bool) (test, error) {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		alone, err := netip.ParseAddr(value)
		if err != nil {
			return nil, fmt.Errorf("%q is not an IP address or a range in CIDR notation", value)
		}
		prefix = netip.PrefixFrom(alone, alone.BitLen())
	}
	return func(value string, _ map[string][]string) bool {
		at, err := netip.ParseAddr(value)
		return err == nil && prefix.Contains(at.Unmap().WithZone(""))
	}, nil
}

func number(holds func(int) bool) func(string, bool) (test, error) {
	return ordered(holds, func(s string) (float64, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || n != n {
			return 0, fmt.Errorf("%q is not a number", s)
		}
		return n, nil
	})
}

// date takes what IAM takes: ISO 8601 as W3C has it, and seconds since 1970.
func date(holds func(int) bool) func(string, bool) (test, error) {
	return ordered(holds, func(s string) (float64, error) {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
			if t, err := time.Parse(layout, s); err == nil {
				return float64(t.UnixMilli()) / 1000, nil
			}
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return float64(n), nil
		}
		return 0, fmt.Errorf("%q is not a date, like 2030-12-31T23:59:59Z", s)
	})
}

func ordered(holds func(int) bool, parse func(string) (float64, error)) func(string, bool) (test, error) {
	return func(value string, _ bool) (test, error) {
		limit, err := parse(value)
		return func(value string, _ map[string][]string) bool {
			n, err := parse(value)
			if err != nil {
				return false
			}
			c := 0
			switch {
			case n < limit:
				c = -1
			case n > limit:
				c = 1
			}
			return holds(c)
		}, err
	}
}
