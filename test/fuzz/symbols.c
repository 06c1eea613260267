// sources: libcoord/symbols.c libcoord/err.c
// SPDX-License-Identifier: GPL-2.0
/* Symbols of a file that may be no image: names end, and lie in the file. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint64_t addr[] = { 0, 4, 64, 0xffffffff80000000ULL,
					 ~0ULL };
	struct lc_image i = { .map = malloc(len + !len), .len = len };
	uint64_t offset;
	const char *name;
	size_t k;

	if (!i.map)
		abort();
	memcpy(i.map, data, len);
	lc_image_parse(&i);
	for (k = 0; k < sizeof(addr) / sizeof(addr[0]); k++) {
		name = lc_image_symbol(&i, addr[k], &offset);
		if (name && (offset > addr[k] || !strlen(name) ||
			     name < (char *)i.map ||
			     name + strlen(name) >= (char *)i.map + len))
			abort();
	}
	free(i.map);
	return 0;
}
