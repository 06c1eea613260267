// SPDX-License-Identifier: GPL-2.0
/* What of the host must be as before, as text lines to compare. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static void add_cpus(const char *root, FILE *f)
{
	char text[4096];

	if (!lc_read(root, text, sizeof(text), "sys/devices/system/cpu/online"))
		fprintf(f, "cpus online %s\n", text);
}

static void add_blocks(const char *root, FILE *f)
{
	uint64_t size = lc_block_size(root);
	struct lc_block *b;
	size_t i, n;

	if (!size || lc_blocks(root, size, &b, &n))
		return;
	for (i = 0; i < n; i++)
		fprintf(f, "block %u %s %s\n", b[i].nr,
			b[i].online ? "online" : "offline",
			b[i].online ? b[i].zone : "-");
	free(b);
}

static void add_zones(const char *root, FILE *f)
{
	char path[512], line[256], zone[64] = "";
	FILE *in;

	snprintf(path, sizeof(path), "%s/proc/zoneinfo", root);
	in = fopen(path, "re");
	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		char word[32];
		unsigned long v;

		if (!strncmp(line, "Node", 4)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(zone, sizeof(zone), "%.63s", line);
		} else if (sscanf(line, " %31s %lu", word, &v) == 2 &&
			   (!strcmp(word, "present") ||
			    !strcmp(word, "managed"))) {
			fprintf(f, "%s %s %lu\n", zone, word, v);
		}
	}
	fclose(in);
}

int coord_snapshot(const char *root, char **out, struct coord_err *err)
{
	size_t len;
	FILE *f;

	*out = NULL;
	f = open_memstream(out, &len);
	if (!f)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	add_cpus(root ? root : "", f);
	add_blocks(root ? root : "", f);
	add_zones(root ? root : "", f);
	if (fclose(f) || !*out)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	return 0;
}
