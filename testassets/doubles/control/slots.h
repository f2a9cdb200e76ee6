/* A card's encoder sessions: each holds a lock on a file of its own, which the kernel
 * frees when the process ends, however it ends. */
#ifndef DOUBLES_SLOTS_H
#define DOUBLES_SLOTS_H

enum { SLOTS_MOST = 64 };

/* Takes one of the card's first `cap` slots: a descriptor to close, or -1 if all are taken. */
int slots_take(int card, int cap);

/* Counts the slots that processes hold. */
int slots_taken(int card);

#endif
