package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ladderd/testassets/doubles"
)

// illnesses are what befalls cards; the zero Fault has one fall off the bus.
var illnesses = []doubles.Fault{
	{},
	{At: doubles.Open, Word: doubles.OutOfMemory},
	{At: doubles.Open, Word: doubles.Generic},
	{At: doubles.Initialize, Word: doubles.Hang},
	{At: doubles.Encode, Word: doubles.Generic},
	{At: doubles.Encode, Word: doubles.Hang},
	{At: doubles.Encode, Word: doubles.Crash},
	{At: doubles.Encode, Delay: 100 * time.Millisecond},
	{At: doubles.Lock, Word: doubles.Hang},
	{At: doubles.Decode, Word: doubles.Generic},
	{At: doubles.Map, Word: doubles.Hang},
}

// latest is after how many pictures of a session an illness shows, at most.
const latest = 90

// cardFails has a healthy card fall ill.
func (s *stage) cardFails(context.Context) (string, error) {
	card, f := s.random.IntN(cards), illnesses[s.random.IntN(len(illnesses))]
	after := s.random.IntN(latest)
	if slices.Contains(s.ill, card) {
		return "", nil
	}
	s.ill = append(s.ill, card)
	if f == (doubles.Fault{}) {
		s.rig.Lose(card)
		return fmt.Sprintf("%d is lost", card), nil
	}
	if f.At == doubles.Encode || f.At == doubles.Lock {
		f.After = after
	}
	s.rig.Misbehave(card, f)
	return fmt.Sprintf("%d, %s: %s %v after %d pictures", card, f.At, f.Word, f.Delay, f.After), nil
}

// cardHeals has the card work that has been ill for longest.
func (s *stage) cardHeals(context.Context) (string, error) {
	if len(s.ill) == 0 {
		return "", nil
	}
	card := s.ill[0]
	s.ill = s.ill[1:]
	s.rig.Heal(card)
	return fmt.Sprint(card), nil
}

// sessionsOpen is how many encoders are open on all cards.
func (s *stage) sessionsOpen() (open int, err error) {
	for card := range cards {
		n, err := s.rig.Sessions(card)
		if err != nil {
			return 0, err
		}
		open += n
	}
	return open, nil
}
