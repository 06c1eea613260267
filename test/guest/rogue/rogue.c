/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A co-kernel that lies. Of early_lies, the first word of its command line
 * picks one, told before READY; of the others, a line on its console. In all
 * that a lie is not about it goes on being honest, so that whoever asks can see
 * that nothing has changed.
 *
 * It stays on the host's page tables and exception handlers. It never rings but
 * where it is told to, never resets, and writes nothing but its own memory and
 * the comm area.
 */
#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/ring.h>

#include "machine.h"

COK_IMAGE_NOTE;

/* A second core is of no use here: it halts, as a recall wants it to be. */
__asm__(".globl _start; _start: lea stack_top(%rip), %rsp; xor %ebp, %ebp;"
	"call rogue; ud2;"
	".globl second; second: cli; hlt; jmp second;"
	".bss; .balign 16; .skip 16384; stack_top: .text");

void second(void);

static struct cok_comm *comm;
static struct cok_region h2c_at, c2h_at, conin_at, log_at, stats_at;
static __u32 sent, taken, logged, eaten; /* our positions in the rings */
static __u64 seq;
static __u32 epoch;
static __u64 ticks;			     /* how often the lie was told */
static __u64 last_txid;			     /* of an OFFER or RECALL */
static struct cok_msg held[COK_TXN_MAX_RES]; /* answers kept back */
static __u32 nr_held;
static int deaf, starving; /* h2c, conin are not read */
/*
 * Until then it tells no lie: in a flood of its own making, what it says could be
 * gone from the host's log before a reader comes to it.
 */
static __u64 quiet_until;

struct lie {
	const char *name;
	void (*tell)(void);			 /* again and again */
	int fast;				 /* ... without a pause */
	void (*answer)(const struct cok_msg *m); /* instead of the honest one */
	void (*outcome)(const struct cok_msg *m); /* COMMIT or ABORT came */
	int undone; /* outcomes are not acknowledged */
};
static const struct lie *lie;

/* ---- small things ------------------------------------------------------ */

