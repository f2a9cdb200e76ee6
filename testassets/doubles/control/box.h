/* The box that the doubles pretend: its cards, and which of them this process sees. */
#ifndef DOUBLES_BOX_H
#define DOUBLES_BOX_H

enum { BOX_MOST = 16, UUID_TEXT = 48 };

/* How many cards the box has. */
int box_cards(void);

/* Writes the numbers of the cards that CUDA_VISIBLE_DEVICES shows, in its order. */
int box_visible(int cards[BOX_MOST]);

/* Writes a card's UUID, "GPU-…". */
void box_uuid(int card, char into[UUID_TEXT]);

/* Says whether a card has been lost, as one that fell off the bus. */
int box_lost(int card);

/*
 * Does what the card's settings say of a point in its driver, of which `done` things
 * have come so far: KEY_delay_us delays each; from KEY_after things on, KEY=hang never
 * returns and KEY=crash ends the process. With KEY_pid that process alone is meant. Says
 * whether any other word is due there.
 */
int box_misbehave(int card, const char *key, long done);

#endif
