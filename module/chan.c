// SPDX-License-Identifier: GPL-2.0
/*
 * The rings between host and co-kernel (comm.h). Everything read from them is
 * copied once and then judged; every position is ours, in struct cok_chan.
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include <cok/ring.h>

#include "cok.h"
#include "trace.h"

#define DRAIN_MAX_MSGS (4 * COK_CTRL_SLOTS)
#define DRAIN_MAX_RECS 2048
#define SPIN_NS	       (50 * NSEC_PER_USEC)
/*
 * REQUESTs, CANCELs and RELEASEs that are taken between two ticks of the watch:
 * each can make an event. An honest co-kernel repeats what was not answered.
 */
#define ASKS_PER_TICK (COK_TXN_MAX_RES + 4 * COK_MAX_REQUESTS)
/* An outcome is said again each so many ms until DONE has come for it. */
#define REPEAT_MS 500

static struct cok_msg *msgs_of(struct cok_ring *r)
{
	return (void *)(r + 1);
}

static u8 *bytes_of(struct cok_ring *r)
{
	return (void *)(r + 1);
}

static void broken(struct cok_enclave *e, const char *which)
{
	atomic64_inc(&e->ring_errors);
	if (e->chan.broken)
		return;
	e->chan.broken = true;
	pr_warn_ratelimited("enclave %s: impossible position in its %s ring\n",
			    e->name, which);
}

/* ---- host -> co-kernel -------------------------------------------------------- */

/* Room for messages of a type: COMMIT and ABORT have slots of their own. */
static s64 room_for(struct cok_enclave *e, u16 type)
{
	struct cok_chan *ch = &e->chan;
	bool end = type == COK_MSG_COMMIT || type == COK_MSG_ABORT;
	s64 room = cok_ring_room(ch->h2c_prod,
				 cok_ring_load(&ch->rings.h2c->cons),
				 COK_CTRL_SLOTS, end ? 0 : COK_CTRL_RESERVED);

	lockdep_assert_held(&e->chan_lock);
	if (room < 0)
		broken(e, "control");
	return room;
}

/* There is room for it. */
static void put(struct cok_enclave *e, struct cok_msg *m)
{
	struct cok_chan *ch = &e->chan;
	struct cok_ring *r = ch->rings.h2c;

	m->epoch = e->epoch;
	m->seq = ++ch->h2c_seq;
	msgs_of(r)[ch->h2c_prod & (COK_CTRL_SLOTS - 1)] = *m;
	cok_ring_store(&r->prod, ++ch->h2c_prod);
	atomic64_inc(&e->msgs_out);
	trace_cok_msg_out(e->id, m);
}

int cok_chan_send(struct cok_enclave *e, struct cok_msg *m)
{
	s64 room = room_for(e, m->type);

	if (room <= 0)
		return room ? -EPIPE : -ENOSPC;
	put(e, m);
	return 0;
}

/* What the host's end of the protocol sends by. */
static u32 link_room(void *ctx, u16 type)
{
	return max_t(s64, room_for(ctx, type), 0);
}

static void link_send(void *ctx, struct cok_msg *m)
{
	put(ctx, m);
}

/* Once for all that is sent under one hold of the lock. */
static void link_ring(void *ctx)
{
	struct cok_enclave *e = ctx;

	e->chan.ring_due = true;
}

void cok_chan_init(struct cok_enclave *e)
{
	struct cok_chan *ch = &e->chan;

	mutex_init(&e->chan_lock);
	init_waitqueue_head(&e->wait);
	cok_comm_rings(e, &ch->rings);
	ch->link = (struct cok_link){ link_room, link_send, link_ring, e };
	cok_host_init(&ch->host, &ch->link, e->epoch,
		      REPEAT_MS * (u64)NSEC_PER_MSEC);
	ch->host.notes = &cok_asked_notes;
	ch->host.notes_ctx = e;
}

void cok_chan_lock(struct cok_enclave *e)
{
	mutex_lock(&e->chan_lock);
}

