/* SPDX-License-Identifier: GPL-2.0 */
/* What run.c and proxy.c share: one program's proxy. */
#ifndef LC_PROXY_H
#define LC_PROXY_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <cok/run.h>

struct proxy {
	int fd;	    /* of the device node; not the program's to use */
	int hidden; /* nor this one; 0: there is none */
	struct cok_run_head *head;
	struct cok_run_slot *slot;
	uint8_t *bounce;
	const char *exe; /* the program's file, absolute */
};

/* Makes the call that is in the slot. Its result, or -errno. */
int64_t proxy_call(struct proxy *p, uint32_t slot);
/* Sends the program signals, as bits. It looks when it is next interrupted. */
void proxy_post(struct proxy *p, uint64_t signals);

#endif /* LC_PROXY_H */
