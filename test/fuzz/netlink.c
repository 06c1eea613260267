// sources: libcoord/attr.c
// SPDX-License-Identifier: GPL-2.0
/*
 * A message as the kernel's would be, with any attributes at all: what libcoord
 * makes of it ends, and stays in its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)
#define ENDS(s) (memchr(s, 0, sizeof(s)) != NULL)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void enclave(struct genlmsghdr *g)
{
	struct coord_enclave e;

	if (lc_parse_enclave(g, &e))
		return;
	MUST(ENDS(e.name) && ENDS(e.reason));
	free(e.cores);
}

static void event(struct genlmsghdr *g)
{
	struct coord_event e;

	lc_parse_event(g, &e);
	MUST(ENDS(e.name) && ENDS(e.reason) && ENDS(e.text));
	MUST(ENDS(e.lease.zone));
}

/* The first byte is the command, the others are its attributes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t attrs = len ? len - 1 : 0;
	size_t size = NLMSG_HDRLEN + GENL_HDRLEN + attrs;
	struct nlmsghdr *nlh = calloc(1, size);
	struct genlmsghdr *g;

	MUST(nlh);
	nlh->nlmsg_len = (uint32_t)size;
	g = nlmsg_data(nlh);
	g->cmd = len ? data[0] : 0;
	if (attrs)
		memcpy(genlmsg_attrdata(g, 0), data + 1, attrs);
	enclave(g);
	g->cmd = COK_CMD_EVENT;
	event(g);
	free(nlh);
	return 0;
}
