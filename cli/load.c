// SPDX-License-Identifier: GPL-2.0
/* What a core did between two looks at its stats page. */
#include <string.h>

#include "load.h"

static double grown(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

static uint64_t since_online(const struct cok_stats *s, uint32_t tsc_khz)
{
	if (!tsc_khz || s->tsc_heartbeat <= s->tsc_online)
		return 0;
	return (s->tsc_heartbeat - s->tsc_online) / tsc_khz;
}

void load_of(struct load *l, const struct cok_stats *now,
	     const struct cok_stats *before, uint64_t ms, uint32_t tsc_khz)
{
	static const struct cok_stats zero;
	double idle, kernel, user, all;

	memset(l, 0, sizeof(*l));
	l->ms = before ? ms : since_online(now, tsc_khz);
	if (!l->ms)
		return;
	if (!before)
		before = &zero;
	idle = grown(now->cycles_idle, before->cycles_idle);
	kernel = grown(now->cycles_kernel, before->cycles_kernel);
	user = grown(now->cycles_user, before->cycles_user);
	all = idle + kernel + user;
	if (all > 0) {
		l->idle = 100 * idle / all;
		l->kernel = 100 * kernel / all;
		l->user = 100 * user / all;
	}
	l->irqs = grown(now->irqs, before->irqs) * 1000 / (double)l->ms;
	l->doorbells =
		grown(now->doorbells, before->doorbells) * 1000 / (double)l->ms;
	l->beats =
		grown(now->heartbeat, before->heartbeat) * 1000 / (double)l->ms;
}

/* Percent to characters, rounded. */
static size_t part(double percent, size_t width)
{
	size_t n = (size_t)(percent * (double)width / 100 + 0.5);

	return n < width ? n : width;
}

void load_bar(const struct load *l, char *buf, size_t width)
{
	size_t kernel = part(l->kernel, width);
	size_t busy = part(l->kernel + l->user, width);

	memset(buf, l->idle + l->kernel + l->user > 0 ? '.' : ' ', width);
	memset(buf, '+', busy);
	memset(buf, '#', kernel < busy ? kernel : busy);
	buf[width] = '\0';
}
