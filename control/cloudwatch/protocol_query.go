package cloudwatch

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queryProtocol is AWS query: a form in, XML out.
type queryProtocol struct{}

const (
	namespaceXML = "http://monitoring.amazonaws.com/doc/2010-08-01/"
	// depthMost is of a form's names: no operation has more parts.
	depthMost = 12
	// partsMost is of a form: 500 queries of some 20 parts each.
	partsMost = 20_000
	// membersMost is the highest number of a member: places below it are made.
	membersMost = 1000
)

func (queryProtocol) operation(r *http.Request, body []byte) (string, bool) {
	if r.URL.Path != "/" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return "", false
	}
	return value(body, "Action"), value(body, "Version") == version
}

// value is the first of a name in a form. Nothing is kept of all others: it is not known yet who
// asks.
func value(form []byte, name string) string {
	for part := range bytes.SplitSeq(form, []byte("&")) {
		if text, is := bytes.CutPrefix(part, []byte(name+"=")); is && len(text) < 256 {
			value, _ := url.QueryUnescape(string(text)) // "" is no operation either
			return value
		}
	}
	return ""
}

// read makes a tree of names such as Dimensions.member.1.Name.
func (queryProtocol) read(body []byte) (tree, error) {
	if n := bytes.Count(body, []byte("&")); n > partsMost {
		return nil, fmt.Errorf("the form has more than %d parts", partsMost)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	root := &node{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name == "Action" || name == "Version" {
			continue
		}
		if len(form[name]) != 1 {
			return nil, fmt.Errorf("%s is there %d times", name, len(form[name]))
		}
		if err := root.put(strings.Split(name, "."), form[name][0]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	t, ok := root.value().(tree)
	if !ok {
		return tree{}, nil
	}
	return t, nil
}

// node is a place in a form: one of text, members and fields is set.
type node struct {
	text    *string
	members map[int]*node
	fields  map[string]*node
}

func (n *node) put(path []string, text string) error {
	if len(path) > depthMost {
		return errors.New("the name has too many parts")
	}
	if len(path) == 0 {
		if n.members != nil || n.fields != nil || n.text != nil {
			return errors.New("it is a value and has parts")
		}
		n.text = &text
		return nil
	}
	if n.text != nil {
		return errors.New("it is a value and has parts")
	}
	if path[0] == "member" && len(path) > 1 && n.fields == nil {
		i, err := strconv.Atoi(path[1])
		if err != nil || i < 1 || i > membersMost {
			return fmt.Errorf("a member's number is 1 to %d", membersMost)
		}
		if n.members == nil {
			n.members = map[int]*node{}
		}
		if n.members[i] == nil {
			n.members[i] = &node{}
		}
		return n.members[i].put(path[2:], text)
	}
	if n.members != nil {
		return errors.New("it has members and fields")
	}
	if n.fields == nil {
		n.fields = map[string]*node{}
	}
	if n.fields[path[0]] == nil {
		n.fields[path[0]] = &node{}
	}
	return n.fields[path[0]].put(path[1:], text)
}

func (n *node) value() any {
	switch {
	case n.text != nil:
		return *n.text
	case n.members != nil:
		var all []any
		for _, i := range slices.Sorted(maps.Keys(n.members)) {
			all = append(all, n.members[i].value())
		}
		return all
	case n.fields != nil:
		t := tree{}
		for name, field := range n.fields {
			t[name] = field.value()
		}
		return t
	}
	return nil
}

func (queryProtocol) answer(operation, requestID string, t tree) answer {
	var b bytes.Buffer
	b.WriteString(`<` + operation + `Response xmlns="` + namespaceXML + `"><` + operation + `Result>`)
	writeFields(&b, t)
	b.WriteString(`</` + operation + `Result><ResponseMetadata><RequestId>`)
	_ = xml.EscapeText(&b, []byte(requestID))
	b.WriteString(`</RequestId></ResponseMetadata></` + operation + `Response>`)
	return answer{http.StatusOK, headed(requestID, "text/xml"), b.Bytes()}
}

func (queryProtocol) refuse(requestID string, f *Fault) answer {
	who := "Sender"
	if !f.sender() {
		who = "Receiver"
	}
	var b bytes.Buffer
	b.WriteString(`<ErrorResponse xmlns="` + namespaceXML + `">`)
	writeFields(&b, tree{"Error": tree{"Type": who, "Code": f.Code, "Message": f.Message}, "RequestId": requestID})
	b.WriteString(`</ErrorResponse>`)
	return answer{f.Status, headed(requestID, "text/xml"), b.Bytes()}
}

func writeFields(b *bytes.Buffer, t tree) {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		b.WriteString("<" + name + ">")
		writeValue(b, t[name])
		b.WriteString("</" + name + ">")
	}
}

func writeValue(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case tree:
		writeFields(b, v)
	case []any:
		for _, one := range v {
			b.WriteString("<member>")
			writeValue(b, one)
			b.WriteString("</member>")
		}
	case time.Time:
		b.WriteString(v.UTC().Format(time.RFC3339))
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'f', -1, 64))
	case string:
		_ = xml.EscapeText(b, []byte(v)) // a buffer takes all
	}
}
