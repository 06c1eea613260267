/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A co-kernel that deals as it is told, on its console:
 *
 *	agree | refuse | half | slow MS | deaf | hang | panic
 *					what it does with the next deals
 *	oldest | newest			what it gives of an amount
 *	mute | loud			it does not ring, and looks seldom
 *	ask cpus N | ask mem MIB	a REQUEST
 *	cancel N			the one of that number
 *	give cpu | give mem		a RELEASE of what it got last
 *	shred				a RELEASE of every second 2 MiB, as many
 *					as a list has, of its largest range
 *	held				what it has, beside its first core
 *
 * It says "dealer: done" to each, and of each deal how it ended. Its end of the
 * protocol is that of our co-kernel (module/core/txn_ck.h); it never touches
 * memory that it was given, and other cores halt.
 */
#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/ring.h>

#include "txn_ck.h"

#include "machine.h"

COK_IMAGE_NOTE;

__asm__(".globl _start; _start: lea stack_top(%rip), %rsp; xor %ebp, %ebp;"
	"call dealer; ud2;"
	".globl second; second: cli; hlt; jmp second;"
	".bss; .balign 16; .skip 65536; stack_top: .text");

void second(void);
void dealer(const struct cok_boot *params);

static struct cok_comm *comm;
static struct cok_ck ck;

/* ---- what the compiler and the shared files call ------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return to;
}

void *memset(void *p, int c, size_t n)
{
	void *at = p;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
	return p;
}

static __u64 now(void)
{
	return __builtin_ia32_rdtsc();
}

/* ---- the rings -------------------------------------------------------------- */

static __u32 sent, taken, logged, eaten; /* our positions */

static void *at(struct cok_region region)
{
	return (char *)comm + region.offset;
}

static __u32 room(void *ctx, __u16 type)
{
	struct cok_ring *r = at(comm->c2h);
	bool may = type == COK_MSG_DECLINE || type == COK_MSG_DONE;
	__s64 n = cok_ring_room(sent, cok_ring_load(&r->cons), COK_CTRL_SLOTS,
				may ? 0 : COK_CTRL_RESERVED);

	(void)ctx;
	return n > 0 ? (__u32)n : 0;
}

static void send(void *ctx, struct cok_msg *m)
{
	struct cok_ring *r = at(comm->c2h);

	(void)ctx;
	m->seq = sent + 1;
	m->epoch = comm->epoch;
	((struct cok_msg *)(r + 1))[sent % COK_CTRL_SLOTS] = *m;
	cok_ring_store(&r->prod, ++sent);
}

static bool mute;

static void ring(void *ctx)
{
	__u64 to = *(volatile __u64 *)&comm->host_doorbell;

	(void)ctx;
	if (to && !mute)
		apic_send(to >> 32, to & 0xff);
}

static const struct cok_link link = { room, send, ring, NULL };

static void say(__u16 type, __u64 txid)
{
	struct cok_msg m = { .type = type, .txid = txid };

	if (room(NULL, type))
		send(NULL, &m);
	ring(NULL);
}

/* ---- the log ------------------------------------------------------------------ */

static char line[160];
static __u32 line_len;

static void put(const char *text)
{
	while (*text && line_len < sizeof(line))
		line[line_len++] = *text++;
}

static void put_number(__u64 n)
{
	char digits[24];
	int i = sizeof(digits);

	digits[--i] = 0;
	do
		digits[--i] = '0' + n % 10;
	while (n /= 10);
	put(digits + i);
}

static void put_bytes(const void *from, __u32 n)
{
	const char *p = from;
	char *data = (char *)((struct cok_ring *)at(comm->log) + 1);

	while (n--)
		data[logged++ % COK_LOG_BYTES] = *p++;
}

