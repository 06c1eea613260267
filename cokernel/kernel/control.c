// SPDX-License-Identifier: GPL-2.0
/*
 * The control rings: messages in, messages out, and what is wrong with them.
 * What is negotiated in them is negotiate.c's. All of it on core 0 with
 * interrupts off: from the doorbell, the timer tick, and the idle loop.
 */
#include "kernel.h"
#include "mm.h"
#include "negotiate.h"
#include "rings.h"
#include "user.h"

static struct ring_end h2c, c2h;
static bool started;

static struct {
	u64 received, sent, pings;
	u64 duplicate; /* sequence number seen before */
	u64 lost;      /* sequence numbers skipped, and what options say */
	u64 unknown;   /* message type */
	u64 stale;     /* epoch */
	u64 dropped;   /* READY, PONG, STOPPED without room */
	u64 last_seq;
} count;

/* ---- sending ----------------------------------------------------------- */

/* What the host waits for may have the slots that others leave free. */
static u32 room(void *ctx, u16 type)
{
	bool urgent = type == COK_MSG_DECLINE || type == COK_MSG_DONE ||
		      type == COK_MSG_STOPPED;

	(void)ctx;
	return ring_room_msgs(&c2h, urgent ? 0 : COK_CTRL_RESERVED);
}

static void send(void *ctx, struct cok_msg *m)
{
	(void)ctx;
	deals_said(&deals, m, rdtsc());
	if (m->type == COK_MSG_DONE && options.lose_done) {
		options.lose_done--;
		return;
	}
	ring_put_msg(&c2h, m);
	count.sent++;
}

static void ring(void *ctx)
{
	(void)ctx;
	host_ring();
}

static const struct cok_link link = { .room = room,
				      .send = send,
				      .ring = ring };

static bool send_one(u16 type, u64 txid)
{
	struct cok_msg msg = { .txid = txid, .type = type };

	if (!cok_link_send(&link, comm_epoch, &msg)) {
		count.dropped++;
		return false;
	}
	host_ring();
	return true;
}

void control_send_ready(void)
{
	u64 flags = irq_save();

	send_one(COK_MSG_READY, 0);
	klog(LOG_NOTICE, "ready");
	irq_restore(flags);
}

bool control_send_stopped(void)
{
	return send_one(COK_MSG_STOPPED, 0);
}

/* ---- receiving --------------------------------------------------------- */

static bool sequence_ok(const struct cok_msg *msg)
{
	if (msg->seq <= count.last_seq) {
		count.duplicate++;
		return false;
	}
	count.lost += msg->seq - count.last_seq - 1;
	count.last_seq = msg->seq;
	return true;
}

/* What the options say to lose is lost on the way. */
static bool is_lost(const struct cok_msg *msg)
{
	if (options.mute)
		return msg->type != COK_MSG_COMMIT &&
		       msg->type != COK_MSG_ABORT && msg->type != COK_MSG_STOP;
	if (!options.lose ||
	    (msg->type != COK_MSG_COMMIT && msg->type != COK_MSG_ABORT))
		return false;
	options.lose--;
	count.lost++;
	return true;
}

static void handle(const struct cok_msg *msg)
{
	u64 now = rdtsc();

	if (msg->epoch != comm_epoch) {
		count.stale++;
		return;
	}
	if (is_lost(msg))
		return;
	deals_heard(&deals, msg, now);
	if (cok_ck_message(&ck, msg, now))
		return;
	switch (msg->type) {
	case COK_MSG_PING:
		count.pings++;
		send_one(COK_MSG_PONG, msg->txid);
		break;
	case COK_MSG_STOP:
		stop();
	default:
		count.unknown++;
	}
}

void control_init(void)
{
	ring_init(&h2c, comm_region(&comm->h2c), COK_CTRL_SLOTS);
	ring_init(&c2h, comm_region(&comm->c2h), COK_CTRL_SLOTS);
	negotiate_init(&link, comm_epoch);
	run_init();
	started = true;
}

bool control_pending(void)
{
	return started && ring_pending(&h2c);
}

void control_poll(void)
{
	struct cok_msg msg;
	bool was_broken = h2c.broken;
	u64 flags;

	if (!started)
		return;
	flags = memory_lock();
	while (ring_get_msg(&h2c, &msg)) {
		count.received++;
		if (sequence_ok(&msg))
			handle(&msg);
	}
	if (h2c.broken && !was_broken)
		klog(LOG_ERR, "control ring: impossible position, ring closed");
	negotiate_poll();
	memory_unlock(flags);
	run_poll();
}

void control_print(void)
{
	const struct cok_ck_counters *t = &ck.count;

	klog(LOG_INFO,
	     "messages: received %llu, sent %llu, pings %llu, "
	     "duplicate %llu, lost %llu, unknown %llu, stale %llu, "
	     "dropped %llu",
	     count.received, count.sent, count.pings, count.duplicate,
	     count.lost, count.unknown, count.stale, count.dropped);
	klog(LOG_INFO,
	     "transactions: committed %llu, aborted %llu, declined "
	     "%llu, partial %llu, released %llu, malformed %llu, "
	     "duplicate %llu, unknown %llu, ended %llu, early %llu",
	     t->committed, t->aborted, t->declined, t->partial, t->released,
	     t->malformed, t->duplicate, t->unknown, t->ended, t->early);
}
