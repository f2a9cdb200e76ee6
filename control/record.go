package control

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"

	"ladderd/control/audit"
	"ladderd/control/sigv4"
)

// record writes a call into the audit log (guide, lines 8240–8300). A call that the log does
// not take is answered all the same: what it did cannot be undone.
func (a *API) record(c *call, f *Fault) {
	if c.op == nil {
		return
	}
	r := audit.Record{
		Time: c.at, Name: c.op.name, Region: a.arns.region, Account: a.arns.account,
		Service: c.op.source, Data: c.service != nil, Source: sourceOf(c.http), UserAgent: c.http.UserAgent(), RequestID: c.id, ReadOnly: c.op.reads,
		Parameters: c.parameters(),
	}
	if t := c.http.TLS; t != nil {
		r.TLS = &audit.TLS{Version: strings.Replace(tls.VersionName(t.Version), " ", "v", 1), Cipher: tls.CipherSuiteName(t.CipherSuite), Host: c.http.Host}
	}
	if c.key.ID != "" {
		r.User = &audit.User{Name: c.key.User, ARN: a.userARN(c.key.User), AccessKey: c.key.ID, Temporary: c.key.Token != ""}
	}
	log := a.audit
	if r.User == nil {
		log, r.Claimed = a.strangers, sigv4.Claimed(c.http)
	}
	switch {
	case f != nil:
		r.ErrorCode, r.ErrorMessage = f.Code, f.Message
	case !c.op.reads:
		r.Response = withoutSecrets(reflect.ValueOf(c.answered))
	}
	if err := log.Write(r); err != nil {
		a.log.Error("a call is not in the audit log", "operation", c.op.name, "request", c.id, "reason", err)
	}
}

// parameters is what was asked, as it may be written down.
func (c *call) parameters() any {
	if c.asked == nil {
		return withoutSecrets(reflect.ValueOf(c.request))
	}
	text, err := json.Marshal(c.asked.Parameters())
	switch {
	case err != nil:
		return "not what JSON can say"
	case len(text) > askedMost:
		return fmt.Sprintf("%d bytes", len(text))
	}
	return json.RawMessage(text)
}

// askedMost is how long a service's parameters may be in a record, in bytes: who polls 500 metrics
// is not to push out the records of all others.
const askedMost = 16 << 10

// sourceOf is the address that a request came from, without its port.
func sourceOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// withoutSecrets is a request or an answer as it may be written down: by the names of JSON,
// and without the fields that hold secrets. It is nil for nothing.
func withoutSecrets(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return withoutSecrets(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = withoutSecrets(v.Index(i))
		}
		return list
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[secret]().PkgPath() {
			return v.Interface() // a time
		}
		fields := map[string]any{}
		openFields(fields, v)
		return fields
	}
	return v.Interface()
}

func openFields(to map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			openFields(to, v.Field(i))
		case isSecret(field.Type) || v.Field(i).IsZero() && nothing(field.Type.Kind()):
		default:
			to[name] = withoutSecrets(v.Field(i))
		}
	}
}

// nothing says that the zero value of a kind is what was not said.
func nothing(k reflect.Kind) bool {
	return k == reflect.Pointer || k == reflect.Map || k == reflect.Slice
}

func isSecret(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == reflect.TypeFor[secret]() || t == reflect.TypeFor[secretText]()
}
