// SPDX-License-Identifier: GPL-2.0
#include "rings.h"
#include "string.h"
#include <cok/ring.h>

void ring_init(struct ring_end *e, void *ring, u32 size)
{
	*e = (struct ring_end){
		.ring = ring,
		.data = (u8 *)ring + sizeof(struct cok_ring),
		.size = size,
	};
}

static u32 ring_used(struct ring_end *e)
{
	s64 used;

	if (e->broken)
		return 0;
	used = cok_ring_used(cok_ring_load(&e->ring->prod), e->pos, e->size);
	if (used < 0)
		e->broken = true;
	return used < 0 ? 0 : (u32)used;
}

static u32 ring_room(struct ring_end *e, u32 reserve)
{
	s64 room;

	if (e->broken)
		return 0;
	room = cok_ring_room(e->pos, cok_ring_load(&e->ring->cons), e->size,
			     reserve);
	if (room < 0)
		e->broken = true;
	return room < 0 ? 0 : (u32)room;
}

bool ring_pending(struct ring_end *e)
{
	return ring_used(e) != 0;
}

static u8 *msg_slot(struct ring_end *e)
{
	return e->data + (e->pos & (e->size - 1)) * sizeof(struct cok_msg);
}

bool ring_get_msg(struct ring_end *e, struct cok_msg *msg)
{
	if (!ring_used(e))
		return false;
	memcpy(msg, msg_slot(e), sizeof(*msg));
	cok_ring_store(&e->ring->cons, ++e->pos);
	return true;
}

u32 ring_room_msgs(struct ring_end *e, u32 reserve)
{
	return ring_room(e, reserve);
}

void ring_put_msg(struct ring_end *e, const struct cok_msg *msg)
{
	struct cok_msg *slot = (struct cok_msg *)msg_slot(e);

	memcpy(slot, msg, sizeof(*msg));
	slot->seq = ++e->seq;
	cok_ring_store(&e->ring->prod, ++e->pos);
}

static void copy_in(struct ring_end *e, u32 pos, const void *src, u32 n)
{
	u32 at = pos & (e->size - 1);
	u32 first = n < e->size - at ? n : e->size - at;

	memcpy(e->data + at, src, first);
	memcpy(e->data, (const u8 *)src + first, n - first);
}

u32 ring_get_bytes(struct ring_end *e, void *buf, u32 max)
{
	u32 n = ring_used(e);
	u32 at = e->pos & (e->size - 1);
	u32 first;

	if (n > max)
		n = max;
	if (!n)
		return 0;
	first = n < e->size - at ? n : e->size - at;
	memcpy(buf, e->data + at, first);
	memcpy((u8 *)buf + first, e->data, n - first);
	e->pos += n;
	cok_ring_store(&e->ring->cons, e->pos);
	return n;
}

bool ring_put_record(struct ring_end *e, const struct cok_log_rec *rec,
		     const char *text, bool *was_empty)
{
	static const u8 zero[16];
	u32 bytes = sizeof(*rec) + rec->len;
	u32 padded = (bytes + 15) & ~15u;
	u32 room = ring_room(e, 0);

	if (room < padded)
		return false;
	*was_empty = room == e->size;
	copy_in(e, e->pos, rec, sizeof(*rec));
	copy_in(e, e->pos + sizeof(*rec), text, rec->len);
	copy_in(e, e->pos + bytes, zero, padded - bytes);
	e->pos += padded;
	cok_ring_store(&e->ring->prod, e->pos);
	return true;
}