void cok_chan_unlock(struct cok_enclave *e)
{
	bool ring = e->chan.ring_due;

	e->chan.ring_due = false;
	mutex_unlock(&e->chan_lock);
	if (ring)
		cok_doorbell_ring(e);
}

/* An impossible position counts as room: the writer then learns of it. */
u32 cok_chan_input_room(struct cok_enclave *e)
{
	s64 room = cok_ring_room(READ_ONCE(e->chan.conin_prod),
				 cok_ring_load(&e->chan.rings.conin->cons),
				 COK_CONIN_BYTES, 0);

	return room < 0 ? COK_CONIN_BYTES : room;
}

ssize_t cok_chan_input(struct cok_enclave *e, const char *buf, size_t len)
{
	struct cok_chan *ch = &e->chan;
	struct cok_ring *r = ch->rings.conin;
	s64 room, i;

	mutex_lock(&e->chan_lock);
	room = cok_ring_room(ch->conin_prod, cok_ring_load(&r->cons),
			     COK_CONIN_BYTES, 0);
	if (room < 0)
		broken(e, "console input");
	room = min_t(s64, room, len);
	for (i = 0; i < room; i++)
		bytes_of(r)[(ch->conin_prod + i) & (COK_CONIN_BYTES - 1)] =
			buf[i];
	if (room > 0) {
		WRITE_ONCE(ch->conin_prod, ch->conin_prod + room);
		cok_ring_store(&r->prod, ch->conin_prod);
	}
	mutex_unlock(&e->chan_lock);
	if (room > 0)
		cok_doorbell_ring(e);
	return room < 0 ? -EPIPE : room;
}

/* ---- co-kernel -> host: messages ----------------------------------------------------- */

/*
 * Is it more than nonsense? What the protocol repeats until it is answered is
 * no nonsense when it comes again.
 */
static bool take_deal(struct cok_enclave *e, const struct cok_msg *m)
{
	struct cok_host *h = &e->chan.host;
	int err = cok_host_message(h, m, ktime_get_ns());

	if (h->requests.release.state == COK_RELEASE_READY)
		cok_asked_release(e);
	/* Its last words, on its way down. */
	return !err || err == -EALREADY || (err == -ESTALE && h->ended);
}

static bool take_ask(struct cok_enclave *e, const struct cok_msg *m)
{
	if (e->chan.asks == ASKS_PER_TICK)
		return false;
	e->chan.asks++;
	return take_deal(e, m);
}

static bool take_message(struct cok_enclave *e, const struct cok_msg *m)
{
	struct cok_chan *ch = &e->chan;

	if (m->epoch != e->epoch)
		return false;
	switch (m->type) {
	case COK_MSG_READY:
		if (ch->ready)
			return false;
		ch->ready = true;
		return true;
	case COK_MSG_REQUEST:
	case COK_MSG_CANCEL:
	case COK_MSG_RELEASE:
		return take_ask(e, m);
	case COK_MSG_PONG:
		if (!ch->ping || m->txid != ch->ping)
			return false;
		ch->pong = true;
		return true;
	case COK_MSG_STOPPED:
		/* Nobody asked: it must not answer a STOP to come. */
		if (cok_enclave_state(e) != COK_ST_STOPPING)
			return false;
		ch->stopped = true;
		return true;
	default:
		return take_deal(e, m);
	}
}

/* How many there were. */
static u32 drain_messages(struct cok_enclave *e)
{
	struct cok_chan *ch = &e->chan;
	struct cok_ring *r = ch->rings.c2h;
	u32 n;

	for (n = 0; n < DRAIN_MAX_MSGS; n++) {
		struct cok_msg m;
		s64 used = cok_ring_used(cok_ring_load(&r->prod), ch->c2h_cons,
					 COK_CTRL_SLOTS);

		if (used < 0)
			broken(e, "control");
		if (used <= 0)
			return n;
		m = *(volatile struct cok_msg *)&msgs_of(
			r)[ch->c2h_cons & (COK_CTRL_SLOTS - 1)];
		cok_ring_store(&r->cons, ++ch->c2h_cons);
		atomic64_inc(&e->msgs_in);
		trace_cok_msg_in(e->id, &m);
		/* A gap is counted, the message still stands for itself. */
		if (m.seq != ++ch->c2h_seq) {
			atomic64_inc(&e->msgs_bad);
			ch->c2h_seq = m.seq;
		}
		if (!take_message(e, &m))
			atomic64_inc(&e->msgs_bad);
	}
	return n;
}

