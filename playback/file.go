package playback

import (
	"io"
	"net/http"
	"os"
	"time"
)

// sendFile sends a file from where it stands, piece by piece as send does. On an
// HTTP/1.1 connection without TLS the kernel moves the bytes: net/http makes a
// sendfile call of a limited reader of a plain file. It returns how many bytes have gone.
func sendFile(w http.ResponseWriter, r *http.Request, status int, f *os.File, size int64, until time.Time) (sent int64) {
	control := http.NewResponseController(w)
	// A writer without deadlines is none of a server's.
	_ = control.SetWriteDeadline(time.Now().Add(stallTimeout))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return 0
	}
	for sent < size {
		_ = control.SetWriteDeadline(pieceDeadline(until))
		n, err := io.CopyN(w, f, min(size-sent, writePiece))
		sent += n
		if err != nil {
			return sent // it is less than the Content-Length, so net/http ends the connection
		}
	}
	return sent
}
