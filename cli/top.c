// SPDX-License-Identifier: GPL-2.0
/*
 * cokctl top: what the cores of the enclaves do. The stats pages are read, and
 * nothing is asked of a core.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "load.h"
#include "status.h"
#include "verbs.h"

#define BAR_MAX	  100
#define BAR_OTHER 50 /* columns of a core's line beside the bar */

/* One look at all enclaves. */
struct look {
	struct coord_enclave *e;
	ssize_t n;
	uint64_t ns; /* boottime; 0: there was none yet */
};

struct top {
	const char *name; /* only this one; NULL: all */
	unsigned int interval;
	unsigned long count; /* looks; 0: until it is ended */
	bool json, screen;
	uint32_t tsc_khz;
	struct look now, before;
	int columns, rows; /* of the screen */
	int row;	   /* the next line's */
};

/* ---- the screen ---------------------------------------------------------------- */

static struct termios saved;
static bool on_screen;

/* Also before a complaint, which would vanish with the screen. */
static void leave_screen(void)
{
	if (!on_screen)
		return;
	on_screen = false;
	/* The cursor again, and what was there before. */
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

/* Keys as they are typed, but signals stay signals. */
static int enter_screen(void)
{
	struct termios keys;

	if (tcgetattr(STDIN_FILENO, &saved))
		return -1;
	keys = saved;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VSUSP] = _POSIX_VDISABLE; /* it would stop on our screen */
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	on_screen = true;
	atexit(leave_screen);
	fputs("\033[?1049h\033[?25l", stdout);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
}

/* ---- looking ------------------------------------------------------------- */

static void forget(struct look *l)
{
	if (l->n > 0)
		coord_enclaves_free(l->e, (size_t)l->n);
	memset(l, 0, sizeof(*l));
}

/* A dump, even for one: it only copies what is there. */
static int look(struct coord *c, struct top *t)
{
	struct coord_err err;
	ssize_t i, kept = 0;

	forget(&t->before);
	t->before = t->now;
	memset(&t->now, 0, sizeof(t->now));
	t->now.n = coord_enclaves(c, &t->now.e, &err);
	t->now.ns = boottime_ns();
	if (t->now.n < 0) {
		leave_screen();
		return cli_fail(&err);
	}
	for (i = 0; t->name && i < t->now.n; i++)
		kept += !strcmp(t->now.e[i].name, t->name);
	if (!t->name || kept)
		return -1;
	leave_screen();
	cli_warn("there is no enclave '%s'", t->name);
	return EX_NOENCLAVE;
}

static bool shown(const struct top *t, const struct coord_enclave *e)
{
	return !t->name || !strcmp(e->name, t->name);
}

static bool alive(const struct coord_enclave *e)
{
	return e->state >= COK_ST_BOOTING && e->state <= COK_ST_STOPPING;
}

/* The same core at the look before: not one that came up anew. */
static const struct cok_stats *stats_before(const struct top *t,
					    const struct coord_enclave *e,
					    const struct coord_core *k)
{
	const struct look *b = &t->before;
	const struct coord_core *old;
	ssize_t i;
	uint32_t j;

	for (i = 0; i < b->n; i++)
		for (j = 0; b->e[i].id == e->id && j < b->e[i].nr_cores; j++) {
			old = &b->e[i].cores[j];
			if (old->slot == k->slot && old->has_stats &&
			    old->stats.tsc_online == k->stats.tsc_online)
				return &old->stats;
		}
	return NULL;
}

static void core_load(const struct top *t, const struct coord_enclave *e,
		      const struct coord_core *k, struct load *l)
{
	load_of(l, &k->stats, stats_before(t, e, k),
		(t->now.ns - t->before.ns) / 1000000, t->tsc_khz);
}

/* The memory it says it has, and uses, in bytes; false: it does not say. */
static bool memory_of(const struct coord_enclave *e, uint64_t *total,
		      uint64_t *used)
{
	const struct cok_stats *s;
	uint32_t i;

	for (i = 0; i < e->nr_cores; i++) {
		s = &e->cores[i].stats;
		if (e->cores[i].slot || !e->cores[i].has_stats ||
		    !s->pages_total || s->pages_free > s->pages_total)
			continue;
		*total = s->pages_total * 4096;
		*used = (s->pages_total - s->pages_free) * 4096;
		return true;
	}
	return false;
}