static void end_line(void)
{
	struct cok_ring *r = at(comm->log);
	struct cok_log_rec rec = { .tsc = now(), .level = 6 };
	static const char zero[16];

	put("\n");
	rec.len = line_len;
	if (cok_ring_room(logged, cok_ring_load(&r->cons), COK_LOG_BYTES, 0) >=
	    (__s64)sizeof(rec) + line_len + 16) {
		put_bytes(&rec, sizeof(rec));
		put_bytes(line, line_len);
		put_bytes(zero, -line_len % 16);
		cok_ring_store(&r->prod, logged);
	}
	line_len = 0;
	ring(NULL);
}

/* ---- what it holds ---------------------------------------------------------------- */

static struct cok_res held[1024];
static __u32 nr_held;

static void add(const struct cok_res *r)
{
	if (nr_held == sizeof(held) / sizeof(held[0]))
		return;
	held[nr_held] = *r;
	if (r->kind == COK_RES_MEM) {
		held[nr_held].start = r->at;
		held[nr_held].size = r->given;
	}
	nr_held++;
}

/* What is given of one that it holds; the rest, on either side, stays. */
static void drop(const struct cok_res *r)
{
	struct cok_res old, before, after, gone = *r;

	if (r->kind == COK_RES_MEM) {
		gone.start = r->at;
		gone.size = r->given;
	}
	for (__u32 i = 0; i < nr_held; i++) {
		old = before = after = held[i];
		if (!cok_res_overlap(&old, &gone))
			continue;
		held[i] = held[--nr_held];
		if (r->kind == COK_RES_CPU)
			return;
		before.at = before.start;
		before.given = r->at - old.start;
		after.at = r->at + r->given;
		after.given = old.start + old.size - after.at;
		if (before.given)
			add(&before);
		if (after.given)
			add(&after);
		return;
	}
}

/* What it booted with. Parts of the range that has its image may be recalled, too. */
static void add_booted(void)
{
	for (__u32 i = 0; i < boot->nr_mem; i++)
		add(&(struct cok_res){ .kind = COK_RES_MEM,
				       .at = boot->mem[i].start,
				       .given = boot->mem[i].size });
}

static void print_held(void)
{
	__u64 cpus = 0, mem = 0;

	for (__u32 i = 0; i < nr_held; i++)
		if (held[i].kind == COK_RES_CPU)
			cpus++;
		else
			mem += held[i].size;
	put("dealer: held ");
	put_number(cpus);
	put(" cpus ");
	put_number(mem >> 20);
	put(" MiB");
	end_line();
}

/* ---- deals ---------------------------------------------------------------------------- */

enum policy { AGREE, REFUSE, HALF, SLOW, DEAF, HANG, PANIC };

static enum policy policy;
static __u64 slow_until, slow_tsc;
static bool oldest;

static void give(struct cok_res *r, __u64 amount, __u16 why)
{
	if (!amount)
		cok_res_give_none(r, why);
	else if (amount == cok_res_amount(r))
		cok_res_give_all(r);
	else if (!cok_res_give_part(r, r->start, amount, why))
		cok_res_give_none(r, why);
}

/* Agrees to one, of which *rest is still wanted; `why` is told of what is not. */
static void judge(struct cok_ck_txn *t, __u16 i, __u64 *rest, __u16 why)
{
	struct cok_res *r = &t->res[i].res;
	__u64 amount = cok_res_amount(r) < *rest ? cok_res_amount(r) : *rest;

	if (r->granule)
		amount = amount >> r->granule << r->granule;
	else if (amount < cok_res_amount(r))
		amount = 0;
	give(r, amount, why);
	*rest -= r->given;
	t->res[i].entry = (__u64)second;
}

/* How much of that kind is asked for, of whatever there is. */
static __u64 wanted(const struct cok_ck_txn *t, __u32 kind, __u64 want)
{
	__u64 sum = 0;

	for (__u16 i = 0; i < t->total; i++)
		if (t->res[i].res.kind == kind)
			sum += cok_res_amount(&t->res[i].res);
	return want && want < sum ? want : sum;
}

