// SPDX-License-Identifier: GPL-2.0
/*
 * Taking memory blocks. The intent is in the ledger before sysfs is touched,
 * so that whoever comes after a crash knows what to bring home.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define OFFLINE_LIMIT 15000 /* ms for one block; then the next is tried */
#define ONLINE_LIMIT  60000
#define SCRUB_LIMIT   60000

static int write_state(struct coord *c, uint64_t start, const char *word,
		       unsigned int limit)
{
	char path[80], step[80];
	unsigned long long nr = start / c->info.block_size;

	snprintf(path, sizeof(path),
		 "sys/devices/system/memory/memory%llu/state", nr);
	snprintf(step, sizeof(step), "write %s to memory block %llu", word, nr);
	lc_step(c, step, 0);
	return lc_write_limited(c->root, path, word, limit);
}

int lc_block_online(struct coord *c, const struct coord_lease *l,
		    struct coord_err *err)
{
	unsigned long long nr = l->start / c->info.block_size;
	struct lc_block b;
	int code =
		write_state(c, l->start, lc_online_word(l->zone), ONLINE_LIMIT);

	if (lc_block_get(c->root, c->info.block_size, l->start, &b))
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot read the state of memory block %llu", nr);
	if (!b.online)
		return lc_err(err, lc_code_of(code, false), code,
			      "cannot bring memory block %llu online: %s", nr,
			      code ? strerror(code) : "it stayed offline");
	if (strcmp(b.zone, l->zone))
		lc_warn(c,
			"memory block %llu was in zone %s and came home to zone %s",
			nr, l->zone, b.zone);
	return 0;
}

static int take_id(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];

	if (!lc_parse(g, tb))
		*(uint32_t *)arg = lc_get_u32(tb[COK_A_LEASE]);
	return 0;
}

static int intend(struct coord *c, const struct lc_block *b,
		  struct coord_lease *l, struct coord_err *err)
{
	struct lc_req r;
	char what[48];

	*l = (struct coord_lease){ .kind = COK_RES_MEM,
				   .source = COK_SRC_BLOCK,
				   .state = COK_LS_TAKING,
				   .start = b->start,
				   .size = b->size };
	snprintf(l->zone, sizeof(l->zone), "%s", b->zone);
	snprintf(what, sizeof(what), "take memory block %u", b->nr);
	lc_req_init(c, &r, COK_CMD_MEM_TAKE, 0, what);
	lc_put_u64(&r, COK_A_START, b->start);
	lc_put_u64(&r, COK_A_SIZE, b->size);
	lc_put_str(&r, COK_A_ZONE, b->zone);
	return lc_call(c, &r, take_id, &l->id, err);
}

static int taken(struct coord *c, const struct lc_block *b, uint32_t lease,
		 struct coord_err *err)
{
	struct lc_req r;
	char what[48];

	snprintf(what, sizeof(what), "take memory block %u", b->nr);
	lc_req_init(c, &r, COK_CMD_MEM_TAKEN, 0, what);
	lc_put_u32(&r, COK_A_LEASE, lease);
	return lc_job(c, &r, SCRUB_LIMIT, err);
}

/* Errors of MEM_TAKE after which another block may do. */
static bool is_the_blocks_fault(int code)
{
	return code == EBUSY || code == EEXIST || code == ENODEV ||
	       code == EHWPOISON;
}

/*
 * 0: taken. 1: this block refused and is as before; err says why. -1: stop
 * (what is left is in the ledger, for the undoing of the operation).
 */
