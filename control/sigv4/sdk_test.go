package sigv4

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
)

// sdkCalls are calls of the SDK for Go: with a body, with an ARN in the path, with a query,
// and with temporary credentials.
func sdkCalls(url string) map[string]func(context.Context) error {
	client := func(c aws.Credentials) *ivs.Client {
		return ivs.New(ivs.Options{
			Region: "local", BaseEndpoint: aws.String(url), RetryMaxAttempts: 1,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }),
		})
	}
	c := client(aws.Credentials{AccessKeyID: testID, SecretAccessKey: testSecret})
	temporary := client(aws.Credentials{AccessKeyID: tempID, SecretAccessKey: testSecret, SessionToken: tempToken})
	arn := aws.String("arn:aws:ivs:local:000000000000:channel/abcdABCDefgh")
	return map[string]func(context.Context) error{
		"CreateChannel": func(ctx context.Context) error {
			_, err := c.CreateChannel(ctx, &ivs.CreateChannelInput{Name: aws.String("Übung  two"), Tags: map[string]string{"Owner": "me"}})
			return err
		},
		"ListTagsForResource": func(ctx context.Context) error {
			_, err := c.ListTagsForResource(ctx, &ivs.ListTagsForResourceInput{ResourceArn: arn})
			return err
		},
		"UntagResource": func(ctx context.Context) error {
			_, err := c.UntagResource(ctx, &ivs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"b key", "a+b/ü", "ü", "z", "a"}})
			return err
		},
		"ListChannels": func(ctx context.Context) error {
			_, err := temporary.ListChannels(ctx, &ivs.ListChannelsInput{})
			return err
		},
	}
}
