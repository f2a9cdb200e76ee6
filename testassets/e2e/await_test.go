package e2e

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

func awaitOrFail(t *testing.T, ctx context.Context, what string, cond func() (bool, error), detail func() string) {
	t.Helper()
	if err := await.Until(ctx, what, detail, cond); err != nil {
		t.Fatal(err)
	}
}

// awaitEnd waits until a publisher has sent all that it has.
func awaitEnd(t *testing.T, p *publish.Publisher) {
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(2 * time.Minute):
		t.Fatalf("the publisher does not end:\n%s", p.Output())
	}
}

// notFound says whether an answer was 404: the channel is not live, or not yet.
func notFound(err error) bool {
	var status *hls.StatusError
	return errors.As(err, &status) && status.Status == http.StatusNotFound
}
