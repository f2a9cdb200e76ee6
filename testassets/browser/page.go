package browser

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/chromedp/chromedp"
)

func evaluate(expression string) chromedp.Action[[]byte] {
	return chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise)
}

// decode reads an expression's value; undefined has none and counts as null.
func decode(value []byte, into any) error {
	if len(value) == 0 {
		value = []byte("null")
	}
	return json.Unmarshal(value, into)
}

// readConsole returns the loop that keeps the page's messages until ctx ends.
// It subscribes before it returns, so that nothing said later is lost.
func (b *Browser) readConsole(ctx context.Context) func() {
	messages := chromedp.Console(ctx)
	return func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.keep(m.String())
		}
	}
}

func (b *Browser) keep(message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) == consoleKept {
		b.messages = append(b.messages[:0], b.messages[1:]...)
	}
	b.messages = append(b.messages, message)
}

// tail is the last n messages as lines to append to an error.
func (b *Browser) tail(n int) string {
	all := b.Console()
	if len(all) == 0 {
		return ""
	}
	return "; the page's console:\n" + strings.Join(all[max(0, len(all)-n):], "\n")
}
