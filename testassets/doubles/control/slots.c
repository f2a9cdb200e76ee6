#define _GNU_SOURCE /* locks of an open file */
#include "slots.h"
#include "settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int slot_open(int card, int slot)
{
	char name[64], path[4096];

	snprintf(name, sizeof name, "card%d-session%d", card, slot);
	if (!control_path(path, sizeof path, name))
		return -1;
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

static struct flock whole(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return lock;
}

int slots_take(int card, int cap)
{
	int slot, fd;

	for (slot = 0; slot < cap && slot < SLOTS_MOST; slot++) {
		struct flock lock = whole();

		fd = slot_open(card, slot);
		if (fd < 0)
			return -1;
		if (!fcntl(fd, F_OFD_SETLK, &lock))
			return fd;
		close(fd);
	}
	return -1;
}

int slots_taken(int card)
{
	int slot, fd, n = 0;

	for (slot = 0; slot < SLOTS_MOST; slot++) {
		struct flock lock = whole();

		fd = slot_open(card, slot);
		if (fd < 0)
			return n;
		/* Asked for, not taken: an encoder that opens meanwhile is not refused. */
		if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
			n++;
		close(fd);
	}
	return n;
}
