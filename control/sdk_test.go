//go:build !fuzz

package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"
	"github.com/aws/smithy-go"
)

// wantFault fails unless the SDK has read an error of that type, with words.
func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	var known smithy.APIError
	if !errors.As(err, &known) || known.ErrorCode() != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if words(known) == "" {
		t.Errorf("%s has no words", code)
	}
}

// words are what the SDK has read, in the field that its modelled errors have for them.
func words(err smithy.APIError) string {
	if v := reflect.ValueOf(err).Elem().FieldByName("ExceptionMessage"); v.IsValid() && !v.IsNil() {
		return v.Elem().String()
	}
	return err.ErrorMessage()
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func arnLike(kind string) *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws:ivs:local:000000000000:` + kind + `/[a-zA-Z0-9-]+$`)
}

func TestChannelHasWhatItIsPublishedWith(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{
		Name: aws.String("test-channel"), Tags: map[string]string{"Owner": "tester"},
	}))
	ch, key := made.Channel, made.StreamKey
	if !arnLike("channel").MatchString(*ch.Arn) || !arnLike("stream-key").MatchString(*key.Arn) {
		t.Errorf("ARNs %s, %s", *ch.Arn, *key.Arn)
	}
	id := (*ch.Arn)[strings.LastIndex(*ch.Arn, "/")+1:]
	// The defaults are the model's.
	if ch.Type != types.ChannelTypeStandardChannelType || ch.LatencyMode != types.ChannelLatencyModeLowLatency ||
		ch.ContainerFormat != types.ContainerFormatTs || ch.Preset != "" || ch.Authorized || ch.InsecureIngest ||
		*ch.RecordingConfigurationArn != "" || *ch.PlaybackRestrictionPolicyArn != "" {
		t.Errorf("defaults: %+v", ch)
	}
	if *ch.IngestEndpoint != "ingest.example" || *ch.Srt.Endpoint != "srt.example:9001" ||
		*ch.PlaybackUrl != "https://play.example:8443/api/video/v1/local.000000000000.channel."+id+".m3u8" {
		t.Errorf("endpoints %s, %s, %s", *ch.IngestEndpoint, *ch.Srt.Endpoint, *ch.PlaybackUrl)
	}
	if n := len(*ch.Srt.Passphrase); n < 10 || n > 79 {
		t.Errorf("a passphrase of %d characters", n)
	}
	if !regexp.MustCompile(`^sk_local_`+id+`_[A-Z0-9]{26}$`).MatchString(*key.Value) || *key.ChannelArn != *ch.Arn {
		t.Errorf("stream key %s of %s", *key.Value, *key.ChannelArn)
	}
	if ch.Tags["Owner"] != "tester" {
		t.Errorf("tags %v", ch.Tags)
	}
	published, ok := b.hub.get(id)
	if !ok || published.Key != *key.Value || published.Passphrase != *ch.Srt.Passphrase || published.Type != "STANDARD" || published.Container != "TS" {
		t.Errorf("publishers know of %+v", published)
	}
	got := must[*ivs.GetChannelOutput](t)(c.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: ch.Arn}))
	if *got.Channel.Srt.Passphrase != *ch.Srt.Passphrase || *got.Channel.Name != "test-channel" {
		t.Errorf("read again: %+v", got.Channel)
	}
}

func TestChannelIsUpdatedAndDeleted(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Type: types.ChannelTypeAdvancedHDChannelType}))
	arn := made.Channel.Arn
	if made.Channel.Preset != types.TranscodePresetHigherBandwidthTranscodePreset {
		t.Errorf("an ADVANCED channel has the preset %q", made.Channel.Preset)
	}
	updated := must[*ivs.UpdateChannelOutput](t)(c.UpdateChannel(t.Context(), &ivs.UpdateChannelInput{
		Arn: arn, Name: aws.String("renamed"), Preset: types.TranscodePresetConstrainedBandwidthTranscodePreset,
		LatencyMode: types.ChannelLatencyModeNormalLatency, InsecureIngest: true,
	})).Channel
	if *updated.Name != "renamed" || updated.Preset != types.TranscodePresetConstrainedBandwidthTranscodePreset ||
		updated.LatencyMode != types.ChannelLatencyModeNormalLatency || !updated.InsecureIngest || updated.Type != types.ChannelTypeAdvancedHDChannelType {
		t.Errorf("updated to %+v", updated)
	}
	if p, _ := b.hub.get(b.idOf(t, kindChannel, arn)); !p.Insecure || p.Preset != "CONSTRAINED_BANDWIDTH_DELIVERY" {
		t.Errorf("publishers know of %+v", p)
	}
	// Another type takes its preset along only where it has one.
	updated = must[*ivs.UpdateChannelOutput](t)(c.UpdateChannel(t.Context(), &ivs.UpdateChannelInput{Arn: arn, Type: types.ChannelTypeBasicChannelType})).Channel
	if updated.Preset != "" {
		t.Errorf("a BASIC channel has the preset %q", updated.Preset)
	}
	id := b.idOf(t, kindChannel, arn)
	b.streams.set(Live{ID: "st-x", Channel: id})
	_, err := c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: arn})
	wantFault(t, err, "ConflictException")
	must[*ivs.StopStreamOutput](t)(c.StopStream(t.Context(), &ivs.StopStreamInput{ChannelArn: arn}))
	must[*ivs.DeleteChannelOutput](t)(c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: arn}))
	_, err = c.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: arn})
	wantFault(t, err, "ResourceNotFoundException")
	_, err = c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: made.StreamKey.Arn})
	wantFault(t, err, "ResourceNotFoundException")
	if _, known := b.hub.get(id); known {
		t.Error("publishers still know of the channel")
	}
}

func (b *box) idOf(t *testing.T, k kind, arn *string) string {
	t.Helper()
	id, ours := b.arns.id(k, *arn)
	if !ours {
		t.Fatalf("%s is no %s", *arn, k)
	}
	return id
}

func TestStreamKeyIsResetByDeleteAndCreate(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{}))
	arn, id := made.Channel.Arn, b.idOf(t, kindChannel, made.Channel.Arn)
	_, err := c.CreateStreamKey(t.Context(), &ivs.CreateStreamKeyInput{ChannelArn: arn})
	wantFault(t, err, "ServiceQuotaExceededException")
	must[*ivs.DeleteStreamKeyOutput](t)(c.DeleteStreamKey(t.Context(), &ivs.DeleteStreamKeyInput{Arn: made.StreamKey.Arn}))
	if p, _ := b.hub.get(id); p.Key != "" {
		t.Error("publishers can still use the key")
	}
	list := must[*ivs.ListStreamKeysOutput](t)(c.ListStreamKeys(t.Context(), &ivs.ListStreamKeysInput{ChannelArn: arn}))
	if len(list.StreamKeys) != 0 {
		t.Errorf("keys: %v", list.StreamKeys)
	}
	key := must[*ivs.CreateStreamKeyOutput](t)(c.CreateStreamKey(t.Context(), &ivs.CreateStreamKeyInput{
		ChannelArn: arn, Tags: map[string]string{"a": "b"},
	})).StreamKey
	if *key.Value == *made.StreamKey.Value || *key.Arn == *made.StreamKey.Arn {
		t.Error("the key is the old one")
	}
	if p, _ := b.hub.get(id); p.Key != *key.Value {
		t.Error("publishers do not know of the new key")
	}
	got := must[*ivs.GetStreamKeyOutput](t)(c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: key.Arn}))
	if *got.StreamKey.Value != *key.Value || got.StreamKey.Tags["a"] != "b" {
		t.Errorf("read again: %+v", got.StreamKey)
	}
	batch := must[*ivs.BatchGetStreamKeyOutput](t)(c.BatchGetStreamKey(t.Context(), &ivs.BatchGetStreamKeyInput{Arns: []string{*key.Arn, *made.StreamKey.Arn}}))
	if len(batch.StreamKeys) != 1 || len(batch.Errors) != 1 || *batch.Errors[0].Code != "ResourceNotFoundException" || *batch.Errors[0].Arn != *made.StreamKey.Arn {
		t.Errorf("batch: %+v", batch)
	}
}

// publicPEM is a new key for ES384, or on another curve.
func publicPEM(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(curve, rand.Reader))
	der := must[[]byte](t)(x509.MarshalPKIXPublicKey(&k.PublicKey))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestPlaybackKeyPairs(t *testing.T) {
	c := newBox(t).client(t)
	material := publicPEM(t, elliptic.P384())
	pair := must[*ivs.ImportPlaybackKeyPairOutput](t)(c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{
		PublicKeyMaterial: &material, Name: aws.String("my-key"), Tags: map[string]string{"k": "v"},
	})).KeyPair
	if !regexp.MustCompile(`^([0-9a-f]{2}:){15}[0-9a-f]{2}$`).MatchString(*pair.Fingerprint) || *pair.Name != "my-key" || pair.Tags["k"] != "v" {
		t.Errorf("imported %+v", pair)
	}
	_, err := c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{PublicKeyMaterial: &material})
	wantFault(t, err, "ConflictException")
	for _, bad := range []string{"", "no PEM", publicPEM(t, elliptic.P256()), strings.Replace(material, "PUBLIC", "PRIVATE", 2)} {
		_, err := c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{PublicKeyMaterial: &bad})
		wantFault(t, err, "ValidationException")
	}
	for range 2 {
		more := publicPEM(t, elliptic.P384())
		must[*ivs.ImportPlaybackKeyPairOutput](t)(c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{PublicKeyMaterial: &more}))
	}
	tooMany := publicPEM(t, elliptic.P384())
	_, err = c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{PublicKeyMaterial: &tooMany})
	wantFault(t, err, "ServiceQuotaExceededException")
	got := must[*ivs.GetPlaybackKeyPairOutput](t)(c.GetPlaybackKeyPair(t.Context(), &ivs.GetPlaybackKeyPairInput{Arn: pair.Arn}))
	if *got.KeyPair.Fingerprint != *pair.Fingerprint {
		t.Errorf("read again: %+v", got.KeyPair)
	}
	must[*ivs.DeletePlaybackKeyPairOutput](t)(c.DeletePlaybackKeyPair(t.Context(), &ivs.DeletePlaybackKeyPairInput{Arn: pair.Arn}))
	_, err = c.GetPlaybackKeyPair(t.Context(), &ivs.GetPlaybackKeyPairInput{Arn: pair.Arn})
	wantFault(t, err, "ResourceNotFoundException")
	list := must[*ivs.ListPlaybackKeyPairsOutput](t)(c.ListPlaybackKeyPairs(t.Context(), &ivs.ListPlaybackKeyPairsInput{}))
	if len(list.KeyPairs) != 2 {
		t.Errorf("listed: %v", list.KeyPairs)
	}
	must[*ivs.ImportPlaybackKeyPairOutput](t)(c.ImportPlaybackKeyPair(t.Context(), &ivs.ImportPlaybackKeyPairInput{PublicKeyMaterial: &material}))
}

func TestRestrictionPolicies(t *testing.T) {
	c := newBox(t).client(t)
	made := must[*ivs.CreatePlaybackRestrictionPolicyOutput](t)(c.CreatePlaybackRestrictionPolicy(t.Context(), &ivs.CreatePlaybackRestrictionPolicyInput{
		Name: aws.String("p"), AllowedCountries: []string{"DE", "AT"}, AllowedOrigins: []string{"https://example.com", "http://localhost:3000"},
		EnableStrictOriginEnforcement: aws.Bool(true), Tags: map[string]string{"k": "v"},
	})).PlaybackRestrictionPolicy
	updated := must[*ivs.UpdatePlaybackRestrictionPolicyOutput](t)(c.UpdatePlaybackRestrictionPolicy(t.Context(), &ivs.UpdatePlaybackRestrictionPolicyInput{
		Arn: made.Arn, AllowedCountries: []string{},
	})).PlaybackRestrictionPolicy
	if len(updated.AllowedCountries) != 0 || len(updated.AllowedOrigins) != 2 || !*updated.EnableStrictOriginEnforcement || *updated.Name != "p" {
		t.Errorf("updated to %+v", updated)
	}
	for _, bad := range []*ivs.CreatePlaybackRestrictionPolicyInput{
		{AllowedCountries: []string{"XX"}}, {AllowedCountries: []string{"de"}}, {AllowedOrigins: []string{"example.com"}},
		{AllowedOrigins: []string{"https://example.com/path"}},
	} {
		_, err := c.CreatePlaybackRestrictionPolicy(t.Context(), bad)
		wantFault(t, err, "ValidationException")
	}
	_, err := c.CreatePlaybackRestrictionPolicy(t.Context(), &ivs.CreatePlaybackRestrictionPolicyInput{AllowedOrigins: strings.Fields(strings.Repeat("https://a ", 6))})
	wantFault(t, err, "ServiceQuotaExceededException")
	ch := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{PlaybackRestrictionPolicyArn: made.Arn})).Channel
	_, err = c.DeletePlaybackRestrictionPolicy(t.Context(), &ivs.DeletePlaybackRestrictionPolicyInput{Arn: made.Arn})
	wantFault(t, err, "ConflictException")
	by := must[*ivs.ListChannelsOutput](t)(c.ListChannels(t.Context(), &ivs.ListChannelsInput{FilterByPlaybackRestrictionPolicyArn: made.Arn}))
	if len(by.Channels) != 1 || *by.Channels[0].Arn != *ch.Arn {
		t.Errorf("filtered: %+v", by.Channels)
	}
	must[*ivs.UpdateChannelOutput](t)(c.UpdateChannel(t.Context(), &ivs.UpdateChannelInput{Arn: ch.Arn, PlaybackRestrictionPolicyArn: aws.String("")}))
	must[*ivs.CreatePlaybackRestrictionPolicyOutput](t)(c.CreatePlaybackRestrictionPolicy(t.Context(), &ivs.CreatePlaybackRestrictionPolicyInput{}))
	// One is the usual length of a page.
	list := must[*ivs.ListPlaybackRestrictionPoliciesOutput](t)(c.ListPlaybackRestrictionPolicies(t.Context(), &ivs.ListPlaybackRestrictionPoliciesInput{}))
	if len(list.PlaybackRestrictionPolicies) != 1 || list.NextToken == nil {
		t.Errorf("listed %+v", list)
	}
	must[*ivs.DeletePlaybackRestrictionPolicyOutput](t)(c.DeletePlaybackRestrictionPolicy(t.Context(), &ivs.DeletePlaybackRestrictionPolicyInput{Arn: made.Arn}))
	_, err = c.GetPlaybackRestrictionPolicy(t.Context(), &ivs.GetPlaybackRestrictionPolicyInput{Arn: made.Arn})
	wantFault(t, err, "ResourceNotFoundException")
}

func TestRecordingConfigurations(t *testing.T) {
	c := newBox(t).client(t)
	made := must[*ivs.CreateRecordingConfigurationOutput](t)(c.CreateRecordingConfiguration(t.Context(), &ivs.CreateRecordingConfigurationInput{
		Name: aws.String("configuration-1"), RecordingReconnectWindowSeconds: 60,
		DestinationConfiguration: &types.DestinationConfiguration{S3: &types.S3DestinationConfiguration{BucketName: aws.String("test-bucket")}},
	})).RecordingConfiguration
	if made.State != types.RecordingConfigurationStateCreating || made.RecordingReconnectWindowSeconds != 60 ||
		made.ThumbnailConfiguration.RecordingMode != types.RecordingModeInterval || *made.ThumbnailConfiguration.TargetIntervalSeconds != 60 ||
		made.RenditionConfiguration.RenditionSelection != types.RenditionConfigurationRenditionSelectionAll {
		t.Errorf("made %+v", made)
	}
	got := must[*ivs.GetRecordingConfigurationOutput](t)(c.GetRecordingConfiguration(t.Context(), &ivs.GetRecordingConfigurationInput{Arn: made.Arn})).RecordingConfiguration
	if got.State != types.RecordingConfigurationStateActive || *got.DestinationConfiguration.S3.BucketName != "test-bucket" {
		t.Errorf("read again: %+v", got)
	}
	ch := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{RecordingConfigurationArn: made.Arn})).Channel
	if *ch.RecordingConfigurationArn != *made.Arn {
		t.Errorf("the channel records by %s", *ch.RecordingConfigurationArn)
	}
	_, err := c.DeleteRecordingConfiguration(t.Context(), &ivs.DeleteRecordingConfigurationInput{Arn: made.Arn})
	wantFault(t, err, "ConflictException")
	_, err = c.CreateChannel(t.Context(), &ivs.CreateChannelInput{RecordingConfigurationArn: aws.String(*made.Arn + "x")})
	wantFault(t, err, "ResourceNotFoundException")
	must[*ivs.DeleteChannelOutput](t)(c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: ch.Arn}))
	must[*ivs.DeleteRecordingConfigurationOutput](t)(c.DeleteRecordingConfiguration(t.Context(), &ivs.DeleteRecordingConfigurationInput{Arn: made.Arn}))
	list := must[*ivs.ListRecordingConfigurationsOutput](t)(c.ListRecordingConfigurations(t.Context(), &ivs.ListRecordingConfigurationsInput{}))
	if len(list.RecordingConfigurations) != 0 {
		t.Errorf("listed %+v", list.RecordingConfigurations)
	}
}

func TestTags(t *testing.T) {
	c := newBox(t).client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: map[string]string{"kept": "1"}}))
	for _, arn := range []*string{made.Channel.Arn, made.StreamKey.Arn} {
		must[*ivs.TagResourceOutput](t)(c.TagResource(t.Context(), &ivs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a b": "c/d", "gone": ""}}))
		must[*ivs.UntagResourceOutput](t)(c.UntagResource(t.Context(), &ivs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"gone", "never was"}}))
		tags := must[*ivs.ListTagsForResourceOutput](t)(c.ListTagsForResource(t.Context(), &ivs.ListTagsForResourceInput{ResourceArn: arn})).Tags
		if tags["a b"] != "c/d" || len(tags) != 1+len(made.Channel.Tags)*b2i(arn == made.Channel.Arn) {
			t.Errorf("tags of %s: %v", *arn, tags)
		}
	}
	many := map[string]string{}
	for i := range 50 {
		many["tag"+strconv.Itoa(i)] = ""
	}
	_, err := c.TagResource(t.Context(), &ivs.TagResourceInput{ResourceArn: made.Channel.Arn, Tags: many})
	wantFault(t, err, "ValidationException")
	_, err = c.ListTagsForResource(t.Context(), &ivs.ListTagsForResourceInput{ResourceArn: aws.String(*made.Channel.Arn + "x")})
	wantFault(t, err, "ResourceNotFoundException")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
