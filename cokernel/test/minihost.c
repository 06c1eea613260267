// SPDX-License-Identifier: GPL-2.0
/*
 * minihost: plays the host's part without Linux, to try a co-kernel in QEMU
 * within a second. A 32-bit multiboot kernel that runs on the first CPU, boots
 * the image (its -initrd) on the second as boot.h says, prints the log ring on
 * the serial line, and sends it what comes in there: lines that begin with '!'
 * are for minihost (see command()), others are for the console. A developer's
 * tool: it trusts the co-kernel, checks nothing, and leaves out the early IDT.
 * See test/minihost.sh.
 */
#include <linux/types.h>
#include <cok/boot.h>
#include <cok/comm.h>

typedef __u32 u32;
typedef __u64 u64;
typedef __u8 u8;

#define COMM_PHYS   0x1000000u
#define BOOT_PHYS   0xf00000u
#define TABLES_PHYS 0xe00000u
#define MEM_PHYS    0x8000000u /* -m 512: 128 MiB .. 192 MiB at boot */
#define MEM_SIZE    0x4000000u
#define SLOTS	    4
#define APIC	    0xfee00000u
#define DOORBELL    0x50

extern char trampoline[], trampoline_end[];
static struct cok_boot *const boot = (void *)BOOT_PHYS;
static struct cok_comm *const comm = (void *)COMM_PHYS;
static u64 txid, h2c_seq, tsc_khz, last_txid;
static u32 tables = TABLES_PHYS;
static u32 h2c_prod, c2h_cons, log_cons, con_prod;
static int hold, mute, deadline_s = 5;
static u32 epoch = 1, granule;
static u64 arg1; /* of OFFER: a request; of RECALL: the amount wanted */
static struct cok_msg accepted[32];
static struct { /* the last list of ours, to be said again */
	struct cok_msg msg[32];
	u32 n;
} list;

void minihost(const u32 *mb);

static void outb(unsigned short p, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(p));
}

static u8 inb(unsigned short p)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}

static u64 rdtsc(void)
{
	u64 v;

	__asm__ volatile("rdtsc" : "=A"(v));
	return v;
}

void *memcpy(void *d, const void *s, __SIZE_TYPE__ n)
{
	void *r = d;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return r;
}

void *memset(void *d, int c, __SIZE_TYPE__ n)
{
	void *r = d;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return r;
}

static void put(const char *s)
{
	for (; *s; s++)
		outb(0x3f8, (u8)*s);
}

static void num(const char *name, u64 v)
{
	char t[19] = "0x";
	int n = 2, shift = 60;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		t[n++] = "0123456789abcdef"[v >> shift & 15];
	t[n] = 0;
	put(name);
	put(t);
}

/* Measured against the PIT: 65536 - ticks at 1193182 Hz, 50 ms. */
static void calibrate(void)
{
	u64 t;

	outb(0x61, (inb(0x61) & ~2) | 1);
	outb(0x43, 0xb0);
	outb(0x42, 59659 & 255);
	outb(0x42, 59659 >> 8);
	t = rdtsc();
	while (!(inb(0x61) & 0x20))
		;
	tsc_khz = (u32)(rdtsc() - t) / 50;
}

static void wait_ms(u32 ms)
{
	u64 end = rdtsc() + ms * tsc_khz;

	while (rdtsc() < end)
		__asm__ volatile("pause");
}

static void apic_send(u32 id, u32 low)
{
	while (*(volatile u32 *)(APIC + 0x300) & 1u << 12)
		;
	*(volatile u32 *)(APIC + 0x310) = id << 24;
	*(volatile u32 *)(APIC + 0x300) = low;
}

/* ---- page tables and image ---------------------------------------------- */

static u64 *table(u64 *e)
{
	if (!*e) {
		*e = tables | 3;
		tables += 4096;
	}
	return (u64 *)(u32)(*e & ~0xfffull);
}

static void map(u64 va, u64 pa, u32 size, u64 flags)
{
	for (; (int)size > 0; va += 4096, pa += 4096, size -= 4096) {
		u64 *t = (u64 *)TABLES_PHYS;

		t = table(&t[va >> 39 & 511]);
		t = table(&t[va >> 30 & 511]);
		t = table(&t[va >> 21 & 511]);
		t[va >> 12 & 511] = pa | flags | 1;
	}
}

