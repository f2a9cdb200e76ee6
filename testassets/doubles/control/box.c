#include "box.h"
#include "record.h"
#include "settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int box_cards(void)
{
	struct settings s;
	long n;

	settings_driver(&s);
	n = settings_number(&s, "cards", 0);
	return n < 0 ? 0 : n > BOX_MOST ? BOX_MOST : (int)n;
}

void box_uuid(int card, char into[UUID_TEXT])
{
	struct settings s;
	char otherwise[UUID_TEXT];

	snprintf(otherwise, sizeof otherwise, "GPU-00000000-0000-4000-8000-%012d", card);
	settings_card(&s, card);
	settings_text(&s, "uuid", otherwise, into, UUID_TEXT);
}

/* Finds the card of an entry of CUDA_VISIBLE_DEVICES: an index, or a UUID, of which
 * the beginning is enough if it is but one card's. */
static int named(const char *entry, size_t n)
{
	char uuid[UUID_TEXT], *end;
	int card = -1, i;
	long index;

	if (n > 4 && !strncmp(entry, "GPU-", 4)) {
		for (i = 0; i < box_cards(); i++) {
			box_uuid(i, uuid);
			if (strncmp(uuid, entry, n))
				continue;
			if (card >= 0)
				return -1;
			card = i;
		}
		return card;
	}
	index = strtol(entry, &end, 10);
	return end == entry + n && n && index >= 0 && index < box_cards() ? (int)index : -1;
}

int box_visible(int cards[BOX_MOST])
{
	const char *list = getenv("CUDA_VISIBLE_DEVICES");
	int n = 0, all = box_cards(), card;
	size_t length;

	if (!list) {
		for (n = 0; n < all; n++)
			cards[n] = n;
		return n;
	}
	while (n < BOX_MOST) {
		length = strcspn(list, ",");
		card = named(list, length);
		if (card < 0)
			break; /* the driver ignores what follows a name that is nobody's */
		cards[n++] = card;
		if (!list[length])
			break;
		list += length + 1;
	}
	return n;
}

int box_lost(int card)
{
	struct settings s;

	settings_card(&s, card);
	return settings_number(&s, "lost", 0) != 0;
}

static long number_of(const struct settings *s, const char *key, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof name, "%s_%s", key, suffix);
	return settings_number(s, name, 0);
}

int box_misbehave(int card, const char *key, long done)
{
	struct settings s;
	char word[64];
	long us, pid;

	settings_card(&s, card);
	pid = number_of(&s, key, "pid");
	if (pid && pid != getpid())
		return 0;
	us = number_of(&s, key, "delay_us");
	if (us > 0)
		usleep(us);
	settings_text(&s, key, "", word, sizeof word);
	if (!*word || done < number_of(&s, key, "after"))
		return 0;
	if (!strcmp(word, "hang") || !strcmp(word, "crash"))
		record(card, word, "\"at\":\"%s\"", key);
	while (!strcmp(word, "hang"))
		pause();
	if (!strcmp(word, "crash"))
		raise(SIGSEGV);
	return 1;
}
