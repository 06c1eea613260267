// SPDX-License-Identifier: GPL-2.0
/* What co-kernels ask for by themselves: see it, grant it, deny it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

int coord_deny(struct coord *c, const char *name, uint64_t number,
	       struct coord_err *err)
{
	struct lc_req r;
	uint32_t id;

	if (lc_enclave_id(c, name, &id, err))
		return -1;
	lc_req_init(c, &r, COK_CMD_REQUEST_DENY, 0, "deny the request");
	lc_put_enclave(&r, id);
	lc_put_u64(&r, COK_A_REQUEST, number);
	if (!lc_call(c, &r, NULL, NULL, err))
		return 0;
	/* The enclave was there a moment ago. */
	if (err->err == ENOENT)
		err->code = COORD_E_FAILED;
	return -1;
}

static int find(struct coord *c, const char *name, uint64_t number,
		struct coord_request *out, struct coord_err *err)
{
	struct coord_request *r;
	ssize_t n = coord_requests(c, name, &r, err), i;

	if (n < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (r[i].number == number)
			break;
	if (i < n)
		*out = r[i];
	free(r);
	if (i < n)
		return 0;
	return lc_err(
		err, COORD_E_FAILED, ENOENT,
		"enclave '%s' has no request %llu that waits; 'cokctl requests' lists them",
		name, (unsigned long long)number);
}

/* It asks for bytes; what can be had comes in units. */
static uint64_t round_up(const struct coord *c, const struct coord_change *ch,
			 uint64_t size)
{
	uint64_t unit = ch->mem_from == COORD_MEM_BLOCKS ? c->info.block_size
							 : COK_CONTIG_UNIT;

	if (size > UINT64_MAX - unit)
		return UINT64_MAX / unit * unit;
	return (size + unit - 1) / unit * unit;
}

int coord_grant(struct coord *c, const struct coord_change *ch, uint64_t number,
		struct coord_deal *deal, struct coord_err *err)
{
	struct coord_change grow = *ch;
	struct coord_request r = { 0 };

	if (deal)
		*deal = (struct coord_deal){ 0 };
	if (find(c, ch->name, number, &r, err))
		return -1;
	grow.cpu_list = NULL;
	grow.cpus = r.kind == COK_RES_CPU ? r.amount.cpus : 0;
	grow.memory = r.kind == COK_RES_MEM ? round_up(c, ch, r.amount.memory)
					    : 0;
	return lc_grow(c, &grow, number, deal, err);
}

int coord_request_parse(const char *text, char *name, uint64_t *number,
			struct coord_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char *end;

	if (len && len < COK_NAME_MAX && isdigit((unsigned char)colon[1])) {
		errno = 0;
		*number = strtoull(colon + 1, &end, 10);
		if (!*end && !errno && *number) {
			memcpy(name, text, len);
			name[len] = '\0';
			return 0;
		}
	}
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"'%.80s' names no request; write NAME:NUMBER, as 'cokctl requests' does",
		text);
}