static void judge_all(struct cok_ck_txn *t)
{
	__u64 cpus = wanted(t, COK_RES_CPU, t->want_cpus);
	__u64 mem = wanted(t, COK_RES_MEM, t->want_mem);
	__u16 why = COK_WHY_WANTED;

	if (policy == HALF) {
		cpus /= 2;
		mem /= 2;
		why = COK_WHY_IN_USE;
	}
	for (__u16 n = 0; n < t->total; n++) {
		/* The list of a recall begins with the newest. */
		__u16 i = oldest ? t->total - 1 - n : n;

		judge(t, i, t->res[i].res.kind == COK_RES_CPU ? &cpus : &mem,
		      why);
	}
}

__attribute__((noreturn)) static void fail(enum cok_ck_state state)
{
	__atomic_store_n(&comm->ck_state, state, __ATOMIC_RELEASE);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static enum cok_ck_step work(void *ctx, struct cok_ck_txn *t, __u16 *why)
{
	(void)ctx;
	switch (t->ask == COK_MSG_RELEASE ? AGREE : policy) {
	case REFUSE:
		*why = COK_WHY_REFUSED;
		return COK_CK_REFUSE;
	case HANG:
		for (;;)
			__asm__ volatile("cli; hlt");
	case PANIC:
		memcpy(comm->panic_text, "told to", 8);
		fail(COK_CK_PANIC);
	case SLOW:
		if (!t->begun)
			slow_until = now() + slow_tsc;
		if (now() < slow_until)
			return COK_CK_WAIT;
		break;
	default:
		break;
	}
	judge_all(t);
	return COK_CK_DONE;
}

static void report(const struct cok_ck_txn *t, const char *how)
{
	put("dealer: ");
	put(t->ask == COK_MSG_OFFER    ? "offer "
	    : t->ask == COK_MSG_RECALL ? "recall "
				       : "release ");
	put_number(t->txid);
	put(how);
	end_line();
}

static void commit(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	for (__u16 i = 0; i < t->total; i++) {
		if (!t->res[i].res.given)
			continue;
		if (t->ask == COK_MSG_OFFER)
			add(&t->res[i].res);
		else
			drop(&t->res[i].res);
	}
	report(t, " committed");
}

static void undo(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	report(t, " undone");
}

static void answered(void *ctx, const struct cok_ck_ask *ask, __u16 answer,
		     __u16 why, __u64 given)
{
	static const char *const words[] = { "?", " queued", " granted ",
					     " denied ", " cancelled" };

	(void)ctx;
	put("dealer: request ");
	put_number(ask->number);
	put(words[answer <= COK_ANSWER_CANCELLED ? answer : 0]);
	if (answer == COK_ANSWER_GRANTED)
		put_number(given);
	if (answer == COK_ANSWER_DENIED)
		put_number(why);
	end_line();
}

static const struct cok_ck_ops ops = { work, commit, undo, answered };

/* ---- the console ------------------------------------------------------------------------- */

/* The word at *p, or not; past it and a blank. */
static bool word(const char **p, const char *name)
{
	const char *q = *p;

	while (*name && *q == *name)
		q++, name++;
	if (*name || (*q && *q != ' '))
		return false;
	*p = *q ? q + 1 : q;
	return true;
}

static __u64 number(const char *p)
{
	__u64 n = 0;

	while (*p >= '0' && *p <= '9')
		n = 10 * n + (*p++ - '0');
	return n;
}

static bool policy_typed(const char **p)
{
	static const char *const words[] = {
		[AGREE] = "agree", [REFUSE] = "refuse", [HALF] = "half",
		[SLOW] = "slow",   [DEAF] = "deaf",	[HANG] = "hang",
		[PANIC] = "panic",
	};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word(p, words[i])) {
			policy = i;
			slow_tsc = number(*p) * boot->tsc_khz;
			return true;
		}
	return false;
}

static bool release_last(__u32 kind)
{
	for (__u32 i = nr_held; i-- > 0;)
		if (held[i].kind == kind)
			return cok_ck_release(&ck, &held[i], 1, now());
	return false;
}