static __u64 random(void)
{
	static __u64 x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void noise(struct cok_region r)
{
	volatile __u64 *p = (void *)((char *)comm + r.offset);

	for (__u32 i = 0; i < r.size / 8; i++)
		p[i] = random();
}

static void *at(struct cok_region region)
{
	return (char *)comm + region.offset;
}

static struct cok_ring *ring(struct cok_region region)
{
	return at(region);
}

static struct cok_stats *stats(__u32 core)
{
	return (struct cok_stats *)at(stats_at) + core;
}

static int same(const char *word, const char *name)
{
	while (*name && *word == *name)
		word++, name++;
	return !*name && (!*word || *word == ' ');
}

static void wait_ms(__u64 ms)
{
	__u64 end = __builtin_ia32_rdtsc() + ms * boot->tsc_khz;

	while (__builtin_ia32_rdtsc() < end)
		nap();
}

/* ---- the rings, as they should be -------------------------------------- */

static int put_msg(struct cok_msg m)
{
	struct cok_ring *r = ring(c2h_at);
	struct cok_msg *slots = (struct cok_msg *)(r + 1);

	if (cok_ring_room(sent, cok_ring_load(&r->cons), COK_CTRL_SLOTS, 0) < 1)
		return 0;
	m.seq = ++seq;
	if (!m.epoch)
		m.epoch = epoch;
	slots[sent % COK_CTRL_SLOTS] = m;
	cok_ring_store(&r->prod, ++sent);
	return 1;
}

/* Waits for room, a second at most. */
static void send(struct cok_msg m)
{
	for (int i = 0; i < 1000 && !put_msg(m); i++)
		wait_ms(1);
}

static void put_bytes(__u32 pos, const void *from, __u32 n)
{
	const char *p = from;
	char *data = (char *)(ring(log_at) + 1);

	for (__u32 i = 0; i < n; i++)
		data[(pos + i) % COK_LOG_BYTES] = p[i];
}

/* A record with this header and text; `n` is how much text there really is. */
static int put_rec(struct cok_log_rec rec, const char *text, __u32 n)
{
	struct cok_ring *r = ring(log_at);
	__u32 size = (sizeof(rec) + n + 15) & ~15u;

	if (cok_ring_room(logged, cok_ring_load(&r->cons), COK_LOG_BYTES, 0) <
	    size)
		return 0;
	put_bytes(logged, &rec, sizeof(rec));
	put_bytes(logged + sizeof(rec), text, n);
	cok_ring_store(&r->prod, logged += size);
	return 1;
}

/* Waits for room, a few seconds at most. */
static void print(const char *text)
{
	struct cok_log_rec rec = { .tsc = __builtin_ia32_rdtsc(), .level = 6 };

	while (text[rec.len])
		rec.len++;
	for (int i = 0; i < 3000 && !put_rec(rec, text, rec.len); i++)
		wait_ms(1);
}

/* ---- honesty ----------------------------------------------------------- */

static struct cok_msg agree(const struct cok_msg *m)
{
	struct cok_msg a = *m;

	a.type = m->type == COK_MSG_OFFER ? COK_MSG_ACCEPT : COK_MSG_PREPARED;
	a.epoch = a.status = 0;
	a.arg0 = m->kind == COK_RES_CPU ? (__u64)second : 0;
	a.arg1 = 0;
	return a;
}

static void answer(const struct cok_msg *m)
{
	last_txid = m->txid;
	if (lie->answer)
		lie->answer(m);
	else
		send(agree(m));
}

static void halt(enum cok_ck_state state)
{
	__atomic_store_n(&comm->ck_state, state, __ATOMIC_RELEASE);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void handle(const struct cok_msg *m)
{
	switch (m->type) {
	case COK_MSG_PING:
		send((struct cok_msg){ .type = COK_MSG_PONG, .txid = m->txid });
		break;
	case COK_MSG_OFFER:
	case COK_MSG_RECALL:
		answer(m);
		break;
	case COK_MSG_COMMIT:
	case COK_MSG_ABORT:
		if (lie->outcome)
			lie->outcome(m);
		if (!lie->undone)
			send((struct cok_msg){ .type = COK_MSG_DONE,
					       .txid = m->txid });
		break;
	case COK_MSG_STOP:
		send((struct cok_msg){ .type = COK_MSG_STOPPED });
		halt(COK_CK_STOPPED);
	}
}

static void poll(void)
{
	struct cok_ring *r = ring(h2c_at);
	struct cok_msg *slots = (struct cok_msg *)(r + 1);

	while (!deaf && cok_ring_used(cok_ring_load(&r->prod), taken,
				      COK_CTRL_SLOTS) > 0) {
		struct cok_msg m = slots[taken % COK_CTRL_SLOTS];

		cok_ring_store(&r->cons, ++taken);
		handle(&m);
	}
}

/* ---- lies in the log ring ---------------------------------------------- */

static void log_goes_on(void)
{
	print("rogue: the log goes on\n");
}

/* Until the host has read all that was printed. */
static void log_read(void)
{
	struct cok_ring *r = ring(log_at);

	for (int i = 0; i < 500 && cok_ring_load(&r->cons) != logged; i++)
		wait_ms(1);
}

/* The host goes on from there, and what is printed then is true again. */
static void log_prod(__u32 prod)
{
	cok_ring_store(&ring(log_at)->prod, logged = prod);
	log_read();
	log_goes_on();
}

static void log_ahead(void)
{
	if (!ticks)
		log_prod(logged + COK_LOG_BYTES + 4096);
}

static void log_behind(void)
{
	if (!ticks)
		log_prod(logged - 64);
}

static void log_backwards(void)
{
	if (ticks < 5)
		log_prod(logged - 16 * (1 + random() % 100));
}

/* One byte, so that nothing after is where a header may be. */
static void log_misaligned(void)
{
	if (!ticks)
		log_prod(logged + 1);
}

static void log_records(void)
{
	static const struct cok_log_rec bad[] = {
		{ .len = 0 },
		{ .len = COK_LOG_TEXT_MAX + 1 },
		{ .len = 32768 },
		{ .len = 65535 },
	};

	if (ticks >= sizeof(bad) / sizeof(bad[0]))
		return;
	put_rec(bad[ticks], "hidden\n", 7);
	log_prod(logged);
}

static void log_values(void)
{
	static const struct cok_log_rec odd[] = {
		{ .tsc = 0, .core = 65535 },  { .tsc = 1, .level = 0xffffffff },
		{ .tsc = ~0ULL, .core = 64 }, { .tsc = 1ULL << 63 },
		{ .tsc = (1ULL << 63) - 1 },
	};
	struct cok_log_rec rec;

	if (ticks > sizeof(odd) / sizeof(odd[0]))
		return;
	if (ticks == sizeof(odd) / sizeof(odd[0])) {
		log_goes_on();
		return;
	}
	rec = odd[ticks];
	rec.len = 4;
	put_rec(rec, "odd\n", 4);
}

/* All bytes there are, and what a terminal would obey. */
static void log_text(void)
{
	static const char evil[] = "\x1b[2J\x1b]0;title\a\x9b"
				   "31m\x1b[6n\0\x7f"
				   "\x1bPq\x1b\\ [log: 9 lines lost]\v\f\x85\n";
	struct cok_log_rec rec = { .tsc = __builtin_ia32_rdtsc() };
	char all[256];

	if (ticks > 8)
		return;
	for (int i = 0; i < 256; i++)
		all[i] = i;
	rec.len = sizeof(all);
	put_rec(rec, all, sizeof(all));
	rec.len = sizeof(evil) - 1;
	put_rec(rec, evil, sizeof(evil) - 1);
	log_goes_on();
}

static void ring_host(void)
{
	__u64 to = *(volatile __u64 *)&comm->host_doorbell;

	if (!to)
		return;
	apic_send(to >> 32, to & 0xff);
}

static void log_flood(void)
{
	static const char line[] =
		"and on and on and on and on and on and on and on\n";
	struct cok_log_rec rec = { .tsc = __builtin_ia32_rdtsc(),
				   .len = sizeof(line) - 1 };

	for (int i = 0; i < 100; i++)
		put_rec(rec, line, rec.len);
	if (!(ticks % 50))
		ring_host();
}

/* One line without end. */
static void log_endless(void)
{
	static char line[COK_LOG_TEXT_MAX];
	struct cok_log_rec rec = { .len = sizeof(line) };

	for (__u32 i = 0; i < sizeof(line); i++)
		line[i] = 'a' + i % 26;
	while (put_rec(rec, line, sizeof(line)))
		;
}

static void log_noise(void)
{
	if (ticks > 200)
		return;
	noise(log_at);
	wait_ms(2);
	if (ticks == 200)
		log_prod(random());
}

/* ---- lies in the control rings ----------------------------------------- */

static void c2h_ahead(void)
{
	cok_ring_store(&ring(c2h_at)->prod, sent + COK_CTRL_SLOTS + 1);
}

static void c2h_behind(void)
{
	cok_ring_store(&ring(c2h_at)->prod, sent - 1);
}

/* The types that exist, and those that don't. */
static void flood_types(void)
{
	put_msg((struct cok_msg){ .type = random(), .txid = last_txid });
	put_msg((struct cok_msg){ .type = random() % 256 | 0x88 });
	put_msg((struct cok_msg){ .type = 0 });
}

static void ready_again(void)
{
	if (ticks < 10)
		send((struct cok_msg){ .type = COK_MSG_READY, .arg0 = ~0ULL });
}

static void pong_flood(void)
{
	put_msg((struct cok_msg){ .type = COK_MSG_PONG, .txid = random() });
	put_msg((struct cok_msg){ .type = COK_MSG_PONG, .txid = 0 });
	put_msg((struct cok_msg){ .type = COK_MSG_PONG,
				  .txid = random() % 4096 });
}

static void stopped_not(void)
{
	if (!ticks)
		send((struct cok_msg){ .type = COK_MSG_STOPPED });
}

static void host_types(void)
{
	for (__u16 type = COK_MSG_OFFER; type <= COK_MSG_ANSWER; type++)
		put_msg((struct cok_msg){ .type = type,
					  .txid = last_txid,
					  .total = 1,
					  .kind = COK_RES_CPU });
}

static void answers_about(__u64 txid)
{
	static const __u16 types[] = { COK_MSG_ACCEPT, COK_MSG_PREPARED,
				       COK_MSG_DECLINE };

	for (int i = 0; i < 3; i++)
		put_msg((struct cok_msg){ .type = types[i],
					  .txid = txid,
					  .total = 1,
					  .kind = COK_RES_CPU });
}

static void unknown_txns(void)
{
	answers_about(0);
	answers_about(~0ULL);
	answers_about(last_txid + 1000000);
	answers_about(random());
}

/* Slowly: the host answers each with the outcome. */
static void finished_txns(void)
{
	if (ticks % 64)
		return;
	if (last_txid)
		answers_about(last_txid);
}

/* It doesn't read the host's answers to that: they fill the ring. */
static void finished_flood(void)
{
	if (!last_txid)
		return;
	answers_about(last_txid);
	deaf = ticks > 100;
}

static void seq_jumps(void)
{
	seq = random();
}

/* Well-formed in all but sense: what a fuzzer would find first. */
static void random_msgs(void)
{
	struct cok_msg m;

	for (__u32 i = 0; i < sizeof(m) / 8; i++)
		((__u64 *)&m)[i] = random();
	if (random() & 1)
		m.epoch = 0; /* then it is put right */
	m.type = (random() & 1 ? 0x80 : 0) | random() % 16;
	m.txid = last_txid + random() % 8 - 4;
	if (random() & 1)
		m.total = m.index = random() % 2;
	/* It shall live: no core is started where random() says. */
	if (m.type == COK_MSG_ACCEPT || m.type == COK_MSG_PREPARED)
		m.index = 1 + random() % 8;
	if (m.type == COK_MSG_DECLINE)
		m.txid = last_txid + 1000;
	put_msg(m);
}

static void h2c_cons(void)
{
	cok_ring_store(&ring(h2c_at)->cons, taken + 1000);
	deaf = 1;
}

static void h2c_cons_back(void)
{
	cok_ring_store(&ring(h2c_at)->cons, taken - COK_CTRL_SLOTS - 1);
	deaf = 1;
}

static void never_read(void)
{
	deaf = starving = 1;
}

static void conin_cons(void)
{
	starving = 1;
	cok_ring_store(&ring(conin_at)->cons, eaten + 10000);
}

/* Only once the host waits for room. */
static void conin_full(void)
{
	struct cok_ring *r = ring(conin_at);

	starving = 1;
	if (cok_ring_load(&r->prod) - eaten != COK_CONIN_BYTES)
		return;
	wait_ms(500);
	cok_ring_store(&r->cons, eaten + 10000);
}

/* ---- lies in transactions ---------------------------------------------- */

/* Each field wrong, one at a time. */
static void wrong_fields(const struct cok_msg *m)
{
	struct cok_msg a;

#define WRONG(field, value) (a = agree(m), a.field = (value), send(a))
	WRONG(index, m->index + 1);
	WRONG(index, 65535);
	WRONG(total, m->total + 1);
	WRONG(total, 0);
	WRONG(kind, 3 - m->kind);
	WRONG(kind, 0);
	WRONG(start, m->start + 4096);
	WRONG(start, ~m->start);
	WRONG(size, m->size + 4096);
	WRONG(size, ~0ULL);
	WRONG(txid, m->txid + 1);
#undef WRONG
}

static void wrong_then_right(const struct cok_msg *m)
{
	wrong_fields(m);
	send(agree(m));
}

static void other_kind(const struct cok_msg *m)
{
	struct cok_msg a = agree(m);

	a.type = m->type == COK_MSG_OFFER ? COK_MSG_PREPARED : COK_MSG_ACCEPT;
	send(a);
}

static void twice(const struct cok_msg *m)
{
	send(agree(m));
	send(agree(m));
}

static void then_decline(const struct cok_msg *m)
{
	send(agree(m));
	send((struct cok_msg){ .type = COK_MSG_DECLINE, .txid = m->txid });
}

static void odd_decline(const struct cok_msg *m)
{
	send((struct cok_msg){ .type = COK_MSG_DECLINE,
			       .txid = m->txid,
			       .status = 65535,
			       .index = 40000,
			       .total = 3 });
}

static struct cok_msg part(const struct cok_msg *m, __u64 start, __u64 size)
{
	struct cok_msg a = agree(m);

	a.type = COK_MSG_PARTIAL;
	a.status = COK_WHY_IN_USE;
	a.start = start;
	a.size = size;
	return a;
}

#define UNIT 0x200000ULL

/* Parts that are none. */
static void odd_parts(const struct cok_msg *m)
{
	send(part(m, m->start, m->size));
	send(part(m, m->start, m->size + UNIT));
	send(part(m, m->start, ~0ULL));
	send(part(m, m->start, ~0ULL << 21));
	send(part(m, m->start - UNIT, UNIT));
	send(part(m, m->start - UNIT, m->size));
	send(part(m, m->start + m->size, UNIT));
	send(part(m, m->start + UNIT, m->size));
	send(part(m, m->start + 4096, UNIT));
	send(part(m, m->start, UNIT + 4096));
	send(part(m, m->start, 4096));
	send(part(m, m->start, 1));
	send(part(m, m->start + UNIT, 0));
}

/* The answer stands. */
static void then_partial(const struct cok_msg *m)
{
	send(agree(m));
	send(part(m, m->start, 0));
	send(part(m, m->start, m->size));
}

static void done_early(const struct cok_msg *m)
{
	send((struct cok_msg){ .type = COK_MSG_DONE, .txid = m->txid });
	send(agree(m));
}

static void decline(const struct cok_msg *m)
{
	if (m->index + 1 == m->total)
		send((struct cok_msg){ .type = COK_MSG_DECLINE,
				       .txid = m->txid,
				       .status = COK_WHY_REFUSED });
}

static void first_only(const struct cok_msg *m)
{
	if (!m->index)
		send(agree(m));
}

static void say_nothing(const struct cok_msg *m)
{
	if (nr_held < COK_TXN_MAX_RES)
		held[nr_held++] = agree(m);
}

/* The deadline has passed: now. */
static void too_late(const struct cok_msg *m)
{
	(void)m;
	for (__u32 i = 0; i < nr_held; i++)
		send(held[i]);
	if (nr_held)
		print("rogue: answered late\n");
	nr_held = 0;
}

static void entry_at(const struct cok_msg *m, __u64 entry)
{
	struct cok_msg a = agree(m);

	a.arg0 = entry;
	a.arg1 = ~0ULL;
	send(a);
}

static void entry_odd(const struct cok_msg *m)
{
	entry_at(m, 0xdead000000000000);
}

static void entry_unmapped(const struct cok_msg *m)
{
	entry_at(m, 0x700000000000);
}

static void entry_data(const struct cok_msg *m)
{
	entry_at(m, (__u64)held);
}

/* ---- lies unasked -------------------------------------------------------- */

/* Of what there is not, of what has ended, and twice. */
static void forged_done(void)
{
	for (int i = 0; i < 2; i++) {
		put_msg((struct cok_msg){ .type = COK_MSG_DONE,
					  .txid = last_txid });
		put_msg((struct cok_msg){ .type = COK_MSG_DONE,
					  .txid = random() });
	}
}

static void queries(void)
{
	put_msg((struct cok_msg){ .type = COK_MSG_QUERY_END });
	put_msg((struct cok_msg){ .type = COK_MSG_QUERY_END,
				  .txid = random() });
	put_msg((struct cok_msg){ .type = COK_MSG_QUERY_END,
				  .txid = last_txid + random() % 4 });
}

static __u64 asked; /* the last of its own numbers */

static struct cok_msg request(__u64 txid, __u32 kind, __u64 size, __u64 urgency)
{
	return (struct cok_msg){ .type = COK_MSG_REQUEST,
				 .txid = txid,
				 .kind = kind,
				 .size = size,
				 .arg0 = urgency };
}

/* None of them is a request. */
static void odd_requests(void)
{
	put_msg(request(0, COK_RES_CPU, 1, 0));
	put_msg(request(++asked, 0, 1, 0));
	put_msg(request(++asked, 3, 1, 0));
	put_msg(request(++asked, COK_RES_CPU, 0, 0));
	put_msg(request(++asked, COK_RES_MEM, 0, 0));
	put_msg(request(++asked, COK_RES_CPU, ~0ULL, 0));
	put_msg(request(++asked, COK_RES_MEM, ~0ULL, 0));
	put_msg(request(++asked, COK_RES_MEM, 4096, 3));
	put_msg(request(++asked, COK_RES_MEM, 4096, ~0ULL));
	put_msg((struct cok_msg){ .type = COK_MSG_CANCEL });
	put_msg((struct cok_msg){ .type = COK_MSG_CANCEL, .txid = ~0ULL });
}

/* New ones, old ones, and cancelled before they come. */
static void request_flood(void)
{
	for (int i = 0; i < 8; i++)
		put_msg(request(++asked, 1 + random() % 2, 1 + random() % 64,
				random() % 3));
	put_msg(request(1 + random() % asked, COK_RES_CPU, 1, 0));
	put_msg((struct cok_msg){ .type = COK_MSG_CANCEL,
				  .txid = 1 + random() % (asked + 8) });
}

static struct cok_msg release(__u32 kind, __u64 start, __u64 size)
{
	return (struct cok_msg){ .type = COK_MSG_RELEASE,
				 .txid = asked,
				 .total = 1,
				 .kind = kind,
				 .start = start,
				 .size = size };
}

/* Each until the host has had the time to see to it. */
static void release_one(__u32 kind, __u64 start, __u64 size)
{
	asked++;
	send(release(kind, start, size));
	wait_ms(30);
}

/* What is not its, what it can't spare, and half of what can't be halved. */
static void odd_releases(void)
{
	const struct cok_mem_range *mem = &boot->mem[0];
	struct cok_msg m;

	if (ticks)
		return;
	release_one(COK_RES_CPU, boot->apic_id, 0);
	release_one(COK_RES_CPU, 0, 0);
	release_one(COK_RES_CPU, 0, 1);
	release_one(COK_RES_CPU, 1, 63);
	release_one(COK_RES_CPU, ~0ULL, ~0ULL);
	release_one(COK_RES_MEM, mem->start, mem->size);
	release_one(COK_RES_MEM, mem->start, mem->size / 2);
	release_one(COK_RES_MEM, mem->start + mem->size / 2, mem->size / 2);
	release_one(COK_RES_MEM, mem->start - mem->size, mem->size);
	release_one(COK_RES_MEM, 0, UNIT);
	release_one(COK_RES_MEM, 0x1000000, 0);
	release_one(COK_RES_MEM, mem->start + 1, 4095);
	release_one(COK_RES_MEM, ~0ULL << 21, UNIT);
	release_one(COK_RES_MEM, UNIT, ~0ULL << 21);
	release_one(3, 0, 0);
	for (__u16 total = 2; total < 65; total += 31) {
		m = release(COK_RES_MEM, mem->start, mem->size);
		m.txid = ++asked;
		m.total = total;
		send(m);
		m.index = 1; /* the same again */
		send(m);
		m.index = total;
		send(m);
	}
	m.txid = 0;
	send(m);
	print("rogue: nothing left\n");
}

/* The memory that was granted last: once, again, and while that goes on. */
static struct cok_msg granted;
static int committed;

static void remember(const struct cok_msg *m)
{
	if (m->type == COK_MSG_OFFER && m->kind == COK_RES_MEM)
		granted = *m;
	send(agree(m));
}

static void remember_end(const struct cok_msg *m)
{
	committed = m->type == COK_MSG_COMMIT && m->txid == granted.txid;
}

static void release_twice(void)
{
	if (!committed)
		return;
	asked++;
	for (int i = 0; i < 3; i++)
		send(release(granted.kind, granted.start, granted.size));
	release_one(granted.kind, granted.start, granted.size);
	release_one(granted.kind, granted.start, granted.size);
	committed = 0;
	print("rogue: released\n");
}

static void other_epoch(void)
{
	epoch = comm->epoch + 1;
}

/* ---- lies in the first page and the stats ------------------------------ */

static void header(void)
{
	volatile __u64 *p = (void *)comm;

	/* What the host wrote, up to its words; and those. */
	for (int i = 0; i < 256 / 8; i++)
		p[i] = ticks & 1 ? random() : ~0ULL;
	comm->log_dropped = ~0ULL;
	comm->nonce = random();
	comm->panic_core = ~0u;
}

static void odd_ck_state(void)
{
	static const __u32 odd[] = { 6, 0, 1, 0x80000000, 0xffffffff, 65536 };

	comm->ck_state = odd[ticks % 6];
}

static void panic_text(void)
{
	static const char evil[] = "\x1b[2J\x9b"
				   "31m\r\n\b\x7f\t{\"\\";

	for (__u32 i = 0; i < sizeof(comm->panic_text); i++)
		comm->panic_text[i] = evil[i % (sizeof(evil) - 1)];
	for (__u32 i = 0; i < sizeof(comm->pad); i++)
		comm->pad[i] = 'X';
	for (__u32 i = 0; i < COK_MAX_CORES; i++)
		for (__u32 j = 0; j < sizeof(struct cok_regs) / 8; j++)
			((__u64 *)&stats(i)->regs)[j] = random();
	comm->panic_core = 4000000000;
	halt(COK_CK_PANIC);
}

static void claim_stopped(void)
{
	halt(COK_CK_STOPPED);
}

static void claim_parked(void)
{
	halt(COK_CK_PARKED);
}

static void odd_stats(void)
{
	for (__u32 i = 0; i < COK_MAX_CORES; i++) {
		volatile __u64 *p = (void *)stats(i);

		for (__u32 j = 0; j < sizeof(struct cok_stats) / 8; j++)
			p[j] = ticks & 1 ? random() : ~0ULL;
	}
}

static void all_noise(void)
{
	noise((struct cok_region){ 0, boot->comm_size });
}

/* ---- others ------------------------------------------------------------ */

static void storm(void)
{
	for (int i = 0; i < 1000; i++)
		ring_host();
}

static void invalid_opcode(void)
{
	__asm__ volatile("ud2");
}

static void page_fault(void)
{
	(void)*(volatile char *)0x700000000000;
}

static void no_stack(void)
{
	__asm__ volatile("xor %esp, %esp; push %rax");
}

static void write_text(void)
{
	*(volatile char *)second = 0;
}

static void odd_address(void)
{
	(void)*(volatile char *)0xdead000000000000;
}

static void not_ready(void)
{
	print("rogue: never ready\n");
	for (;;) {
		poll();
		nap();
	}
}

static void early_answers(void)
{
	for (int i = 0; i < 30; i++) {
		answers_about(i);
		host_types();
		wait_ms(20);
	}
}

static void early_noise(void)
{
	for (;;)
		all_noise();
}

/*
 * The host's page that a core starts from has its GDT: all before that is orders
 * and answers between the host and its own code.
 */
static void core_page(void)
{
	volatile __u64 *p;
	struct table t;

	__asm__ volatile("sgdt %0" : "=m"(t));
	p = (void *)(t.base & ~(COK_PAGE_SIZE - 1));
	for (int i = 0; i < 0xb0 / 8; i++)
		p[i] = random();
}

/*
 * Another mode if the host's is x2APIC, else another address: INIT keeps both,
 * and whoever gets the core next must not find them.
 */
static void apic_base(void)
{
	const __u64 base = rdmsr(MSR_APIC_BASE);

	if (awake)
		return;
	awake = 1;
	if (boot->apic_mode == COK_APIC_X2APIC) {
		wrmsr(MSR_APIC_BASE, base & ~0xc00ULL);
		wrmsr(MSR_APIC_BASE, base & ~0x400ULL);
	} else {
		wrmsr(MSR_APIC_BASE, base + COK_PAGE_SIZE);
	}
	print(rdmsr(MSR_APIC_BASE) == base ? "rogue: the same APIC\n"
					   : "rogue: another APIC\n");
}

/* Told before READY. */
static const struct lie early_lies[] = {
	{ .name = "early-ud", .tell = invalid_opcode },
	{ .name = "early-pf", .tell = page_fault },
	{ .name = "early-gp", .tell = odd_address },
	{ .name = "early-rsp", .tell = no_stack },
	{ .name = "early-wp", .tell = write_text },
	{ .name = "early-noise", .tell = early_noise },
	{ .name = "early-answers", .tell = early_answers },
	{ .name = "not-ready", .tell = not_ready },
};

static const struct lie lies[] = {
	{ .name = "none" },
	{ .name = "log-ahead", .tell = log_ahead },
	{ .name = "log-behind", .tell = log_behind },
	{ .name = "log-backwards", .tell = log_backwards },
	{ .name = "log-misaligned", .tell = log_misaligned },
	{ .name = "log-records", .tell = log_records },
	{ .name = "log-values", .tell = log_values },
	{ .name = "log-text", .tell = log_text },
	{ .name = "log-flood", .tell = log_flood, .fast = 1 },
	{ .name = "log-endless", .tell = log_endless, .fast = 1 },
	{ .name = "log-noise", .tell = log_noise, .fast = 1 },
	{ .name = "c2h-ahead", .tell = c2h_ahead },
	{ .name = "c2h-behind", .tell = c2h_behind },
	{ .name = "types", .tell = flood_types },
	{ .name = "ready", .tell = ready_again },
	{ .name = "pong", .tell = pong_flood },
	{ .name = "stopped", .tell = stopped_not },
	{ .name = "host-types", .tell = host_types },
	{ .name = "unknown-txns", .tell = unknown_txns },
	{ .name = "finished-txns", .tell = finished_txns },
	{ .name = "finished-flood", .tell = finished_flood, .undone = 1 },
	{ .name = "seq", .tell = seq_jumps },
	{ .name = "random-msgs", .tell = random_msgs },
	{ .name = "h2c-cons", .tell = h2c_cons },
	{ .name = "h2c-cons-back", .tell = h2c_cons_back },
	{ .name = "never-read", .tell = never_read },
	{ .name = "conin-cons", .tell = conin_cons },
	{ .name = "conin-full", .tell = conin_full },
	{ .name = "wrong-fields", .answer = wrong_fields },
	{ .name = "wrong-then-right", .answer = wrong_then_right },
	{ .name = "other-kind", .answer = other_kind },
	{ .name = "twice", .answer = twice },
	{ .name = "then-decline", .answer = then_decline },
	{ .name = "odd-decline", .answer = odd_decline },
	{ .name = "odd-parts", .answer = odd_parts },
	{ .name = "then-partial", .answer = then_partial },
	{ .name = "done-early", .answer = done_early },
	{ .name = "no-done", .answer = decline, .undone = 1 },
	{ .name = "forged-done", .tell = forged_done },
	{ .name = "queries", .tell = queries, .fast = 1 },
	{ .name = "odd-requests", .tell = odd_requests },
	{ .name = "request-flood", .tell = request_flood, .fast = 1 },
	{ .name = "odd-releases", .tell = odd_releases },
	{ .name = "release-twice",
	  .tell = release_twice,
	  .answer = remember,
	  .outcome = remember_end },
	{ .name = "epoch", .tell = other_epoch },
	{ .name = "first-only", .answer = first_only },
	{ .name = "late", .answer = say_nothing, .outcome = too_late },
	{ .name = "entry-odd", .answer = entry_odd },
	{ .name = "entry-unmapped", .answer = entry_unmapped },
	{ .name = "entry-data", .answer = entry_data },
	{ .name = "header", .tell = header },
	{ .name = "ck-state", .tell = odd_ck_state },
	{ .name = "panic-text", .tell = panic_text },
	{ .name = "claim-stopped", .tell = claim_stopped },
	{ .name = "claim-parked", .tell = claim_parked },
	{ .name = "stats", .tell = odd_stats },
	{ .name = "noise", .tell = all_noise, .fast = 1 },
	{ .name = "core-page", .tell = core_page },
	{ .name = "apic-base", .tell = apic_base },
	{ .name = "storm", .tell = storm, .fast = 1 },
	{ .name = "late-ud", .tell = invalid_opcode },
};

static const struct lie *find(const struct lie *from, __u32 n, const char *word)
{
	for (__u32 i = 0; i < n; i++)
		if (same(word, from[i].name))
			return &from[i];
	return (void *)0;
}

#define FIND(table, word) find(table, sizeof(table) / sizeof(table[0]), word)

/* ---- the truth --------------------------------------------------------- */

/* A lie's name, or anything else, which is answered. */
static void line_typed(const char *line)
{
	const struct lie *found = FIND(lies, line);

	if (!found) {
		print("\nrogue: I hear\n"); /* on a line of its own */
		quiet_until = __builtin_ia32_rdtsc() + 2000ULL * boot->tsc_khz;
		return;
	}
	print("rogue: now I lie\n");
	log_read();
	lie = found;
	quiet_until = ticks = nr_held = last_txid = committed = 0;
}

static void console(void)
{
	static char line[80];
	static __u32 n;
	struct cok_ring *r = ring(conin_at);
	const char *data = (const char *)(r + 1);
	__u32 prod = cok_ring_load(&r->prod);

	while (!starving && cok_ring_used(prod, eaten, COK_CONIN_BYTES) > 0) {
		char c = data[eaten++ % COK_CONIN_BYTES];

		cok_ring_store(&r->cons, eaten);
		line[n] = c == '\n' ? 0 : c;
		if (c == '\n')
			line_typed(line);
		n = c == '\n' ? 0 : n + (n < sizeof(line) - 1);
	}
}

static void open_comm(void)
{
	comm = (struct cok_comm *)boot->comm_phys;
	epoch = comm->epoch;
	h2c_at = comm->h2c;
	c2h_at = comm->c2h;
	conin_at = comm->conin;
	log_at = comm->log;
	stats_at = comm->stats;
	stats(0)->apic_id = boot->apic_id;
	stats(0)->state = COK_CORE_ONLINE;
	comm->ck_state = COK_CK_RUNNING;
}

void rogue(const struct cok_boot *params);
void rogue(const struct cok_boot *params)
{
	const struct lie *early;

	boot = params;
	open_comm();
	open_interrupts();
	print("rogue: hello\n");
	lie = &lies[0];
	early = FIND(early_lies, boot->cmdline);
	if (early)
		early->tell();
	send((struct cok_msg){ .type = COK_MSG_READY });
	for (;;) {
		poll();
		console();
		if (lie->tell && __builtin_ia32_rdtsc() >= quiet_until) {
			lie->tell();
			ticks++;
		}
		stats(0)->heartbeat++;
		if (!lie->fast)
			nap();
	}
}
