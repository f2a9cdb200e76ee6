package stream

import "crypto/rand"

// idLength is how long the ids of streams are, in bytes: the API's model has them so
// (StreamId of the AWS SDKs).
const idLength = 26

// newID makes a stream's id. Its 115 random bits stand in the URLs of the media, where no
// two streams may ever have the same.
func newID() string { return ("st-" + rand.Text())[:idLength] }
