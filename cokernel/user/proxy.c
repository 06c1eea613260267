// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that the proxy makes: what goes in is copied to the bounce pages,
 * what comes out from there, as the table says (run_calls.h). The proxy's answer
 * is read once, and believed only as far as the table allows.
 */
#include "string.h"
#include "user.h"

#define SPIN_US 20 /* before the core halts */

static const struct cok_call calls[] = COK_CALL_TABLE(COK_CALLS);
static const struct cok_call ioctls[] = COK_CALL_TABLE(COK_IOCTLS);
static const struct cok_call fcntls[] = COK_CALL_TABLE(COK_FCNTLS);

/* ---- one request --------------------------------------------------------- */

static bool answered(const struct cok_run_slot *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_SEQ_CST) == COK_SLOT_DONE;
}

/* Interrupts off from the look to the HLT: a kick in between is not lost. */
static void halt_until_kicked(struct process *p, struct cok_run_slot *s)
{
	__atomic_store_n(&s->core_asleep, 1, __ATOMIC_SEQ_CST);
	irq_disable();
	if (!answered(s) && !process_pending(p)) {
		smp_account(this_cpu(), true);
		irq_enable_and_halt();
		irq_disable();
		smp_account(this_cpu(), false);
	}
	irq_enable();
	__atomic_store_n(&s->core_asleep, 0, __ATOMIC_SEQ_CST);
}

/* False: the process is to end, and nobody waits for the answer any more. */
static bool await(struct process *p, struct cok_run_slot *s)
{
	u64 spin_end = rdtsc() + SPIN_US * boot.tsc_khz / 1000;

	while (!answered(s)) {
		if (process_pending(p) && process_doomed(p))
			return false;
		if (rdtsc() < spin_end)
			cpu_pause();
		else
			halt_until_kicked(p, s);
	}
	return true;
}

/* False: see await. */
static bool request(struct process *p, struct cok_run_slot *s, u32 nr,
		    const u64 arg[6], u32 flags, s64 *ret)
{
	s->nr = nr;
	s->flags = flags;
	for (int i = 0; i < 6; i++)
		s->arg[i] = arg[i];
	__atomic_store_n(&s->state, COK_SLOT_REQUEST, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->proxy_asleep, __ATOMIC_SEQ_CST))
		host_ring();
	if (!await(p, s))
		return false;
	*ret = __atomic_load_n(&s->ret, __ATOMIC_RELAXED);
	__atomic_store_n(&s->state, COK_SLOT_IDLE, __ATOMIC_RELEASE);
	p->head->calls_offloaded++;
	return true;
}

/* A signal that is not for the program interrupts the proxy, too: again. */
s64 proxy_call(struct process *p, u32 nr, const u64 arg[6], u32 flags)
{
	s64 ret;

	do {
		if (!request(p, &p->slot[0], nr, arg, flags, &ret))
			return -EINTR;
	} while (ret == -EINTR && !process_doomed(p));
	return ret;
}

s64 proxy_pread(struct process *p, s32 fd, u64 offset, u32 size)
{
	u64 arg[6] = { (u64)fd, 0, size, offset };
	s64 n = proxy_call(p, COK_NR_PREAD64, arg, 0);

	return n > (s64)size ? -EIO : n;
}

/* ---- a program's arguments ------------------------------------------------ */

struct transfer {
	const struct cok_call *call;
	const u64 *user; /* as the program gave them */
	u64 arg[6];	 /* as they go */
	u64 size[6];	 /* bytes at arg[i] in the bounce pages */
	u64 used;	 /* of the bounce pages */
	u64 piece;	 /* most bytes of an I or O */
};

static bool is_buffer(u32 what)
{
	return what == COK_ARG_IN || what == COK_ARG_OUT;
}

static s64 reserve(struct transfer *t, int i, u64 size)
{
	if (size > COK_RUN_BOUNCE - t->used)
		return -EINVAL;
	t->arg[i] = t->used;
	t->size[i] = size;
	t->used += (size + 7) & ~7ULL;
	return 0;
}

static s64 put_in(struct process *p, struct transfer *t, int i, u64 size)
{
	s64 err = reserve(t, i, size);

	if (err)
		return err;
	return copy_in(p->bounce + t->arg[i], t->user[i], size) ? 0 : -EFAULT;
}

static s64 put_path(struct process *p, struct transfer *t, int i)
{
	s64 n;

	if (reserve(t, i, COK_PATH_MAX))
		return -EINVAL;
	n = copy_in_string((char *)p->bounce + t->arg[i], t->user[i],
			   COK_PATH_MAX);
	return n < 0 ? n : 0;
}

static s64 put_array(struct process *p, struct transfer *t, int i, u32 a)
{
	u64 count = (u32)t->user[COK_ARG_INDEX(a)];

	return put_in(p, t, i, count * COK_ARG_BYTES(a));
}

/* All but buffers, which get the room that is left. */
static s64 put_small(struct process *p, struct transfer *t, int i)
{
	u32 a = t->call->arg[i];

	switch (COK_ARG_WHAT(a)) {
	case COK_ARG_NONE:
		t->arg[i] = 0;
		return 0;
	case COK_ARG_PATH:
		return put_path(p, t, i);
	case COK_ARG_READ:
	case COK_ARG_BOTH:
		if (t->user[i])
			return put_in(p, t, i, COK_ARG_BYTES(a));
		break;
	case COK_ARG_WRITTEN:
		if (t->call->flags == COK_CALL_CHECK &&
		    !space_writable(p, t->user[i], COK_ARG_BYTES(a)))
			return -EFAULT;
		if (t->user[i])
			return reserve(t, i, COK_ARG_BYTES(a));
		break;
	case COK_ARG_ARRAY:
		return put_array(p, t, i, a);
	default:
		return 0;
	}
	t->arg[i] = COK_RUN_NULL;
	return 0;
}

