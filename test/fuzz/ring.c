// sources: cokernel/lib/rings.c
// SPDX-License-Identifier: GPL-2.0
/*
 * The co-kernel's ends of rings whose other side writes what it likes, when it
 * likes: no access outside the ring, no more than the ring holds, and broken
 * stays broken.
 */
#include <stdlib.h>
#include <string.h>

#include "rings.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)
#define SLOTS 8
#define BYTES 64

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct script {
	const u8 *p;
	size_t left;
};

static u32 take(struct script *s, size_t n)
{
	u32 v = 0;

	if (n > s->left)
		n = s->left;
	memcpy(&v, s->p, n);
	s->p += n;
	s->left -= n;
	return v;
}

/* The other side: a position, or a byte somewhere in the data. */
static void meddle(struct cok_ring *r, u32 bytes, struct script *s)
{
	switch (take(s, 1) % 4) {
	case 0:
		r->prod = take(s, 4);
		break;
	case 1:
		r->cons = take(s, 4);
		break;
	case 2:
		r->prod += take(s, 1);
		break;
	default:
		((u8 *)(r + 1))[take(s, 2) % bytes] = (u8)take(s, 1);
	}
}

static void messages(struct ring_end *in, struct ring_end *out)
{
	bool was = in->broken;
	struct cok_msg m = { 0 };
	u32 n = 0;

	/* The peer stands still meanwhile: no more than a ring full. */
	while (ring_get_msg(in, &m))
		MUST(++n <= SLOTS);
	MUST(!was || (in->broken && !n));
	if (ring_room_msgs(out, 0))
		ring_put_msg(out, &m);
}

static void bytes(struct ring_end *in, struct ring_end *out, struct script *s)
{
	struct cok_log_rec rec = { .len = (u16)(1 + take(s, 1) % 32) };
	char text[32] = "text", buf[BYTES];
	bool was_empty;

	MUST(ring_get_bytes(in, buf, sizeof(buf)) <= BYTES);
	ring_put_record(out, &rec, text, &was_empty);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	size_t msg_size =
		sizeof(struct cok_ring) + SLOTS * sizeof(struct cok_msg);
	struct cok_ring *m = calloc(1, msg_size);
	struct cok_ring *b = calloc(1, sizeof(*b) + BYTES);
	struct ring_end m_in, m_out, b_in, b_out;
	struct script s = { data, len };

	MUST(m && b);
	ring_init(&m_in, m, SLOTS);
	ring_init(&m_out, m, SLOTS);
	ring_init(&b_in, b, BYTES);
	ring_init(&b_out, b, BYTES);
	while (s.left) {
		meddle(m, SLOTS * sizeof(struct cok_msg), &s);
		meddle(b, BYTES, &s);
		messages(&m_in, &m_out);
		bytes(&b_in, &b_out, &s);
	}
	free(m);
	free(b);
	return 0;
}
