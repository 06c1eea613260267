// sources: libcoord/config.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* A configuration that is taken is within bounds; one that isn't changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ENDS(s) (memchr(s, 0, sizeof(s)) != NULL)
#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct coord_config cfg, before;
	struct coord_err err = { 0 };
	char *copy = malloc(len + !len);

	MUST(copy);
	memcpy(copy, data, len);
	coord_config_init(&cfg);
	before = cfg;
	if (coord_config_parse(&cfg, copy, len, &err)) {
		MUST(!memcmp(&cfg, &before, sizeof(cfg)));
		MUST(err.err && err.text[0] && ENDS(err.text));
	} else {
		MUST(ENDS(cfg.name) && ENDS(cfg.mode) && ENDS(cfg.cpu_list));
		MUST(ENDS(cfg.image) && ENDS(cfg.cmdline) && ENDS(cfg.numa));
		MUST(cfg.timeout >= 1000 && cfg.timeout <= 600000);
		MUST(!strcmp(cfg.mode, "native"));
	}
	free(copy);
	return 0;
}
