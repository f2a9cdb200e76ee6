package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// condition is one condition key under one operator. All of a statement's have to hold.
type condition struct {
	key      string // in lower case: case does not matter (guide, line 8640)
	null     bool   // asks whether the key is there; absent is what it wants
	absent   bool
	tests    []test
	negated  bool
	ifExists bool
	set      set
	// named are the values that have variables.
	named []pattern
}

// set says which of several values of a request a condition is about.
type set int

const (
	single   set = iota
	allOf        // ForAllValues:
	anyOneOf     // ForAnyValue:
)

// keys are the condition keys that requests may have, and keyPrefixes those with a name
// behind a slash.
var (
	keys        = []string{"aws:currenttime", "aws:principalarn", "aws:securetransport", "aws:sourceip", "aws:tagkeys", "aws:username"}
	keyPrefixes = []string{"aws:requesttag/", "aws:resourcetag/"}
)

// checkKey refuses a condition key, in lower case, that would never be there.
func checkKey(key string) error {
	service, name, ok := strings.Cut(key, ":")
	switch {
	case !ok || service == "" || name == "":
		return fmt.Errorf("%q is not a condition key", key)
	case service != "aws" && service != "ivs":
		return nil // another service's, which is not here
	case slices.Contains(keys, key):
		return nil
	}
	for _, prefix := range keyPrefixes {
		if strings.HasPrefix(key, prefix) && key != prefix {
			return nil
		}
	}
	return fmt.Errorf("the condition key %q is not one that requests have here", key)
}

// parseConditions reads a Condition element.
func parseConditions(value any, variables bool) ([]condition, error) {
	block, ok := value.(object)
	if !ok {
		return nil, fmt.Errorf("not an object")
	}
	var all []condition
	for _, operator := range block.names {
		byKey, ok := block.fields[operator].(object)
		if !ok {
			return nil, fmt.Errorf("%s: not an object of condition keys", operator)
		}
		for _, key := range byKey.names {
			c, err := parseCondition(operator, key, byKey.fields[key], variables)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", operator, key, err)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func parseCondition(operator, key string, value any, variables bool) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	if err := checkKey(c.key); err != nil {
		return c, err
	}
	values, err := texts(plain(value))
	if err != nil {
		return c, err
	}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.set = rest, allOf
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		name, c.set = rest, anyOneOf
	}
	if name == "Null" && c.set == single {
		if len(values) != 1 || values[0] != "true" && values[0] != "false" {
			return c, fmt.Errorf("not true or false")
		}
		c.null, c.absent = true, values[0] == "true"
		return c, nil
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	known, ok := operators[name]
	if !ok {
		return c, fmt.Errorf("there is no such operator")
	}
	c.negated = known.negated
	for _, v := range values {
		t, err := known.read(v, variables)
		if err != nil {
			return c, err
		}
		c.tests = append(c.tests, t)
		if strings.Contains(v, "${") {
			p, err := parsePattern(v, true, variables)
			if err != nil {
				return c, err
			}
			c.named = append(c.named, p)
		}
	}
	return c, nil
}

// plain has booleans and numbers as the text that they are written as, which IAM takes in
// conditions.
func plain(value any) any {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			if _, nested := v[i].([]any); !nested {
				list[i] = plain(v[i])
			}
		}
		return list
	}
	return value
}

// known says whether all variables of the condition have a value.
func (c *condition) known(context map[string][]string) bool {
	return !slices.ContainsFunc(c.named, func(p pattern) bool {
		_, ok := p.resolve(context)
		return !ok
	})
}

// holds asks a request. Where it has no such key, a condition for likeness does not hold and
// one for its opposite does.
func (c *condition) holds(context map[string][]string) bool {
	values := context[c.key]
	switch {
	case c.null:
		return (len(values) == 0) == c.absent
	case len(values) == 0 && c.ifExists, len(values) == 0 && c.set == allOf:
		return true
	case len(values) == 0 && c.set == anyOneOf:
		return false
	}
	like := func(value string) bool {
		return slices.ContainsFunc(c.tests, func(t test) bool { return t(value, context) })
	}
	unlike := func(value string) bool { return !like(value) }
	switch {
	case c.set == allOf && c.negated:
		return !slices.ContainsFunc(values, like)
	case c.set == allOf:
		return !slices.ContainsFunc(values, unlike)
	case c.set == anyOneOf && c.negated:
		return slices.ContainsFunc(values, unlike)
	case c.negated:
		return !slices.ContainsFunc(values, like)
	}
	return slices.ContainsFunc(values, like)
}
