// SPDX-License-Identifier: GPL-2.0
/* Memory blocks as sysfs shows them. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

#define MEMORY_DIR "sys/devices/system/memory"
#define NODE_DIR   "sys/devices/system/node"
#define ON_SEVERAL (-2)

uint64_t lc_block_size(const char *root)
{
	char text[32];

	if (lc_read(root, text, sizeof(text), MEMORY_DIR "/block_size_bytes"))
		return 0;
	return strtoull(text, NULL, 16);
}

/* State and zone, by the directory of all blocks; the node is not looked at. */
static int read_block(int dir, uint64_t block_size, uint32_t nr,
		      struct lc_block *b)
{
	char path[32], text[64];

	memset(b, 0, sizeof(*b));
	b->nr = nr;
	b->start = nr * block_size;
	b->size = block_size;
	b->node = LC_NODE_ANY;
	snprintf(path, sizeof(path), "memory%u/state", nr);
	if (lc_read_at(dir, text, sizeof(text), path))
		return -1;
	b->online = !strcmp(text, "online");
	snprintf(path, sizeof(path), "memory%u/valid_zones", nr);
	if (lc_read_at(dir, text, sizeof(text), path))
		return -1;
	/* Offline, it lists the zones to choose from. */
	text[strcspn(text, " \n")] = '\0';
	snprintf(b->zone, sizeof(b->zone), "%.15s", text);
	return 0;
}

static int open_dir(const char *root, const char *dir)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, dir);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int lc_block_get(const char *root, uint64_t block_size, uint64_t start,
		 struct lc_block *out)
{
	int dir = open_dir(root, MEMORY_DIR), ret, code;

	if (dir < 0)
		return -1;
	ret = read_block(dir, block_size, (uint32_t)(start / block_size), out);
	code = errno;
	close(dir);
	errno = code;
	return ret;
}

static int by_start(const void *a, const void *b)
{
	const struct lc_block *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* The next "memoryN" of a directory; false at its end. */
static bool next_block(DIR *dir, uint32_t *nr)
{
	struct dirent *d;
	char junk;

	while ((d = readdir(dir)))
		if (sscanf(d->d_name, "memory%u%c", nr, &junk) == 1)
			return true;
	return false;
}

static int read_blocks(DIR *dir, uint64_t block_size, struct lc_block **list,
		       size_t *n)
{
	struct lc_block *p;
	size_t room = 0;
	uint32_t nr;

	while (next_block(dir, &nr)) {
		if (*n == room) {
			room = room ? 2 * room : 64;
			p = reallocarray(*list, room, sizeof(**list));
			if (!p) {
				errno = ENOMEM;
				return -1;
			}
			*list = p;
		}
		if (!read_block(dirfd(dir), block_size, nr, &(*list)[*n]))
			++*n;
	}
	return 0;
}

/* By the nodes' lists of their blocks; one that is in several is on none. */
static void find_nodes(const char *root, struct lc_block *list, size_t n)
{
	struct lc_block key, *b;
	struct lc_cpus nodes;
	char path[512];
	uint32_t i;
	DIR *dir;

	if (lc_nodes(root, &nodes))
		return;
	for (i = 0; i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(&nodes, i))
			continue;
		snprintf(path, sizeof(path), "%s/" NODE_DIR "/node%u", root, i);
		dir = opendir(path);
		while (dir && next_block(dir, &key.nr)) {
			key.start = key.nr * list->size;
			b = bsearch(&key, list, n, sizeof(*list), by_start);
			if (b)
				b->node = b->node == LC_NODE_ANY ? (int)i
								 : ON_SEVERAL;
		}
		if (dir)
			closedir(dir);
	}
	for (b = list; b < list + n; b++)
		if (b->node == ON_SEVERAL)
			b->node = LC_NODE_ANY;
}

/* Marks those that hold Linux's image or a crash kernel. */
static void find_kernel(const char *root, struct lc_block *list, size_t n)
{
	unsigned long long a, b;
	char path[512], line[256];
	size_t i;
	FILE *f;
	int at;

	snprintf(path, sizeof(path), "%s/proc/iomem", root);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%llx : %n", &a, &b, &at) != 2 || !b)
			continue;
		if (strncmp(line + at, "Kernel ", 7) &&
		    strncmp(line + at, "Crash kernel", 12))
			continue;
		for (i = 0; i < n; i++)
			if (a < list[i].start + list[i].size &&
			    b >= list[i].start)
				list[i].has_kernel = true;
	}
	fclose(f);
}

int lc_blocks(const char *root, uint64_t block_size, struct lc_block **out,
	      size_t *n)
{
	int fd = open_dir(root, MEMORY_DIR), ret, code;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*out = NULL;
	*n = 0;
	ret = read_blocks(dir, block_size, out, n);
	code = errno;
	closedir(dir);
	if (ret) {
		free(*out);
		errno = code;
		return -1;
	}
	if (*n) {
		qsort(*out, *n, sizeof(**out), by_start);
		find_nodes(root, *out, *n);
		find_kernel(root, *out, *n);
	}
	return 0;
}

const char *lc_online_word(const char *zone)
{
	return strcmp(zone, "Movable") ? "online_kernel" : "online_movable";
}