static int take_one(struct coord *c, const struct lc_block *b,
		    uint64_t deadline, struct coord_err *err)
{
	struct coord_lease l;
	struct coord_err undo;
	int code, limit = lc_left(deadline);

	if (intend(c, b, &l, err))
		return is_the_blocks_fault(err->err) ? 1 : -1;
	code = write_state(c, b->start, "offline",
			   limit < OFFLINE_LIMIT ? (unsigned int)limit
						 : OFFLINE_LIMIT);
	if (code == EDEADLK)
		return lc_err(
			err, COORD_E_TIMEOUT, ETIMEDOUT,
			"taking memory block %u offline hangs in the kernel",
			b->nr);
	if (!code)
		code = taken(c, b, l.id, err) ? err->err : 0;
	else
		lc_err(err, lc_code_of(code, false), code,
		       "cannot take memory block %u offline: %s", b->nr,
		       code == ETIMEDOUT ? "no end within the deadline"
					 : strerror(code));
	if (!code)
		return 0;
	if (lc_return(c, &l, &undo)) {
		lc_err_more(err, "; %s", undo.text);
		return -1;
	}
	return 1;
}

/* Tells it, and adds "37 (Device or resource busy)" to what was tried. */
static void note(struct coord *c, char *tried, size_t size,
		 const struct lc_block *b, int code)
{
	char step[96];

	snprintf(step, sizeof(step),
		 "memory block %u refuses (%s), trying another", b->nr,
		 strerror(code));
	lc_step(c, step, 0);
	lc_append(tried, size, "%s%u (%s)", tried[0] ? ", " : "", b->nr,
		  strerror(code));
}

/*
 * Takes blocks in this order until there is enough; *got is how much. `tried`
 * tells which ones refused. -1: stop.
 */
static int take_some(struct coord *c, const struct lc_want *w,
		     const struct lc_block *b, size_t n, uint64_t *got,
		     char *tried, size_t room, struct coord_err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < n && *got < w->memory; i++) {
		if (lc_go_on(c, w->deadline, err)) {
			if (tried[0])
				lc_err_more(err,
					    "; memory blocks that refused: %s",
					    tried);
			return -1;
		}
		ret = take_one(c, &b[i], w->deadline, err);
		if (ret < 0)
			return -1;
		if (!ret)
			*got += b[i].size;
		else
			note(c, tried, room, &b[i], err->err);
	}
	return 0;
}

static int take_blocks(struct coord *c, const struct lc_want *w, uint64_t *got,
		       char *tried, size_t room, struct coord_err *err)
{
	struct lc_ledger ledger;
	struct lc_block *b;
	size_t n;
	int ret;

	if (lc_ledger_get(c, &ledger, err))
		return -1;
	ret = lc_pick_blocks(c->root, &ledger, c->info.block_size, w->node, &b,
			     &n, err);
	free(ledger.lease);
	if (ret)
		return -1;
	ret = take_some(c, w, b, n, got, tried, room, err);
	free(b);
	return ret;
}

void lc_on_node(const struct lc_want *w, struct coord_err *err)
{
	if (w->node != LC_NODE_ANY)
		lc_err_more(err,
			    "; this was on node %d, --numa any looks on all",
			    w->node);
}

static int too_little(uint64_t got, const struct lc_want *w, const char *tried,
		      struct coord_err *err)
{
	char a[24], m[24];

	lc_err(err, COORD_E_BUSY, EBUSY,
	       "only %s of %s of memory could be taken, Linux holds the rest",
	       got ? coord_size_format(got, a, sizeof(a)) : "none",
	       coord_size_format(w->memory, m, sizeof(m)));
	lc_on_node(w, err);
	if (tried[0])
		lc_err_more(err, "; memory blocks that refused: %s", tried);
	return -1;
}

int lc_take_memory(struct coord *c, const struct lc_want *w,
		   struct coord_err *err)
{
	uint64_t blocks = 0, contig = 0;
	struct lc_want part = *w;
	char tried[700] = "";

	if (w->mem_from != COORD_MEM_CONTIG) {
		part.memory -= w->memory % c->info.block_size;
		if (take_blocks(c, &part, &blocks, tried, sizeof(tried), err))
			return -1;
	}
	part.memory = w->memory - blocks;
	if (part.memory && w->mem_from != COORD_MEM_BLOCKS &&
	    lc_take_contig(c, &part, &contig, err))
		return -1;
	if (blocks + contig == w->memory)
		return 0;
	return too_little(blocks + contig, w, tried, err);
}
