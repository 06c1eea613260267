// SPDX-License-Identifier: GPL-2.0
/* Memory blocks as sysfs shows them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MEMORY_DIR "sys/devices/system/memory"

uint64_t lc_block_size(const char *root)
{
	char text[32];

	if (lc_read(root, text, sizeof(text), MEMORY_DIR "/block_size_bytes"))
		return 0;
	return strtoull(text, NULL, 16);
}

static int read_block(const char *root, uint64_t block_size, uint32_t nr,
		      struct lc_block *b)
{
	char text[64];

	memset(b, 0, sizeof(*b));
	b->nr = nr;
	b->start = nr * block_size;
	b->size = block_size;
	if (lc_read(root, text, sizeof(text), MEMORY_DIR "/memory%u/state", nr))
		return -1;
	b->online = !strcmp(text, "online");
	if (lc_read(root, text, sizeof(text),
		    MEMORY_DIR "/memory%u/valid_zones", nr))
		return -1;
	/* Offline, it lists the zones to choose from. */
	text[strcspn(text, " \n")] = '\0';
	snprintf(b->zone, sizeof(b->zone), "%.15s", text);
	snprintf(text, sizeof(text), MEMORY_DIR "/memory%u", nr);
	b->node = lc_node_link(root, text);
	return 0;
}

int lc_block_get(const char *root, uint64_t block_size, uint64_t start,
		 struct lc_block *out)
{
	return read_block(root, block_size, (uint32_t)(start / block_size),
			  out);
}

static int by_start(const void *a, const void *b)
{
	const struct lc_block *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int lc_blocks(const char *root, uint64_t block_size, struct lc_block **out,
	      size_t *n)
{
	struct lc_block *list = NULL, *p;
	size_t room = 0;
	struct dirent *d;
	char path[512], junk;
	uint32_t nr;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" MEMORY_DIR, root);
	dir = opendir(path);
	if (!dir)
		return -1;
	*n = 0;
	while ((d = readdir(dir))) {
		if (sscanf(d->d_name, "memory%u%c", &nr, &junk) != 1)
			continue;
		if (*n == room) {
			room = room ? 2 * room : 64;
			p = reallocarray(list, room, sizeof(*list));
			if (!p) {
				free(list);
				closedir(dir);
				errno = ENOMEM;
				return -1;
			}
			list = p;
		}
		if (!read_block(root, block_size, nr, &list[*n]))
			++*n;
	}
	closedir(dir);
	if (list)
		qsort(list, *n, sizeof(*list), by_start);
	*out = list;
	return 0;
}

const char *lc_online_word(const char *zone)
{
	return strcmp(zone, "Movable") ? "online_kernel" : "online_movable";
}

bool lc_has_kernel(const char *root, uint64_t start, uint64_t size)
{
	unsigned long long a, b;
	char path[512], line[256];
	bool found = false;
	FILE *f;
	int at;

	snprintf(path, sizeof(path), "%s/proc/iomem", root);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%llx : %n", &a, &b, &at) != 2)
			continue;
		if (strncmp(line + at, "Kernel ", 7) &&
		    strncmp(line + at, "Crash kernel", 12))
			continue;
		found = a < start + size && b >= start && b;
	}
	fclose(f);
	return found;
}