/* ---- for people ------------------------------------------------------------ */

/* One line, cut at the screen's edge; none below it. */
static void line(struct top *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void line(struct top *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!t->screen)
		puts(text);
	else if (t->row < t->rows)
		printf("%s%.*s\033[K", t->row ? "\r\n" : "", t->columns, text);
	t->row++;
}

static void print_core(struct top *t, const struct coord_enclave *e,
		       const struct coord_core *k, int width)
{
	char bar[BAR_MAX + 1];
	struct load l;

	if (!core_responds(e, k)) {
		line(t,
		     "%4u %5u  NOT RESPONDING: no heartbeat for %" PRIu64 " s",
		     k->slot, k->cpu, k->heartbeat_age / 1000);
		return;
	}
	core_load(t, e, k, &l);
	load_bar(&l, bar, (size_t)width);
	line(t, "%4u %5u [%s] %5.1f %5.1f %5.1f %7.0f %7.0f", k->slot, k->cpu,
	     bar, l.kernel, l.user, l.idle, l.irqs, l.beats);
}

static void print_enclave(struct top *t, const struct coord_enclave *e,
			  int width)
{
	char memory[80] = "", since[32], has[24], uses[24];
	uint64_t total, used;
	uint32_t i;

	if (alive(e) && memory_of(e, &total, &used))
		snprintf(memory, sizeof(memory), ", memory: %s of %s in use",
			 coord_size_format(used, uses, sizeof(uses)),
			 coord_size_format(total, has, sizeof(has)));
	line(t, "%s: %s for %s%s%s%s", e->name, coord_state_name(e->state),
	     since_text(e->time_ns, since, sizeof(since)), memory,
	     e->reason[0] ? ": " : "", e->reason);
	for (i = 0; alive(e) && i < e->nr_cores; i++)
		if (e->cores[i].has_stats)
			print_core(t, e, &e->cores[i], width);
}

static void measure_screen(struct top *t)
{
	struct winsize size;

	t->columns = 80;
	t->rows = 24;
	if (!t->screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    !size.ws_col || !size.ws_row)
		return;
	t->columns = size.ws_col;
	t->rows = size.ws_row;
}

static void print_all(struct top *t)
{
	int width;
	ssize_t i;

	measure_screen(t);
	width = t->columns - BAR_OTHER;
	width = width < 10 ? 10 : width > BAR_MAX ? BAR_MAX : width;
	t->row = 0;
	if (t->screen)
		fputs("\033[H", stdout);
	line(t, "CORE   CPU  %-*s  KERN%%  USER%%  IDLE%%   IRQ/S  BEAT/S",
	     width, "# kernel  + user  . idle");
	for (i = 0; i < t->now.n; i++)
		if (shown(t, &t->now.e[i]))
			print_enclave(t, &t->now.e[i], width);
	if (!t->now.n)
		line(t, "no enclaves");
	if (t->screen)
		fputs("\033[J", stdout);
}

/* ---- for programs ------------------------------------------------------------ */

static void add_share(cJSON *o, const char *key, double v)
{
	char text[32];

	/* Three digits behind the point say enough. */
	snprintf(text, sizeof(text), "%.3f", v);
	cJSON_AddRawToObject(o, key, text);
}

static cJSON *core_json(const struct top *t, const struct coord_enclave *e,
			const struct coord_core *k)
{
	cJSON *o = cJSON_CreateObject();
	struct load l;

	json_u64(o, "slot", k->slot);
	json_u64(o, "cpu", k->cpu);
	json_u64(o, "apic_id", k->apic_id);
	cJSON_AddBoolToObject(o, "responding", core_responds(e, k));
	json_u64(o, "heartbeat_age_ms", k->heartbeat_age);
	if (!k->has_stats)
		return o;
	core_load(t, e, k, &l);
	json_u64(o, "over_ms", l.ms);
	add_share(o, "kernel_percent", l.kernel);
	add_share(o, "user_percent", l.user);
	add_share(o, "idle_percent", l.idle);
	add_share(o, "interrupts_per_s", l.irqs);
	add_share(o, "doorbells_per_s", l.doorbells);
	add_share(o, "heartbeats_per_s", l.beats);
	return o;
}

