/*
 * What a double is told: the folder "control" beside the link by which it was loaded.
 * A file there is lines of key=value and is read anew for each question, so that a
 * test changes a card's behaviour while processes use it. Whoever writes one puts it
 * in place by rename.
 *
 *   driver        of the box: cuda, nvenc (API version × 10), version, cards, …
 *   card0, card1  of a card: what it is, and how it misbehaves
 */
#ifndef DOUBLES_SETTINGS_H
#define DOUBLES_SETTINGS_H

struct settings {
	char text[8192];
};

/* Reads a file of the control folder; one that is not there has no keys. */
void settings_driver(struct settings *s);
void settings_card(struct settings *s, int card);

/* The value of a key, or what is given where it has none. */
long settings_number(const struct settings *s, const char *key, long otherwise);

/* Copies a key's text, or what is given where it has none. */
void settings_text(const struct settings *s, const char *key, const char *otherwise, char *into, int size);

/* Says whether a key has just this text. */
int settings_is(const struct settings *s, const char *key, const char *text);

/* Writes the path of a file of the control folder; 0 where there is none. */
int control_path(char *into, int size, const char *name);

#endif
