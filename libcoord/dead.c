// SPDX-License-Identifier: GPL-2.0
/* An enclave that has ended and was not destroyed: its memory. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cok/uapi.h>

#include "internal.h"

static int by_start(const void *a, const void *b)
{
	const struct coord_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int find_ranges(struct coord *c, struct lc_dead *d,
		       struct coord_err *err)
{
	struct coord_lease *l;
	ssize_t i, n = coord_leases(c, &l, err);

	if (n < 0)
		return -1;
	d->range = calloc((size_t)n + 1, sizeof(*d->range));
	for (i = 0; d->range && i < n; i++)
		if (l[i].kind == COK_RES_MEM && l[i].enclave == d->e->id)
			d->range[d->nr_ranges++] =
				(struct coord_range){ l[i].start, l[i].size };
	free(l);
	if (!d->range)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	qsort(d->range, d->nr_ranges, sizeof(*d->range), by_start);
	return 0;
}

/* One page of it at a time: walks of tables and stacks read words. */
static int read_words(void *ctx, uint64_t phys, void *to, size_t len)
{
	struct lc_dead *d = ctx;
	uint64_t page = phys & ~4095ULL;

	if (phys - page + len > sizeof(d->page))
		return lc_dead_read(d, phys, to, len);
	if (d->cached != page) {
		d->cached = ~0ULL;
		if (lc_dead_read(d, page, d->page, sizeof(d->page)))
			return -1;
		d->cached = page;
	}
	memcpy(to, d->page + (phys - page), len);
	return 0;
}

int lc_dead_open(struct coord *c, const char *name, struct lc_dead *d,
		 struct coord_err *err)
{
	memset(d, 0, sizeof(*d));
	d->fd = -1;
	d->cached = ~0ULL;
	d->phys = (struct lc_phys){ read_words, d };
	if (coord_enclave(c, name, &d->e, err))
		return -1;
	if (d->e->state != COK_ST_STOPPED && d->e->state != COK_ST_FAILED) {
		lc_err(err, COORD_E_BUSY, EBUSY,
		       "enclave '%s' is %s: there is a post-mortem once it has ended; see 'cokctl kill'",
		       name, coord_state_name(d->e->state));
		goto fail;
	}
	d->fd = coord_dev_open(name, O_RDONLY, err);
	if (d->fd < 0 || find_ranges(c, d, err))
		goto fail;
	return 0;
fail:
	lc_dead_close(d);
	return -1;
}

void lc_dead_close(struct lc_dead *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->e)
		coord_enclaves_free(d->e, 1);
	free(d->range);
	d->e = NULL;
	d->range = NULL;
	d->fd = -1;
}

int lc_dead_read(struct lc_dead *d, uint64_t phys, void *to, size_t len)
{
	struct cok_ioc_memory m = { .size = sizeof(m) };
	size_t done;

	for (done = 0; done < len; done += m.bytes) {
		m.start = phys + done;
		m.buffer = (uint64_t)(uintptr_t)to + done;
		m.bytes = len - done < COK_MEMORY_MAX ? (uint32_t)(len - done)
						      : COK_MEMORY_MAX;
		while (ioctl(d->fd, COK_IOC_MEMORY, &m))
			if (errno != EINTR)
				return -1;
	}
	return 0;
}
