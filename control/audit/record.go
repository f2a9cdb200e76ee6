package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"
	"unicode"
)

// Record is a call.
type Record struct {
	Time            time.Time
	Name            string // of the operation
	Service         string // whose it is, as requests are signed for it; empty for "ivs"
	Data            bool   // CloudTrail calls it a data event, not a management event
	Region, Account string
	Source          string // IP address
	UserAgent       string // as the caller sent it
	RequestID       string
	ReadOnly        bool
	TLS             *TLS // nil where there was none
	// Parameters and Response are what JSON is made of; the response of calls that only
	// read is left out.
	Parameters, Response    any
	User                    *User  // nil where it is not known who called
	Claimed                 string // the id of the access key that such a caller names; empty for none
	ErrorCode, ErrorMessage string // empty where all went well
}

// User is who called.
type User struct {
	Name, ARN string
	AccessKey string // its id
	Temporary bool   // the credentials have a session token
}

// TLS is how the connection was encrypted, as in "TLSv1.3" and "TLS_AES_128_GCM_SHA256".
type TLS struct {
	Version string `json:"tlsVersion"`
	Cipher  string `json:"cipherSuite"`
	Host    string `json:"clientProvidedHostHeader"`
}

// textMost is how long texts of callers may be in a record, in bytes; the rest is cut off, as
// CloudTrail does.
const textMost = 1024

// event is CloudTrail's record ("CloudTrail record contents" in the CloudTrail User Guide).
type event struct {
	Version      string   `json:"eventVersion"`
	Identity     identity `json:"userIdentity"`
	Time         string   `json:"eventTime"`
	Source       string   `json:"eventSource"`
	Name         string   `json:"eventName"`
	Region       string   `json:"awsRegion"`
	Address      string   `json:"sourceIPAddress"`
	UserAgent    string   `json:"userAgent"`
	ErrorCode    string   `json:"errorCode,omitempty"`
	ErrorMessage string   `json:"errorMessage,omitempty"`
	Parameters   any      `json:"requestParameters"`
	Response     any      `json:"responseElements"`
	RequestID    string   `json:"requestID"`
	EventID      string   `json:"eventID"`
	ReadOnly     bool     `json:"readOnly"`
	Type         string   `json:"eventType"`
	Management   bool     `json:"managementEvent"`
	Account      string   `json:"recipientAccountId"`
	Category     string   `json:"eventCategory"`
	TLS          *TLS     `json:"tlsDetails,omitempty"`
}

type identity struct {
	Type      string   `json:"type"`
	Principal string   `json:"principalId,omitempty"`
	ARN       string   `json:"arn,omitempty"`
	Account   string   `json:"accountId,omitempty"`
	AccessKey string   `json:"accessKeyId,omitempty"`
	User      string   `json:"userName,omitempty"`
	Session   *session `json:"sessionContext,omitempty"`
}

// session is there for temporary credentials.
type session struct {
	Attributes struct {
		MFA string `json:"mfaAuthenticated"`
	} `json:"attributes"`
}

// line is a record with its line break. id is the event's own.
func (r Record) line(id string) ([]byte, error) {
	e := event{
		Version: "1.08", Identity: r.identity(), Time: r.Time.UTC().Format(time.RFC3339),
		Source: cmp.Or(r.Service, "ivs") + ".amazonaws.com", Name: r.Name, Region: r.Region, Address: clean(r.Source), UserAgent: clean(r.UserAgent),
		ErrorCode: r.ErrorCode, ErrorMessage: clean(r.ErrorMessage),
		Parameters: r.Parameters, Response: r.Response, RequestID: clean(r.RequestID), EventID: id, ReadOnly: r.ReadOnly,
		Type: "AwsApiCall", Management: true, Account: r.Account, Category: "Management",
	}
	if r.ReadOnly {
		e.Response = nil
	}
	if r.Data {
		e.Management, e.Category = false, "Data"
	}
	if r.TLS != nil {
		e.TLS = &TLS{Version: r.TLS.Version, Cipher: r.TLS.Cipher, Host: clean(r.TLS.Host)}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return b.Bytes(), err
}

func (r Record) identity() identity {
	if r.User == nil {
		return identity{Type: "Unknown", AccessKey: clean(r.Claimed)}
	}
	i := identity{
		Type: "IAMUser", Principal: r.User.Name, ARN: r.User.ARN, Account: r.Account,
		AccessKey: r.User.AccessKey, User: r.User.Name,
	}
	if r.User.Temporary {
		i.Session = &session{}
		i.Session.Attributes.MFA = "false"
	}
	return i
}

// clean makes a caller's text one that a terminal may show: no control characters, and no
// longer than textMost.
func clean(s string) string {
	cut := len(s) > textMost
	if cut {
		s = s[:textMost]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	if cut {
		s += "..."
	}
	return s
}