static cJSON *enclave_json(const struct top *t, const struct coord_enclave *e)
{
	cJSON *o = cJSON_CreateObject(), *list;
	uint64_t total, used;
	uint32_t i;

	cJSON_AddStringToObject(o, "name", e->name);
	json_u64(o, "id", e->id);
	cJSON_AddStringToObject(o, "state", coord_state_name(e->state));
	if (memory_of(e, &total, &used)) {
		json_u64(o, "memory_total", total);
		json_u64(o, "memory_used", used);
	}
	list = cJSON_AddArrayToObject(o, "cores");
	for (i = 0; alive(e) && i < e->nr_cores; i++)
		cJSON_AddItemToArray(list, core_json(t, e, &e->cores[i]));
	return o;
}

static int print_json(const struct top *t)
{
	cJSON *o = cJSON_CreateObject(), *list;
	ssize_t i;

	json_u64(o, "time_ns", t->now.ns);
	list = cJSON_AddArrayToObject(o, "enclaves");
	for (i = 0; i < t->now.n; i++)
		if (shown(t, &t->now.e[i]))
			cJSON_AddItemToArray(list,
					     enclave_json(t, &t->now.e[i]));
	return json_line(o);
}

/* ---- again and again ---------------------------------------------------------- */

/* Until the next look is due: -1, or what to exit with. */
static int rest(const struct top *t)
{
	const uint64_t end = t->now.ns + (uint64_t)t->interval * 1000000;
	struct pollfd p = { t->screen ? STDIN_FILENO : -1, POLLIN, 0 };
	uint64_t now;
	char key;

	while (!cli_interrupted() && (now = boottime_ns()) < end) {
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) <= 0 ||
		    !p.revents)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
			return EX_DONE;
	}
	return cli_interrupted() ? EX_INTERRUPTED : -1;
}

static int watch(struct coord *c, struct top *t)
{
	unsigned long n;
	int ret;

	for (n = 1;; n++) {
		ret = look(c, t);
		if (ret >= 0)
			return ret;
		if (t->json)
			print_json(t);
		else
			print_all(t);
		/* A reader that went away, or a full disk. */
		if (fflush(stdout) || ferror(stdout))
			return EX_FAIL;
		if (n == t->count)
			return EX_DONE;
		ret = rest(t);
		if (ret >= 0)
			return ret;
		if (!t->json && !t->screen)
			putchar('\n');
	}
}

static int run(struct coord *c, struct top *t)
{
	const struct coord_info *info;
	struct coord_err err;
	int ret;

	if (coord_info(c, &info, &err))
		return cli_fail(&err);
	t->tsc_khz = info->tsc_khz;
	t->screen = !t->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (t->screen && enter_screen()) {
		perror("cokctl: the terminal");
		return EX_FAIL;
	}
	ret = watch(c, t);
	forget(&t->now);
	forget(&t->before);
	return ret;
}

int verb_top(const struct verb *v, int argc, char **argv)
{
	const char *seconds = NULL, *times = NULL;
	struct top t = { .interval = 2000 };
	const struct opt opts[] = {
		{ "interval", 'i', "S", "seconds between two looks (2)",
		  &seconds, NULL },
		{ "count", 'n', "N", "end after so many looks", &times, NULL },
		OPT_JSON(t.json),
		OPT_END
	};
	struct coord *c;
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);

	if (ret >= 0)
		return ret;
	if (parse_seconds(v, "--interval", seconds, &t.interval) ||
	    parse_number(v, "--count", times, 1000000000, &t.count))
		return EX_USE;
	t.name = first < argc ? argv[first] : NULL;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = run(c, &t);
	coord_close(c);
	return ret;
}