static u64 load_image(const u8 *elf)
{
	u64 entry = *(u64 *)(elf + 24), base = 0, end = 0;
	u32 n = *(unsigned short *)(elf + 56);

	for (u32 i = 0; i < n; i++) {
		const u8 *p = elf + *(u64 *)(elf + 32) + i * 56;
		u64 va = *(u64 *)(p + 16), fsz = *(u64 *)(p + 32);
		u64 msz = *(u64 *)(p + 40), fl = 0;
		u32 to;

		if (*(u32 *)p != 1)
			continue;
		if (!base)
			base = va;
		to = MEM_PHYS + (u32)(va - base);
		memset((void *)to, 0, (u32)msz);
		memcpy((void *)to, elf + *(u64 *)(p + 8), (u32)fsz);
		if (p[4] & 2)
			fl |= 2;
		if (!(p[4] & 1))
			fl |= 1ull << 63;
		map(va, to, (u32)msz, fl);
		end = va + msz;
	}
	boot->image_virt = base;
	/* As the module says it: whole pages. */
	boot->image_size = (end - base + 4095) & ~4095ull;
	return entry;
}

static void build(const char *args)
{
	u32 at = 4096;
	struct {
		struct cok_region *r;
		u32 n;
	} regions[] = {
		{ &comm->h2c, 128 + 64 * 64 },
		{ &comm->c2h, 128 + 64 * 64 },
		{ &comm->conin, 128 + COK_CONIN_BYTES },
		{ &comm->log, 128 + COK_LOG_BYTES },
		{ &comm->stats, SLOTS * 4096 },
	};

	memset(boot, 0, 4096);
	memset(comm, 0, 0x40000);
	memset((void *)TABLES_PHYS, 0, 0x100000);
	tables += 4096;
	for (u32 i = 0; i < 5; i++) {
		regions[i].r->offset = at;
		regions[i].r->size = regions[i].n;
		at += (regions[i].n + 4095) & ~4095u;
	}
	comm->magic = COK_COMM_MAGIC;
	comm->abi_major = boot->abi_major = COK_ABI_MAJOR;
	comm->abi_minor = boot->abi_minor = COK_ABI_MINOR;
	comm->size = at;
	comm->nr_stats = SLOTS;
	comm->epoch = epoch;
	comm->host_doorbell = 0x40; /* stays pending: interrupts are off here */
	boot->magic = COK_BOOT_MAGIC;
	boot->size = sizeof(*boot);
	boot->enclave_id = 1;
	boot->apic_id = 1;
	boot->apic_mode = COK_APIC_XAPIC;
	boot->tsc_khz = (u32)tsc_khz;
	boot->apic_base = APIC;
	boot->comm_phys = COMM_PHYS;
	boot->comm_size = at;
	boot->image_phys = boot->mem[0].start = MEM_PHYS;
	boot->mem[0].size = MEM_SIZE;
	boot->doorbell_vector = DOORBELL;
	boot->nr_mem = 1;
	memcpy(boot->name, "mini", 5);
	while (*args && *args++ != ' ')
		; /* the file's name */
	for (u32 i = 0; args[i] && i < COK_CMDLINE_MAX - 1; i++)
		boot->cmdline[i] = args[i];
	map(MEM_PHYS, MEM_PHYS, MEM_SIZE, 2 | 1ull << 63);
	map(COMM_PHYS, COMM_PHYS, at, 2 | 1ull << 63);
	map(BOOT_PHYS, BOOT_PHYS, 4096, 2 | 1ull << 63);
	map(APIC, APIC, 4096, 2 | 0x18 | 1ull << 63);
	map(0x8000, 0x8000, 4096, 2);
}

static void start(u32 id, u64 entry, u64 arg)
{
	volatile u32 *w = (u32 *)0x8f00;

	memcpy((void *)0x8000, trampoline, (u32)(trampoline_end - trampoline));
	w[0] = TABLES_PHYS;
	*(u64 *)0x8f08 = entry;
	*(u64 *)0x8f10 = BOOT_PHYS;
	*(u64 *)0x8f18 = arg;
	w[8] = 0;
	apic_send(id, 0x4500);
	wait_ms(10);
	apic_send(id, 0x4608);
	for (int i = 0; i < 1000 && !w[8]; i++)
		wait_ms(1);
	put(w[8] ? "" : "[core did not start]\n");
}

/* ---- rings ---------------------------------------------------------------- */

static void send(const struct cok_msg *m)
{
	struct cok_ring *r = (void *)comm + comm->h2c.offset;
	struct cok_msg *slot = (void *)(r + 1);

	slot += h2c_prod % COK_CTRL_SLOTS;
	*slot = *m;
	slot->seq = ++h2c_seq;
	slot->epoch = epoch;
	__atomic_store_n(&r->prod, ++h2c_prod, __ATOMIC_RELEASE);
}

static void ring_core(void)
{
	apic_send(1, DOORBELL | 0x4000);
}

static void simple(u32 type, u64 id, u64 arg0)
{
	struct cok_msg m = { .type = (__u16)type, .txid = id, .arg0 = arg0 };

	send(&m);
	ring_core();
}

