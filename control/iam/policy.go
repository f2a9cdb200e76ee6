package iam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Policy is a policy document.
type Policy struct {
	statements []statement
}

type statement struct {
	sid        string
	deny       bool
	actions    []pattern
	named      []string // the texts of actions
	notAction  bool     // all actions but these
	resources  []pattern
	notIn      bool // all resources but these
	conditions []condition
}

// Request is what a caller wants.
type Request struct {
	Action    string   // as "ivs:GetChannel"
	Resources []string // ARNs, each of which must be allowed; without any nothing is
	// Context has the values of condition keys, as "aws:resourcetag/owner". The case of keys
	// does not matter.
	Context map[string][]string
}

// Decision is what becomes of a request.
type Decision int

// Decisions. The first is that of no statement at all.
const (
	Denied    Decision = iota // by no statement allowed
	Allowed                   // all of it
	Forbidden                 // by a deny statement
)

// Parse reads a policy document. The error says what is wrong, and in which statement; the
// first is 1.
func Parse(document []byte) (*Policy, error) {
	value, err := readJSON(document)
	if err != nil {
		return nil, err
	}
	top, ok := value.(object)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	if err := top.known("Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	variables, err := readVersion(top)
	if err != nil {
		return nil, err
	}
	if id, there := top.fields["Id"]; there {
		if _, ok := id.(string); !ok {
			return nil, errors.New("element Id: not a string")
		}
	}
	list, ok := top.fields["Statement"].([]any)
	if !ok {
		list = []any{top.fields["Statement"]}
	}
	if len(list) == 0 || list[0] == nil {
		return nil, errors.New("there is no Statement")
	}
	p := &Policy{}
	for i, value := range list {
		s, err := parseStatement(value, variables)
		if err == nil && s.sid != "" && slices.ContainsFunc(p.statements, func(other statement) bool { return other.sid == s.sid }) {
			err = fmt.Errorf("element Sid: %q is another statement's", s.sid)
		}
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

// readVersion says whether the document may have variables.
func readVersion(top object) (bool, error) {
	switch top.fields["Version"] {
	case "2012-10-17":
		return true, nil
	case "2008-10-17":
		return false, nil
	}
	if slices.Contains(top.names, "Version") {
		return false, errors.New(`element Version: not "2012-10-17" or "2008-10-17"`)
	}
	return false, nil
}

func (o object) known(names ...string) error {
	for _, name := range o.names {
		switch {
		case slices.Contains(names, name):
		case name == "Principal" || name == "NotPrincipal":
			return fmt.Errorf("%s: not allowed here: the policy is for whoever has the access key", name)
		default:
			return fmt.Errorf("%q is not an element; known here: %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

var sid = regexp.MustCompile(`^[A-Za-z0-9]*$`)

func parseStatement(value any, variables bool) (s statement, err error) {
	o, ok := value.(object)
	if !ok {
		return s, errors.New("not an object")
	}
	if err := o.known("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil {
		return s, err
	}
	if value, there := o.fields["Sid"]; there {
		if s.sid, ok = value.(string); !ok || !sid.MatchString(s.sid) {
			return s, errors.New("element Sid: not letters and digits")
		}
	}
	switch o.fields["Effect"] {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		return s, errors.New(`element Effect: not "Allow" or "Deny"`)
	}
	s.actions, s.notAction, err = o.either("Action", "NotAction", func(text string) (pattern, error) {
		s.named = append(s.named, text)
		return parseAction(text)
	})
	if err != nil {
		return s, err
	}
	s.resources, s.notIn, err = o.either("Resource", "NotResource", func(text string) (pattern, error) {
		return parseResource(text, variables)
	})
	if err != nil {
		return s, err
	}
	if value, there := o.fields["Condition"]; there {
		if s.conditions, err = parseConditions(value, variables); err != nil {
			return s, fmt.Errorf("element Condition: %w", err)
		}
	}
	return s, nil
}

// either reads the one of two elements that is there.
func (o object) either(name, not string, parse func(string) (pattern, error)) (all []pattern, negated bool, err error) {
	_, positive := o.fields[name]
	_, negated = o.fields[not]
	if positive == negated {
		return nil, false, fmt.Errorf("it has to have %s or %s, and not both", name, not)
	}
	if negated {
		name = not
	}
	list, err := texts(o.fields[name])
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	for _, text := range list {
		p, err := parse(text)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, p)
	}
	return all, negated, nil
}

var action = regexp.MustCompile(`^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$`)

func parseAction(text string) (pattern, error) {
	if !action.MatchString(text) {
		return nil, fmt.Errorf("%q is not <service>:<operation> or *", text)
	}
	p, err := parsePattern(text, true, false)
	return p.anything(), err
}

func parseResource(text string, variables bool) (pattern, error) {
	if text != "*" && !strings.HasPrefix(text, "arn:") {
		return nil, fmt.Errorf("%q is not an ARN or *", text)
	}
	p, err := parsePattern(text, true, variables)
	return p.resource(), err
}

// Idle names the actions of a service, as "ivs", that match none of those that there are, each
// with its statement: they allow and deny nothing, and may be misspelt.
func (p *Policy) Idle(service string, actions []string) (idle []string) {
	for n, s := range p.statements {
		for i, name := range s.named {
			prefix, _, _ := strings.Cut(name, ":")
			matches := func(action string) bool { return s.actions[i].matches(action, ignoringCase) }
			if strings.EqualFold(prefix, service) && !slices.ContainsFunc(actions, matches) {
				idle = append(idle, fmt.Sprintf("statement %d: %q", n+1, name))
			}
		}
	}
	return idle
}

// Decide is what IAM decides ("Policy evaluation logic"): a deny statement wins over all
// others, and what no statement allows is denied.
func (p *Policy) Decide(r Request) Decision {
	r.Context = lowered(r.Context)
	allowed := len(r.Resources) > 0
	for _, resource := range r.Resources {
		switch p.decide(r, resource) {
		case Forbidden:
			return Forbidden
		case Denied:
			allowed = false
		}
	}
	if allowed {
		return Allowed
	}
	return Denied
}

func (p *Policy) decide(r Request, resource string) Decision {
	decision := Denied
	for i := range p.statements {
		s := &p.statements[i]
		if !s.isAbout(r, resource) {
			continue
		}
		if s.deny {
			return Forbidden
		}
		decision = Allowed
	}
	return decision
}

func (s *statement) isAbout(r Request, resource string) bool {
	action := slices.ContainsFunc(s.actions, func(p pattern) bool { return p.matches(r.Action, ignoringCase) })
	if action == s.notAction {
		return false
	}
	unknown := false
	in := slices.ContainsFunc(s.resources, func(p pattern) bool {
		resolved, ok := p.resolve(r.Context)
		unknown = unknown || !ok
		return ok && resolved.matches(resource, exactly)
	})
	if unknown && s.notIn && !s.deny {
		return false // all but what nobody knows would be all
	}
	return in != s.notIn && !slices.ContainsFunc(s.conditions, func(c condition) bool {
		return !c.holds(r.Context) || !s.deny && !c.known(r.Context) // what is unlike nobody knows what would be all
	})
}

func lowered(context map[string][]string) map[string][]string {
	all := make(map[string][]string, len(context))
	for key, values := range context {
		key = strings.ToLower(key)
		all[key] = append(all[key], values...)
	}
	return all
}
