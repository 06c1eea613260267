// SPDX-License-Identifier: GPL-2.0
/* The command line, and the command `set`: the same names and values. */
#include "commands.h"
#include "format.h"
#include "string.h"
#include "words.h"

struct options options = {
	.hostwatch = 60,
	.keep = 1,
	.take = COK_TXN_MAX_RES,
	.want_step = 128 * MIB,
};

enum option_kind {
	FLAG,	/* its name alone, or =0, =1 */
	NUMBER, /* =N */
	SIZE,	/* =N with K, M or G */
};

static const struct {
	const char *name;
	enum option_kind kind;
	u64 max;
	u64 *value;
} table[] = {
	{ "noready", FLAG, 1, &options.noready },
	{ "hostwatch", NUMBER, 86400, &options.hostwatch },
	{ "keep", NUMBER, COK_MAX_CORES, &options.keep },
	{ "want.mem", SIZE, 1ULL << 46, &options.want_mem },
	{ "want.step", SIZE, 1ULL << 46, &options.want_step },
	{ "decline", FLAG, 1, &options.decline },
	{ "mute", FLAG, 1, &options.mute },
	{ "take", NUMBER, COK_TXN_MAX_RES, &options.take },
	{ "delay", NUMBER, 600000, &options.delay },
	{ "lose", NUMBER, 1000, &options.lose },
	{ "lose.done", NUMBER, 1000, &options.lose_done },
};

/* `value`: NULL for a name alone. */
static bool set(const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		u64 v = 1;

		if (strcmp(name, table[i].name))
			continue;
		if (!value && table[i].kind != FLAG)
			return false;
		if (value && !(table[i].kind == SIZE ? word_size(value, &v)
						     : word_number(value, &v)))
			return false;
		if (v > table[i].max)
			return false;
		*table[i].value = v;
		return true;
	}
	return false;
}

static void add_script(const char *commands)
{
	size_t n = strlen(options.script);

	ck_format(options.script + n, sizeof(options.script) - n, "%s;",
		  commands);
}

void options_read(void)
{
	const char *line = boot.cmdline;
	struct option o;

	while (option_next(&line, &o)) {
		if ((!strcmp(o.key, "init") || !strcmp(o.key, "run")) &&
		    o.has_value)
			add_script(o.value);
		else if (!set(o.key, o.has_value ? o.value : NULL))
			klog(LOG_WARN, "unknown option '%s' ignored", o.key);
	}
}

void cmd_set(int argc, char **argv)
{
	if (argc == 1) {
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			out("%s=%llu", table[i].name, *table[i].value);
		return;
	}
	if (argc > 3 || !set(argv[1], argc == 3 ? argv[2] : NULL))
		out("usage: set [OPTION [VALUE]]");
	else
		out("set: ok");
}

void cmd_threshold(int argc, char **argv)
{
	if (argc > 3 || (argc > 1 && !set("want.mem", argv[1])) ||
	    (argc > 2 && !set("want.step", argv[2]))) {
		out("usage: threshold [SIZE [STEP]]");
		return;
	}
	out("threshold: below %llu KiB free, asks for %llu KiB",
	    options.want_mem / KIB, options.want_step / KIB);
}