/* As Linux: what can be read of it counts, if that is anything. */
static s64 put_some(struct process *p, struct transfer *t, int i, u32 length)
{
	s64 err = reserve(t, i, t->piece);
	u64 n;

	if (err || !t->piece)
		return err;
	n = copy_in_some(p->bounce + t->arg[i], t->user[i], t->piece);
	if (n < t->piece)
		t->arg[length] = n;
	return n ? 0 : -EFAULT;
}

static s64 put_buffer(struct process *p, struct transfer *t, int i)
{
	u32 length = COK_ARG_INDEX(t->call->arg[i]);
	u64 size = t->arg[length], room = COK_RUN_BOUNCE - t->used;

	t->piece = size < room ? size : room;
	t->arg[length] = t->piece;
	if (COK_ARG_WHAT(t->call->arg[i]) == COK_ARG_IN)
		return put_some(p, t, i, length);
	return reserve(t, i, t->piece);
}

static s64 put_all(struct process *p, struct transfer *t)
{
	s64 err = 0;

	for (int i = 0; i < 6; i++)
		t->arg[i] = t->user[i];
	for (int i = 0; i < 6 && !err; i++)
		if (!is_buffer(COK_ARG_WHAT(t->call->arg[i])))
			err = put_small(p, t, i);
	for (int i = 0; i < 6 && !err; i++)
		if (is_buffer(COK_ARG_WHAT(t->call->arg[i])))
			err = put_buffer(p, t, i);
	return err;
}

static s64 take_some(struct process *p, const struct transfer *t, int i, u64 n)
{
	u64 done;

	if (!n)
		return 0;
	done = copy_out_some(t->user[i], p->bounce + t->arg[i], n);
	return done ? (s64)done : -EFAULT;
}

/*
 * After a success: what the host wrote. A call with an O has nothing else.
 */
static s64 take_all(struct process *p, const struct transfer *t, s64 ret)
{
	for (int i = 0; i < 6; i++) {
		u64 size = t->size[i];

		switch (COK_ARG_WHAT(t->call->arg[i])) {
		case COK_ARG_OUT:
			if (!size)
				continue; /* it asked how much there is */
			if ((u64)ret > size)
				return -EIO; /* the proxy can't be right */
			return take_some(p, t, i, (u64)ret);
		case COK_ARG_WRITTEN:
		case COK_ARG_BOTH:
		case COK_ARG_ARRAY:
			break;
		default:
			continue;
		}
		if (t->arg[i] != COK_RUN_NULL &&
		    !copy_out(t->user[i], p->bounce + t->arg[i], size))
			return -EFAULT;
	}
	return ret;
}

static s64 forward_once(struct process *p, struct transfer *t, u32 nr,
			u32 flags)
{
	s64 ret;

	t->used = t->piece = 0;
	memset(t->size, 0, sizeof(t->size));
	ret = put_all(p, t);
	if (!ret)
		ret = proxy_call(p, nr, t->arg, flags);
	return ret < 0 ? ret : take_all(p, t, ret);
}

/* ---- long ones, in pieces ---------------------------------------------------- */

static int buffer_of(const struct cok_call *call)
{
	for (int i = 0; i < 6; i++)
		if (is_buffer(COK_ARG_WHAT(call->arg[i])))
			return i;
	return -1;
}

/*
 * As long as pieces are full, and then only what is there already: the program
 * asked for up to so much, and must not wait for more than the host would.
 */
static s64 forward_stream(struct process *p, struct transfer *t, u32 nr)
{
	u64 arg[6];
	int i = buffer_of(t->call);
	u32 length = COK_ARG_INDEX(t->call->arg[i]);
	u32 in = COK_ARG_WHAT(t->call->arg[i]) == COK_ARG_IN;
	s64 done = 0, n;

	memcpy(arg, t->user, sizeof(arg));
	t->user = arg;
	do {
		n = forward_once(p, t, nr, done && !in ? COK_CALL_IF_READY : 0);
		if (n <= 0)
			break;
		done += n;
		arg[i] += (u64)n;
		arg[length] -= (u64)n;
		if (t->call->flags == COK_CALL_AT)
			arg[3] += (u64)n;
	} while (arg[length] && (u64)n == t->piece);
	return done ? done : n;
}

static const struct cok_call *call_of(u32 nr, const u64 arg[6], s64 *err)
{
	if (nr == COK_NR_IOCTL) {
		*err = -ENOTTY;
		return cok_call_find(ioctls, ARRAY_SIZE(ioctls), (u32)arg[1]);
	}
	if (nr == COK_NR_FCNTL) {
		*err = -EINVAL;
		return cok_call_find(fcntls, ARRAY_SIZE(fcntls), (u32)arg[1]);
	}
	*err = -ENOSYS;
	return cok_call_find(calls, ARRAY_SIZE(calls), nr);
}

s64 proxy_forward(struct process *p, u32 nr, const u64 arg[6])
{
	struct transfer t = { .user = arg };
	s64 err;

	t.call = call_of(nr, arg, &err);
	if (!t.call)
		return err;
	if (t.call->flags != COK_CALL_STREAM && t.call->flags != COK_CALL_AT)
		return forward_once(p, &t, nr, 0);
	/* As Linux: more than this is never done at once. */
	if ((s64)arg[COK_ARG_INDEX(t.call->arg[buffer_of(t.call)])] < 0)
		return -EINVAL;
	return forward_stream(p, &t, nr);
}