/* ---- co-kernel -> host: log -------------------------------------------------------------- */

static void copy_out(struct cok_ring *r, u32 at, void *to, u32 len)
{
	const volatile u8 *from = bytes_of(r);
	u8 *p = to;
	u32 i;

	for (i = 0; i < len; i++)
		p[i] = from[(at + i) & (COK_LOG_BYTES - 1)];
}

/* When the co-kernel's TSC said `tsc`, by our clock; never in the future. */
static u64 stamp_of(u64 tsc)
{
	u64 now = rdtsc_ordered(), ns = ktime_get_boottime_ns();
	u64 ago = tsc < now ? now - tsc : 0;

	/* More than an hour ago is not a stamp but nonsense. */
	if (ago > 3600ULL * 1000 * tsc_khz)
		return ns;
	return ns - min(ns, mul_u64_u64_div_u64(ago, NSEC_PER_MSEC, tsc_khz));
}

/* Control characters would reach people's terminals. */
static void clean(char *text, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (((u8)text[i] < ' ' || (u8)text[i] >= 0x7f) &&
		    (!text[i] || !strchr("\n\t\b", text[i])))
			text[i] = '?';
}

/* One record: its size in the ring, or 0 if it makes no sense. */
static u32 take_record(struct cok_enclave *e, u32 avail)
{
	struct cok_chan *ch = &e->chan;
	char text[COK_LOG_TEXT_MAX];
	struct cok_log_rec rec;
	u32 size;

	if (avail < sizeof(rec))
		return 0;
	copy_out(ch->rings.log, ch->log_cons, &rec, sizeof(rec));
	size = ALIGN(sizeof(rec) + rec.len, 16);
	if (!rec.len || rec.len > COK_LOG_TEXT_MAX || size > avail)
		return 0;
	copy_out(ch->rings.log, ch->log_cons + sizeof(rec), text, rec.len);
	clean(text, rec.len);
	atomic64_inc(&e->log_records);
	cok_log_put(&e->log, stamp_of(rec.tsc), min_t(u32, rec.core, 999), text,
		    rec.len);
	return size;
}

static void drain_log(struct cok_enclave *e)
{
	struct cok_chan *ch = &e->chan;
	struct cok_ring *r = ch->rings.log;
	u32 n;

	for (n = 0; n < DRAIN_MAX_RECS; n++) {
		u32 prod = cok_ring_load(&r->prod);
		s64 used = cok_ring_used(prod, ch->log_cons, COK_LOG_BYTES);
		u32 size;

		if (!used)
			return;
		size = used > 0 ? take_record(e, used) : 0;
		if (!size) {
			/* Nonsense: skip to where it says it is. */
			atomic64_inc(&e->log_dropped);
			atomic64_inc(&e->ring_errors);
			size = prod - ch->log_cons;
			trace_cok_log_drop(e->id, size);
		}
		ch->log_cons += size;
		cok_ring_store(&r->cons, ch->log_cons);
		cond_resched();
	}
}

static u32 drain(struct cok_enclave *e)
{
	u32 n;

	cok_chan_lock(e);
	drain_log(e);
	n = drain_messages(e);
	if (!e->chan.host.ended)
		cok_host_poll(&e->chan.host, ktime_get_ns());
	cok_chan_unlock(e);
	return n;
}

void cok_chan_drain(struct cok_enclave *e)
{
	drain(e);
	wake_up_all(&e->wait);
}

void cok_chan_tick(struct cok_enclave *e)
{
	cok_chan_lock(e);
	e->chan.asks = 0;
	cok_chan_unlock(e);
	cok_chan_drain(e);
}

