// SPDX-License-Identifier: GPL-2.0
/* Time, progress, and the point between two steps where a change may end. */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "internal.h"

uint64_t lc_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int lc_left(uint64_t deadline)
{
	uint64_t now = lc_now();

	if (now >= deadline)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

void lc_sleep(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

void lc_step(struct coord *c, const char *text, unsigned int ms)
{
	if (c->hooks.step)
		c->hooks.step(c->hooks.arg, text, ms);
}

void lc_warn(struct coord *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!c->hooks.warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->hooks.warn(c->hooks.arg, text);
}

bool lc_is_cancelled(struct coord *c)
{
	return c->hooks.cancelled && c->hooks.cancelled(c->hooks.arg);
}

int lc_go_on(struct coord *c, uint64_t deadline, struct coord_err *err)
{
	if (lc_is_cancelled(c))
		return lc_err(err, COORD_E_CANCELLED, EINTR, "interrupted");
	if (!lc_left(deadline))
		return lc_err(
			err, COORD_E_TIMEOUT, ETIMEDOUT,
			"the deadline passed before all was taken; allow more with --timeout");
	return 0;
}
