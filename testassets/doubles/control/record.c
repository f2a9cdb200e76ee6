#include "record.h"
#include "settings.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void record(int card, const char *event, const char *members, ...)
{
	char path[4096], line[4096];
	va_list args;
	int fd, n;

	if (!control_path(path, sizeof path, "record.jsonl"))
		return;
	n = snprintf(line, sizeof line, "{\"event\":\"%s\",\"pid\":%d,\"card\":%d", event, getpid(), card);
	if (*members) {
		line[n++] = ',';
		va_start(args, members);
		n += vsnprintf(line + n, sizeof line - n - 3, members, args);
		va_end(args);
		if (n > (int)sizeof line - 4)
			n = sizeof line - 4;
	}
	line[n++] = '}';
	line[n++] = '\n';
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	/* One write: the lines of several processes do not mix. */
	if (write(fd, line, n) != n)
		perror("double: record");
	close(fd);
}

void record_bytes(int card, const char *event, const unsigned char *bytes, size_t n)
{
	char hex[2 * 1024 + 1] = "";
	size_t i;

	for (i = 0; i < n && 2 * i + 2 < sizeof hex; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	record(card, event, "\"bytes\":\"%s\"", hex);
}