static void say_answer(u64 number, u64 answer, u64 why, u64 size)
{
	struct cok_msg m = { .type = COK_MSG_ANSWER, .txid = number };

	m.arg0 = answer;
	m.status = (__u16)why;
	m.size = size;
	send(&m);
	ring_core();
}

static void start_cores(void)
{
	for (u32 i = 0; i < accepted[0].total; i++)
		if (accepted[i].type == COK_MSG_ACCEPT &&
		    accepted[i].kind == COK_RES_CPU)
			start((u32)accepted[i].start, accepted[i].arg0,
			      accepted[i].arg1);
}

static void commit(void)
{
	simple(COK_MSG_COMMIT, last_txid, 0);
	if (hold < 2)
		start_cores();
}

static void answer(const struct cok_msg *m)
{
	num("[msg type ", m->type);
	num(" txid ", m->txid);
	num(" status ", m->status);
	num(" index ", m->index);
	num(" of ", m->total);
	num(" start ", m->start);
	num(" size ", m->size);
	num(" arg0 ", m->arg0);
	num(" epoch ", m->epoch);
	put("]\n");
	if (hold)
		return;
	if (m->type == COK_MSG_QUERY_END && m->txid == last_txid)
		simple(COK_MSG_COMMIT, last_txid, 0);
	if (m->type == COK_MSG_RELEASE && m->index + 1 == m->total)
		say_answer(m->txid, COK_ANSWER_DONE, 0, 0);
}

static void agreed(const struct cok_msg *m)
{
	if (m->type != COK_MSG_ACCEPT && m->type != COK_MSG_PREPARED &&
	    m->type != COK_MSG_PARTIAL)
		return;
	accepted[m->index & 31] = *m;
	/* An answer that is repeated has its COMMIT already. */
	if (m->txid == last_txid)
		return;
	if (m->index + 1 < m->total)
		return;
	last_txid = m->txid;
	if (!hold)
		commit();
}

static void drain(void)
{
	struct cok_ring *c = (void *)comm + comm->c2h.offset;
	struct cok_ring *l = (void *)comm + comm->log.offset;
	const u8 *data = (void *)(l + 1);
	static u32 state;

	if (!mute)
		comm->host_heartbeat++;
	while (c2h_cons != __atomic_load_n(&c->prod, __ATOMIC_ACQUIRE)) {
		struct cok_msg m = ((struct cok_msg *)(c + 1))[c2h_cons % 64];

		c->cons = ++c2h_cons;
		answer(&m);
		agreed(&m);
	}
	while (log_cons != __atomic_load_n(&l->prod, __ATOMIC_ACQUIRE)) {
		u32 len = data[(log_cons + 8) % COK_LOG_BYTES] |
			  (u32)data[(log_cons + 9) % COK_LOG_BYTES] << 8;

		for (u32 i = 0; i < len; i++)
			outb(0x3f8, data[(log_cons + 16 + i) % COK_LOG_BYTES]);
		log_cons += (16 + len + 15) & ~15u;
		l->cons = log_cons;
	}
	if (state != comm->ck_state) {
		state = comm->ck_state;
		num("[ck_state ", state);
		put(comm->panic_text[0] ? " panic: " : "");
		put(comm->panic_text);
		put("]\n");
	}
}

/* ---- commands --------------------------------------------------------------- */

static u64 word(const char **p)
{
	u64 v = 0;
	u32 base = 10;

	while (**p == ' ')
		(*p)++;
	if ((*p)[0] == '0' && (*p)[1] == 'x') {
		base = 16;
		*p += 2;
	}
	for (; **p > ' '; (*p)++)
		v = v * base + (u32)(**p <= '9' ? **p - '0' : **p - 'a' + 10);
	return v;
}

static void repeat(void)
{
	for (u32 i = 0; i < list.n; i++)
		send(&list.msg[i]);
	ring_core();
}

static void offer(u32 type, u32 kind, const char *p)
{
	struct cok_msg m[32];
	u32 n = 0;

	while (*p && n < 32) {
		u64 a = word(&p);

		m[n] = (struct cok_msg){ .kind = kind, .type = (__u16)type };
		m[n].status = kind == COK_RES_MEM ? (__u16)granule : 0;
		m[n].arg1 = arg1;
		m[n].start = kind == COK_RES_CPU ? a + 1 : a;
		m[n++].size = kind == COK_RES_CPU ? a : word(&p);
	}
	txid++;
	for (u32 i = 0; i < n; i++) {
		m[i].txid = txid;
		m[i].index = (__u16)i;
		m[i].total = (__u16)n;
		m[i].arg0 = rdtsc() + (u32)deadline_s * 1000 * tsc_khz;
	}
	memcpy(list.msg, m, sizeof(m));
	list.n = n;
	repeat();
}

