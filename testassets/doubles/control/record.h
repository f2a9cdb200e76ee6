/* What a driver was given: one line of JSON for each event, in record.jsonl of the
 * control folder. Each line has the event's name, the process and the card. */
#ifndef DOUBLES_RECORD_H
#define DOUBLES_RECORD_H

#include <stddef.h>

/* Adds a line; what follows the card is printf's, and holds JSON members. */
void record(int card, const char *event, const char *members, ...) __attribute__((format(printf, 3, 4)));

/* Adds a line with bytes in hexadecimal, its member "bytes". */
void record_bytes(int card, const char *event, const unsigned char *bytes, size_t n);

#endif
