//go:build !fuzz

package control

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"
)

// Requests that the SDK sends, and that no other test has refused.
func TestWhatIsNotThereAndWhatIsNotAllowed(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	of := func(k kind) *string { return aws.String(b.arns.of(k, "none")) }
	bad := aws.String("not a token!")
	policy := must[*ivs.CreatePlaybackRestrictionPolicyOutput](t)(c.CreatePlaybackRestrictionPolicy(t.Context(), &ivs.CreatePlaybackRestrictionPolicyInput{Name: aws.String("p")})).PlaybackRestrictionPolicy
	got := must[*ivs.GetPlaybackRestrictionPolicyOutput](t)(c.GetPlaybackRestrictionPolicy(t.Context(), &ivs.GetPlaybackRestrictionPolicyInput{Arn: policy.Arn})).PlaybackRestrictionPolicy
	if *got.Name != "p" || got.AllowedCountries == nil || *got.EnableStrictOriginEnforcement {
		t.Errorf("got %+v", got)
	}
	viewer := types.BatchStartViewerSessionRevocationViewerSession{ChannelArn: of(kindChannel), ViewerId: aws.String("")}
	for want, calls := range map[string][]func() error{
		"ValidationException": {
			func() error {
				_, err := c.BatchGetStreamKey(t.Context(), &ivs.BatchGetStreamKeyInput{Arns: []string{*of(kindChannel)}})
				return err
			},
			func() error {
				_, err := c.ListStreams(t.Context(), &ivs.ListStreamsInput{NextToken: bad})
				return err
			},
			func() error {
				_, err := c.ListPlaybackKeyPairs(t.Context(), &ivs.ListPlaybackKeyPairsInput{NextToken: bad})
				return err
			},
			func() error {
				_, err := c.ListPlaybackRestrictionPolicies(t.Context(), &ivs.ListPlaybackRestrictionPoliciesInput{MaxResults: aws.Int32(101)})
				return err
			},
			func() error {
				_, err := c.ListRecordingConfigurations(t.Context(), &ivs.ListRecordingConfigurationsInput{MaxResults: aws.Int32(0)})
				return err
			},
			func() error {
				_, err := c.UpdatePlaybackRestrictionPolicy(t.Context(), &ivs.UpdatePlaybackRestrictionPolicyInput{Arn: policy.Arn, AllowedCountries: []string{"ZZ"}})
				return err
			},
			func() error {
				_, err := c.CreateRecordingConfiguration(t.Context(), &ivs.CreateRecordingConfigurationInput{DestinationConfiguration: &types.DestinationConfiguration{}})
				return err
			},
			func() error {
				_, err := c.CreateRecordingConfiguration(t.Context(), &ivs.CreateRecordingConfigurationInput{
					DestinationConfiguration: &types.DestinationConfiguration{S3: &types.S3DestinationConfiguration{BucketName: aws.String("bucket")}},
					RenditionConfiguration:   &types.RenditionConfiguration{RenditionSelection: types.RenditionConfigurationRenditionSelectionCustom},
				})
				return err
			},
			func() error {
				_, err := c.BatchStartViewerSessionRevocation(t.Context(), &ivs.BatchStartViewerSessionRevocationInput{
					ViewerSessions: []types.BatchStartViewerSessionRevocationViewerSession{viewer},
				})
				return err
			},
		},
		"ResourceNotFoundException": {
			func() error {
				_, err := c.ListStreamKeys(t.Context(), &ivs.ListStreamKeysInput{ChannelArn: of(kindChannel)})
				return err
			},
			func() error {
				_, err := c.DeletePlaybackKeyPair(t.Context(), &ivs.DeletePlaybackKeyPairInput{Arn: of(kindPlaybackKey)})
				return err
			},
			func() error {
				_, err := c.UpdatePlaybackRestrictionPolicy(t.Context(), &ivs.UpdatePlaybackRestrictionPolicyInput{Arn: of(kindPolicy)})
				return err
			},
			func() error {
				_, err := c.GetRecordingConfiguration(t.Context(), &ivs.GetRecordingConfigurationInput{Arn: of(kindRecording)})
				return err
			},
			func() error {
				_, err := c.StartViewerSessionRevocation(t.Context(), &ivs.StartViewerSessionRevocationInput{ChannelArn: of(kindChannel), ViewerId: aws.String("v")})
				return err
			},
		},
	} {
		for _, call := range calls {
			wantFault(t, call(), want)
		}
	}
}