static void dump(void)
{
	for (u32 i = 0; i < SLOTS; i++) {
		struct cok_stats *s = (void *)comm + comm->stats.offset;

		s += i;
		num("[core ", i);
		num(" state ", s->state);
		num(" apic ", s->apic_id);
		num(" heartbeat ", s->heartbeat);
		num(" nmis ", s->nmis);
		num(" regs.seq ", s->regs.seq);
		num(" vector ", s->regs.vector);
		num(" rip ", s->regs.rip);
		put("]\n");
	}
	num("[pages ", ((struct cok_stats *)((void *)comm + comm->stats.offset))
			       ->pages_total);
	num(" nonce ", comm->nonce);
	put("]\n");
}

static void pump(u32 ms)
{
	u64 end = rdtsc() + ms * tsc_khz;

	while (rdtsc() < end)
		drain();
}

/* Slots 0.. are APIC ids 1..; CPU lists are slots, memory lists START SIZE. */
static void command(const char *p)
{
	char c = *p++;
	u64 number, kind, why;
	u32 type;

	switch (c) {
	case 'p':
		simple(COK_MSG_PING, 0x1234, 0);
		break;
	case 'm':
		offer(COK_MSG_OFFER, COK_RES_MEM, p);
		break;
	case 'c':
		offer(COK_MSG_OFFER, COK_RES_CPU, p);
		break;
	case 'M':
		offer(COK_MSG_RECALL, COK_RES_MEM, p);
		break;
	case 'C':
		offer(COK_MSG_RECALL, COK_RES_CPU, p);
		break;
	case 'h': /* 1: COMMIT waits for 'y'; 2: and then starts no core */
		hold = (int)word(&p);
		break;
	case 'S': /* start the accepted cores, COMMIT or not */
		start_cores();
		break;
	case 'b': /* 0: no heartbeat any more */
		mute = !word(&p);
		break;
	case 'd':
		deadline_s = (int)word(&p);
		break;
	case 'g': /* log2 of the granule of memory; 0: none */
		granule = (u32)word(&p);
		break;
	case 'A': /* amount wanted by RECALL, or the request of an OFFER */
		arg1 = word(&p);
		break;
	case 'e': /* epoch of what is sent from now on */
		epoch = (u32)word(&p);
		break;
	case 'l': /* the last OFFER or RECALL once more */
		repeat();
		break;
	case 'r': /* NUMBER ANSWER [WHY [SIZE]] */
		number = word(&p);
		kind = word(&p);
		why = word(&p);
		say_answer(number, kind, why, word(&p));
		break;
	case 'y':
		commit();
		break;
	case 'a':
		simple(COK_MSG_ABORT, last_txid, 0);
		break;
	case 't':
		type = (u32)word(&p);
		simple(type, word(&p), 0);
		break;
	case 's':
		simple(COK_MSG_STOP, 0, rdtsc() + 5000 * tsc_khz);
		break;
	case 'n':
		apic_send((u32)word(&p) + 1, 0x4400);
		break;
	case 'P':
		comm->probe = word(&p);
		break;
	case 'v':
		apic_send(1, (u32)word(&p) | 0x4000);
		break;
	case 'w':
		pump((u32)word(&p));
		break;
	case 'D':
		dump();
		break;
	case 'q':
		outb(0xf4, 0);
		break;
	default:
		put("[?]\n");
	}
}

static void line(const char *s)
{
	struct cok_ring *r = (void *)comm + comm->conin.offset;
	char *data = (void *)(r + 1);

	if (*s == '!') {
		put(s);
		put("\n");
		command(s + 1);
		pump(30);
		return;
	}
	for (; *s; s++)
		data[con_prod++ % COK_CONIN_BYTES] = *s;
	data[con_prod++ % COK_CONIN_BYTES] = '\n';
	__atomic_store_n(&r->prod, con_prod, __ATOMIC_RELEASE);
	ring_core();
	pump(100);
}

void minihost(const u32 *mb)
{
	const u32 *mod = (const u32 *)mb[6];
	static char buf[256];
	u32 n = 0;

	*(volatile u32 *)(APIC + 0xf0) = 0x1ff;
	calibrate();
	build(mod[2] ? (const char *)mod[2] : "");
	start(1, load_image((const u8 *)mod[0]), 0);
	pump(300);
	for (;;) {
		drain();
		if (!(inb(0x3fd) & 1))
			continue;
		buf[n] = (char)inb(0x3f8);
		if (buf[n] == '\n' || buf[n] == '\r') {
			buf[n] = 0;
			n = 0;
			line(buf);
		} else if (n < sizeof(buf) - 1) {
			n++;
		}
	}
}
