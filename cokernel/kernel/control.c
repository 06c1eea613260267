// SPDX-License-Identifier: GPL-2.0
/*
 * The control rings, and what our side of a transaction does to the machine.
 * All of it on core 0 with interrupts off: from the doorbell, the timer tick,
 * and the idle loop.
 */
#include "kernel.h"
#include "mm.h"
#include "rings.h"
#include "txn.h"

static struct ring_end h2c, c2h;
static struct txn_table txns;
static bool started;

static struct {
	u64 received, sent, pings;
	u64 duplicate; /* sequence number seen before */
	u64 lost;      /* sequence numbers skipped */
	u64 unknown;   /* message type */
	u64 dropped;   /* answers without room */
	u64 last_seq;
} count;

/* ---- sending ----------------------------------------------------------- */

static bool send(void *ctx, const struct cok_msg *msgs, u32 n)
{
	/* COMMIT and ABORT have the reserve; what the host waits for is ours. */
	u32 reserve = msgs->type == COK_MSG_DECLINE ||
				      msgs->type == COK_MSG_STOPPED
			      ? 0
			      : COK_CTRL_RESERVED;

	(void)ctx;
	if (ring_room_msgs(&c2h, reserve) < n)
		return false;
	for (u32 i = 0; i < n; i++)
		ring_put_msg(&c2h, &msgs[i]);
	count.sent += n;
	host_ring();
	return true;
}

static void send_one(u16 type, u64 txid)
{
	struct cok_msg msg = { .txid = txid, .type = type };

	if (!send(NULL, &msg, 1))
		count.dropped++;
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
	struct cok_msg msg = { .type = COK_MSG_STOPPED };

	return send(NULL, &msg, 1);
}

/* ---- offer ------------------------------------------------------------- */

static u16 offer_one(struct txn_res *r)
{
	if (r->kind == COK_RES_MEM)
		return memory_offer(r->start, r->size);
	return slot_offer((u32)r->size, (u32)r->start, &r->entry, &r->arg);
}

static enum txn_step offer_work(struct txn *t, u16 *why)
{
	if (options.decline) {
		*why = COK_WHY_REFUSED;
		return TXN_REFUSE;
	}
	for (u16 i = 0; i < t->total; i++) {
		*why = offer_one(&t->res[i]);
		if (*why)
			return TXN_REFUSE;
		t->res[i].touched = true;
	}
	return TXN_DONE;
}

/* ---- recall ------------------------------------------------------------ */

static enum txn_step recall_begin(struct txn *t, u16 *why)
{
	for (u16 i = 0; i < t->total; i++) {
		struct txn_res *r = &t->res[i];

		*why = r->kind == COK_RES_CPU
			       ? slot_recall_check(r->size, r->start)
			       : memory_recall_check(r->start, r->size);
		if (*why)
			return TXN_REFUSE;
	}
	for (u16 i = 0; i < t->total; i++) {
		if (t->res[i].kind != COK_RES_CPU)
			continue;
		slot_recall_begin((u32)t->res[i].size);
		t->res[i].touched = true;
	}
	return TXN_DONE;
}

static enum txn_step recall_work(struct txn *t, u16 *why)
{
	if (!t->begun && recall_begin(t, why) == TXN_REFUSE)
		return TXN_REFUSE;
	for (u16 i = 0; i < t->total; i++)
		if (t->res[i].kind == COK_RES_CPU &&
		    !slot_recall_drained((u32)t->res[i].size))
			return TXN_WAIT;
	/* Memory last: it is unmapped at once or not at all. */
	for (u16 i = 0; i < t->total; i++) {
		struct txn_res *r = &t->res[i];

		if (r->kind != COK_RES_MEM)
			continue;
		*why = memory_recall(r->start, r->size);
		if (*why)
			return TXN_REFUSE;
		r->touched = true;
	}
	return TXN_DONE;
}

/* ---- outcome ----------------------------------------------------------- */

static enum txn_step txn_work(void *ctx, struct txn *t, u16 *why)
{
	(void)ctx;
	return t->recall ? recall_work(t, why) : offer_work(t, why);
}

static void txn_commit(void *ctx, struct txn *t)
{
	(void)ctx;
	for (u16 i = 0; i < t->total; i++) {
		struct txn_res *r = &t->res[i];

		if (r->kind == COK_RES_MEM && t->recall)
			memory_recall_commit(r->start, r->size);
		else if (r->kind == COK_RES_MEM)
			memory_offer_commit(r->start, r->size);
		else if (t->recall)
			slot_recall_commit((u32)r->size);
		else
			slot_offer_commit((u32)r->size);
	}
}

static void txn_undo(void *ctx, struct txn *t)
{
	(void)ctx;
	for (u16 i = 0; i < t->total; i++) {
		struct txn_res *r = &t->res[i];

		if (!r->touched)
			continue;
		if (r->kind == COK_RES_MEM && t->recall)
			memory_recall_undo(r->start, r->size);
		else if (r->kind == COK_RES_MEM)
			memory_offer_undo(r->start, r->size);
		else if (t->recall)
			slot_recall_undo((u32)r->size);
		else
			slot_offer_undo((u32)r->size);
	}
}

static const struct txn_ops ops = {
	.work = txn_work,
	.commit = txn_commit,
	.undo = txn_undo,
	.send = send,
};

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

static void handle(const struct cok_msg *msg)
{
	switch (msg->type) {
	case COK_MSG_OFFER:
	case COK_MSG_RECALL:
		if (options.mute)
			break;
		/* fall through */
	case COK_MSG_COMMIT:
	case COK_MSG_ABORT:
		txn_message(&txns, msg, rdtsc());
		break;
	case COK_MSG_PING:
		count.pings++;
		if (!options.mute)
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
	txns.ops = &ops;
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

	if (!started)
		return;
	while (ring_get_msg(&h2c, &msg)) {
		count.received++;
		if (sequence_ok(&msg))
			handle(&msg);
	}
	if (h2c.broken && !was_broken)
		klog(LOG_ERR, "control ring: impossible position, ring closed");
	txn_poll(&txns, rdtsc());
}

void control_print(void)
{
	const struct txn_counters *t = &txns.count;

	klog(LOG_INFO,
	     "messages: received %llu, sent %llu, pings %llu, "
	     "duplicate %llu, lost %llu, unknown %llu, dropped %llu",
	     count.received, count.sent, count.pings, count.duplicate,
	     count.lost, count.unknown, count.dropped);
	klog(LOG_INFO,
	     "transactions: committed %llu, aborted %llu, declined "
	     "%llu, malformed %llu, duplicate %llu, unknown %llu, ended %llu, "
	     "early %llu",
	     t->committed, t->aborted, t->declined, t->malformed, t->duplicate,
	     t->unknown, t->ended, t->early);
}