void cok_chan_end(struct cok_enclave *e)
{
	cok_chan_lock(e);
	cok_host_end(&e->chan.host);
	cok_chan_unlock(e);
	wake_up_all(&e->wait);
}

/* ---- waiting for an answer -------------------------------------------------- */

/* Not for as long as going to sleep and being woken would take. */
static void spin_a_little(struct cok_enclave *e)
{
	const struct cok_ring *r = e->chan.rings.c2h;
	u64 end = ktime_get_ns() + SPIN_NS;

	while (cok_ring_load(&r->prod) == READ_ONCE(e->chan.c2h_cons) &&
	       !need_resched() && ktime_get_ns() < end)
		cpu_relax();
}

/*
 * Who waits here drains the rings, so the doorbell wakes it right away, instead
 * of a worker that would wake it in turn. Others' answers are taken along.
 */
long cok_chan_await(struct cok_enclave *e, bool (*done)(const void *arg),
		    const void *arg, unsigned int mode, long left)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	unsigned long end = jiffies + left;

	spin_a_little(e);
	atomic_inc(&e->askers);
	add_wait_queue(&e->wait, &wait);
	for (;;) {
		if (drain(e))
			wake_up_all(&e->wait);
		if (done(arg) || READ_ONCE(e->halting) ||
		    cok_enclave_state(e) != COK_ST_RUNNING || left <= 0)
			break;
		if (mode == TASK_INTERRUPTIBLE && signal_pending(current)) {
			left = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, mode, left);
		cond_resched();
		/* By the clock: one that talks without end wakes us each time. */
		left = time_before(jiffies, end) ? end - jiffies : 0;
	}
	remove_wait_queue(&e->wait, &wait);
	atomic_dec(&e->askers);
	/* Once more, for a doorbell that has still seen us wait. */
	smp_mb__after_atomic();
	if (drain(e))
		wake_up_all(&e->wait);
	return left;
}

/* ---- ping -------------------------------------------------------------------------------------- */

static int send_ping(struct cok_enclave *e, u64 cookie)
{
	struct cok_msg m = { .type = COK_MSG_PING, .txid = cookie };
	int err = -EBUSY;

	mutex_lock(&e->chan_lock);
	if (!e->chan.ping) {
		err = cok_chan_send(e, &m);
		if (err == -ENOSPC)
			err = -EBUSY;
	}
	if (!err) {
		e->chan.ping = cookie;
		e->chan.pong = false;
	}
	mutex_unlock(&e->chan_lock);
	return err;
}

/* One ping at a time: wait for the one that is under way. */
static long await_turn(struct cok_enclave *e, long left)
{
	return wait_event_interruptible_timeout(e->wait,
						!READ_ONCE(e->chan.ping) ||
							cok_enclave_state(e) !=
								COK_ST_RUNNING,
						left);
}

static bool ponged(const void *arg)
{
	const struct cok_chan *ch = arg;

	return READ_ONCE(ch->pong);
}

int cok_chan_ping(struct cok_enclave *e, u32 timeout_ms, u64 *rtt_ns,
		  u64 *cookie)
{
	long left = await_turn(e, msecs_to_jiffies(timeout_ms));
	u64 start = ktime_get_ns();
	int err;

	if (left <= 0)
		return left ? -EINTR : -EBUSY;
	if (cok_enclave_state(e) != COK_ST_RUNNING)
		return -ENOTCONN;
	*cookie = cok_next_txid();
	err = send_ping(e, *cookie);
	if (err)
		return err;
	cok_doorbell_ring(e);
	left = cok_chan_await(e, ponged, &e->chan, TASK_INTERRUPTIBLE, left);
	*rtt_ns = ktime_get_ns() - start;

	mutex_lock(&e->chan_lock);
	if (e->chan.pong)
		err = 0;
	else if (left < 0)
		err = -EINTR;
	else
		err = left ? -EPIPE : -ETIMEDOUT;
	e->chan.ping = 0;
	e->chan.pong = false;
	mutex_unlock(&e->chan_lock);
	wake_up_all(&e->wait);
	return err;
}
