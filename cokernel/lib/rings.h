/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The co-kernel's ends of the rings of cok/comm.h. The own position is kept
 * here, privately; the peer's is loaded once per call and checked. A peer
 * position that can't be makes the ring `broken` for good: nothing more is
 * read from or written to it.
 */
#ifndef CK_RINGS_H
#define CK_RINGS_H

#include "types.h"
#include <cok/comm.h>

struct ring_end {
	struct cok_ring *ring; /* shared */
	u8 *data;	       /* shared */
	u32 size;	       /* units: messages or bytes */
	u32 pos;	       /* our position */
	u64 seq;	       /* producer: of the last message */
	bool broken;
};

/* `size` is in messages or bytes, a power of two. */
void ring_init(struct ring_end *e, void *ring, u32 size);

/* Consumer: is there something? */
bool ring_pending(struct ring_end *e);

/* Control rings, units are messages. Copied before the slot is released. */
bool ring_get_msg(struct ring_end *e, struct cok_msg *msg);
u32 ring_room_msgs(struct ring_end *e, u32 reserve);
/* The caller has checked the room. Fills in the sequence number. */
void ring_put_msg(struct ring_end *e, const struct cok_msg *msg);

/* Byte rings. */
u32 ring_get_bytes(struct ring_end *e, void *buf, u32 max);
/* One log record; false: no room. *was_empty: the reader had read all. */
bool ring_put_record(struct ring_end *e, const struct cok_log_rec *rec,
		     const char *text, bool *was_empty);

#endif /* CK_RINGS_H */