/* Not of the first 16 MiB of a range: its image may be there. */
static bool shred(void)
{
	static struct cok_res list[COK_TXN_RES];
	const struct cok_res *most = &held[0];
	__u64 at, unit = 2 << 20;
	__u16 n = 0;

	for (__u32 i = 1; i < nr_held; i++)
		if (held[i].kind == COK_RES_MEM && held[i].size > most->size)
			most = &held[i];
	for (at = most->start + 8 * unit;
	     n < COK_TXN_RES && at + unit < most->start + most->size;
	     at += 2 * unit)
		list[n++] = (struct cok_res){ .kind = COK_RES_MEM,
					      .start = at,
					      .size = unit,
					      .at = at,
					      .given = unit };
	return n && cok_ck_release(&ck, list, n, now());
}

static bool typed(const char *p)
{
	if (policy_typed(&p))
		return true;
	if (word(&p, "ask"))
		return word(&p, "cpus")
			       ? cok_ck_request(&ck, COK_RES_CPU, number(p),
						COK_URGENCY_HIGH, now())
		       : word(&p, "mem")
			       ? cok_ck_request(&ck, COK_RES_MEM,
						number(p) << 20,
						COK_URGENCY_NORMAL, now())
			       : false;
	if (word(&p, "cancel"))
		return cok_ck_cancel(&ck, number(p), now());
	if (word(&p, "give"))
		return release_last(word(&p, "cpu") ? COK_RES_CPU
						    : COK_RES_MEM);
	if (word(&p, "shred"))
		return shred();
	if (word(&p, "oldest"))
		oldest = true;
	else if (word(&p, "newest"))
		oldest = false;
	else if (word(&p, "mute"))
		mute = true;
	else if (word(&p, "loud"))
		mute = false;
	else if (word(&p, "held"))
		print_held();
	else
		return false;
	return true;
}

static void console(void)
{
	static char text[80];
	static __u32 n;
	struct cok_ring *r = at(comm->conin);
	const char *data = (const char *)(r + 1);

	while (cok_ring_used(cok_ring_load(&r->prod), eaten, COK_CONIN_BYTES) >
	       0) {
		char c = data[eaten++ % COK_CONIN_BYTES];

		cok_ring_store(&r->cons, eaten);
		text[n] = c == '\n' ? 0 : c;
		n = c == '\n' ? 0 : n + (n < sizeof(text) - 1);
		if (c != '\n')
			continue;
		put(typed(text) ? "dealer: done: " : "dealer: cannot: ");
		put(text);
		put("."); /* or the line would end like the echo of it */
		end_line();
	}
}

/* ---- messages ------------------------------------------------------------------------------- */

static void take(const struct cok_msg *m)
{
	if (cok_ck_message(&ck, m, now()))
		return;
	if (m->type == COK_MSG_PING)
		say(COK_MSG_PONG, m->txid);
	if (m->type == COK_MSG_STOP) {
		say(COK_MSG_STOPPED, 0);
		fail(COK_CK_STOPPED);
	}
}

static void messages(void)
{
	struct cok_ring *r = at(comm->h2c);

	while (policy != DEAF && cok_ring_used(cok_ring_load(&r->prod), taken,
					       COK_CTRL_SLOTS) > 0) {
		struct cok_msg m =
			((struct cok_msg *)(r + 1))[taken % COK_CTRL_SLOTS];

		cok_ring_store(&r->cons, ++taken);
		take(&m);
	}
}

void dealer(const struct cok_boot *params)
{
	struct cok_stats *stats;

	boot = params;
	comm = (struct cok_comm *)boot->comm_phys;
	stats = at(comm->stats);
	add_booted();
	stats->apic_id = boot->apic_id;
	stats->state = COK_CORE_ONLINE;
	comm->ck_state = COK_CK_RUNNING;
	open_interrupts();
	cok_ck_init(&ck, &ops, NULL, &link, comm->epoch,
		    200ULL * boot->tsc_khz);
	say(COK_MSG_READY, 0);
	for (;;) {
		messages();
		console();
		cok_ck_poll(&ck, now());
		stats->heartbeat++;
		nap();
		for (int i = 0; mute && i < 50; i++)
			nap();
	}
}
