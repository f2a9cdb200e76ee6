// Package awssdk makes the AWS SDK for Go call a server of ours.
package awssdk

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
)

// Client calls the API at url, for that region, with these credentials. Close gives back its
// connections.
//
// It tries again where its connection broke, and nothing else. A server on the same machine may
// answer before the SDK's transport has seen the end of its own request, whose body the SDK
// closes then: net/http takes that for a failed write and drops the connection in the midst of
// an answer that is longer than its buffer. Once in about 800 long lists that was seen; the
// SDK's usual retries mend it too.
func Client(url, region string, c aws.Credentials) (client *ivs.Client, close func()) {
	config, close := calling(url, region, c)
	return ivs.NewFromConfig(config), close
}

// CloudWatch is Client for the metrics.
func CloudWatch(url, region string, c aws.Credentials) (client *cloudwatch.Client, close func()) {
	config, close := calling(url, region, c)
	return cloudwatch.NewFromConfig(config), close
}

func calling(url, region string, c aws.Credentials) (config aws.Config, close func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(url),
		HTTPClient: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return c, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(broken)}
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, transport.CloseIdleConnections
}

func broken(err error) aws.Ternary {
	return aws.BoolTernary(errors.Is(err, net.ErrClosed))
}
