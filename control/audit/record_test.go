package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/golden"
)

// sample is the call of the guide's record (line 8240), by a user instead of a role.
func sample() Record {
	arn := "arn:aws:ivs:us-west-2:123456789012:"
	return Record{
		Time: time.Date(2020, 4, 2, 22, 57, 46, 5e8, time.FixedZone("", 7200)),
		Name: "CreateChannel", Region: "us-west-2", Account: "123456789012",
		Source: "10.10.10.10", UserAgent: "console.amazonaws.com", RequestID: "12a34bc5-EXAMPLE",
		User:       &User{Name: "First_Streamer", ARN: "arn:aws:iam::123456789012:user/First_Streamer", AccessKey: "ABCDEFGH1JKL1EXAMPLE", Temporary: true},
		Parameters: map[string]any{"name": "default"},
		Response: map[string]any{
			"channel": map[string]any{
				"arn": arn + "channel/1EXAMPLE", "authorized": false, "ingestEndpoint": "EXAMPLE.global-contribute.live-video.net",
				"latencyMode": "LOW", "name": "default", "playbackUrl": "https://EXAMPLE.m3u8?a&b", "tags": map[string]string{},
			},
			"streamKey": map[string]any{"arn": arn + "stream-key/2EXAMPLE", "channelArn": arn + "channel/1EXAMPLE", "tags": map[string]string{}},
		},
	}
}

func TestRecordsHaveTheShapeOfCloudTrail(t *testing.T) {
	refused := Record{
		Time: time.Unix(0, 0), Name: "GetChannel", Region: "local", Account: "000000000000", ReadOnly: true,
		Source: "2001:db8::1", UserAgent: "a\x1b[31m\r\n\u202eb\xff" + strings.Repeat("c", 2000), RequestID: "1",
		TLS:       &TLS{Version: "TLSv1.3", Cipher: "TLS_AES_128_GCM_SHA256", Host: "ladderd.example"},
		ErrorCode: "AccessDeniedException", ErrorMessage: "no <b>", Response: "of a call that reads",
	}
	for name, r := range map[string]Record{"create-channel": sample(), "refused": refused} {
		line, err := r.line("a1b2c3de-EXAMPLE")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(line, []byte("\n")) != 1 || !bytes.HasSuffix(line, []byte("}\n")) {
			t.Errorf("not one line: %q", line)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, line, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name+".golden", b.String())
	}
}

// All fields of the guide's record, but those of roles and of web identities.
func TestRecordsHaveTheFieldsOfTheGuide(t *testing.T) {
	line, err := sample().line("a1b2c3de-EXAMPLE")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(`eventVersion userIdentity.type userIdentity.principalId userIdentity.arn
		userIdentity.accountId userIdentity.accessKeyId userIdentity.sessionContext.attributes.mfaAuthenticated
		eventTime eventSource eventName awsRegion sourceIPAddress userAgent requestParameters.name
		responseElements.channel.arn responseElements.streamKey.arn requestID eventID readOnly eventType recipientAccountId`) {
		var at any = got
		for name := range strings.SplitSeq(path, ".") {
			fields, _ := at.(map[string]any)
			at = fields[name]
		}
		if at == nil {
			t.Errorf("there is no %s", path)
		}
	}
}
