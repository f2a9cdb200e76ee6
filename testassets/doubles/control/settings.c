#define _GNU_SOURCE /* dladdr */
#include "settings.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int control_path(char *into, int size, const char *name)
{
	Dl_info self;
	const char *end;

	/* The path by which this library was loaded: a test's link, not what that leads to. */
	if (!dladdr((void *)control_path, &self) || !self.dli_fname || !(end = strrchr(self.dli_fname, '/')))
		return 0;
	return snprintf(into, size, "%.*s/control/%s", (int)(end - self.dli_fname), self.dli_fname, name) < size;
}

static void settings_read(struct settings *s, const char *name)
{
	char path[4096];
	size_t n = 0;
	FILE *f;

	if (control_path(path, sizeof path, name) && (f = fopen(path, "re"))) {
		n = fread(s->text, 1, sizeof s->text - 1, f);
		fclose(f);
	}
	s->text[n] = 0;
}

void settings_driver(struct settings *s) { settings_read(s, "driver"); }

void settings_card(struct settings *s, int card)
{
	char name[32];

	snprintf(name, sizeof name, "card%d", card);
	settings_read(s, name);
}

/* Finds the text after "key=" at the beginning of a line. */
static const char *find(const struct settings *s, const char *key)
{
	size_t n = strlen(key);
	const char *line = s->text;

	while (*line) {
		if (!strncmp(line, key, n) && line[n] == '=')
			return line + n + 1;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

long settings_number(const struct settings *s, const char *key, long otherwise)
{
	const char *value = find(s, key);

	return value ? strtol(value, NULL, 10) : otherwise;
}

void settings_text(const struct settings *s, const char *key, const char *otherwise, char *into, int size)
{
	const char *value = find(s, key);

	if (value)
		snprintf(into, size, "%.*s", (int)strcspn(value, "\n"), value);
	else
		snprintf(into, size, "%s", otherwise);
}

int settings_is(const struct settings *s, const char *key, const char *text)
{
	char value[256];

	settings_text(s, key, "", value, sizeof value);
	return !strcmp(value, text);
}
