// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC (SDM vol. 3, chapter 11), in the mode that the host runs its
 * own in: interrupts between our cores, to the host, and the timer. What is
 * stored before an IPI is seen by its receiver. Not verified on hardware.
 */
#include "kernel.h"
#include "mm.h"

#define APIC_ID		0x020
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SVR	0x0f0
#define APIC_ISR	0x100
#define APIC_ESR	0x280
#define APIC_ICR	0x300 /* x2APIC: all 64 bits */
#define APIC_ICR_HIGH	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_CUR	0x390
#define APIC_TIMER_DIV	0x3e0

#define SVR_ENABLE   0x1ff /* software enable, spurious vector 0xff */
#define ICR_PENDING  (1u << 12)
#define ICR_ASSERT   (1u << 14)
#define ICR_NMI	     (4u << 8)
#define LVT_MASKED   (1u << 16)
#define LVT_PERIODIC (1u << 17)
#define TIMER_DIV_16 3

#define CALIBRATE_MS	1
#define CALIBRATE_TRIES 20
#define ICR_WAIT_MS	10

u8 vec_timer, vec_event, vec_flush;
static u32 timer_count; /* of one tick */

/* ---- the two modes ------------------------------------------------------ */

struct apic_mode {
	const char *name;
	u64 base_bits; /* of MSR_APIC_BASE, under APIC_BASE_MODE */
	u32 id_shift;  /* of the id in its register */
	u32 id_max;    /* beyond it lies the broadcast */
	u32 (*read)(u32 reg);
	void (*write)(u32 reg, u32 v);
	void (*send)(u32 apic_id, u32 low); /* the ICR, interrupts off */
};

static volatile u32 *xapic_reg(u32 reg)
{
	return (volatile u32 *)(APIC_VBASE + reg);
}

static u32 xapic_read(u32 reg)
{
	return *xapic_reg(reg);
}

/* Uncached: x86 keeps such a write behind all earlier stores. */
static void xapic_write(u32 reg, u32 v)
{
	*xapic_reg(reg) = v;
}

static void xapic_send(u32 apic_id, u32 low)
{
	u64 deadline = tsc_after_ms(ICR_WAIT_MS);

	while (xapic_read(APIC_ICR) & ICR_PENDING && rdtsc() < deadline)
		cpu_pause();
	xapic_write(APIC_ICR_HIGH, apic_id << 24);
	xapic_write(APIC_ICR, low);
}

/* Each register is an MSR (11.12.1.2). */
static u32 x2apic_read(u32 reg)
{
	return (u32)rdmsr(MSR_X2APIC + reg / 16);
}

static void x2apic_write(u32 reg, u32 v)
{
	wrmsr(MSR_X2APIC + reg / 16, v);
}

/* This WRMSR does not wait for earlier stores to be seen (11.12.3). */
static void x2apic_send(u32 apic_id, u32 low)
{
	__asm__ volatile("mfence; lfence" : : : "memory");
	wrmsr(MSR_X2APIC + APIC_ICR / 16, (u64)apic_id << 32 | low);
}

static const struct apic_mode xapic = {
	.name = "xAPIC",
	.base_bits = APIC_BASE_ENABLE,
	.id_shift = 24,
	.id_max = 0xfe,
	.read = xapic_read,
	.write = xapic_write,
	.send = xapic_send,
};

static const struct apic_mode x2apic = {
	.name = "x2APIC",
	.base_bits = APIC_BASE_ENABLE | APIC_BASE_X2APIC,
	.id_shift = 0,
	.id_max = 0xfffffffe,
	.read = x2apic_read,
	.write = x2apic_write,
	.send = x2apic_send,
};

static const struct apic_mode *apic = &xapic;

/* ---- what the kernel uses ----------------------------------------------- */

/*
 * Away from the host's system vectors (0xec and up), whose broadcasts reach
 * us and must count as unknown, and from the doorbell.
 */
static void choose_vectors(void)
{
	u8 base = (boot.doorbell_vector & 0xf0) == 0xd0 ? 0xc0 : 0xd0;

	vec_timer = base;
	vec_event = base + 1;
	vec_flush = base + 2;
}

void apic_setup(void)
{
	if (boot.apic_mode == COK_APIC_X2APIC)
		apic = &x2apic;
	choose_vectors();
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if ((base & APIC_BASE_MODE) != apic->base_bits ||
	    (boot.apic_base && (base & APIC_BASE_ADDRESS) != boot.apic_base))
		panic("local APIC: base register 0x%llx, expected %s at 0x%llx",
		      base, apic->name, boot.apic_base);
	apic->write(APIC_LVT_TIMER, LVT_MASKED);
	apic->write(APIC_TPR, 0);
	apic->write(APIC_SVR, SVR_ENABLE);
	apic->write(APIC_ESR, 0);
	this_cpu()->own_id = apic_read_id();
	this_cpu()->stats->apic_id = this_cpu()->own_id;
}

const char *apic_mode_name(void)
{
	return apic->name;
}

u32 apic_read_id(void)
{
	return apic->read(APIC_ID) >> apic->id_shift;
}

bool apic_reaches(u32 apic_id)
{
	return apic_id <= apic->id_max;
}

void apic_eoi(void)
{
	apic->write(APIC_EOI, 0);
}

bool apic_in_service(u8 vector)
{
	return apic->read(APIC_ISR + vector / 32 * 0x10) >> vector % 32 & 1;
}

static void send(u32 apic_id, u32 low)
{
	u64 flags = irq_save();

	apic->send(apic_id, low | ICR_ASSERT);
	irq_restore(flags);
}

void apic_send(u32 apic_id, u8 vector)
{
	send(apic_id, vector);
}

void apic_send_nmi(u32 apic_id)
{
	send(apic_id, ICR_NMI);
}

/* The host may move its doorbell at any time: one load, both parts. */
void host_ring(void)
{
	u64 bell = __atomic_load_n(&comm->host_doorbell, __ATOMIC_ACQUIRE);
	u32 vector = (u32)bell, apic_id = (u32)(bell >> 32);

	if (vec_timer && vector >= 16 && vector <= 255 && apic_reaches(apic_id))
		apic_send(apic_id, (u8)vector);
}

/*
 * What the timer counts in a tick, by counting for a moment. False: a virtual
 * core was away while one of the two clocks was being read, so they don't fit.
 */
static bool calibrate_once(void)
{
	u64 before, start, end, after, counted;

	before = rdtsc();
	apic->write(APIC_TIMER_INIT, 0xffffffff);
	start = rdtsc();
	while (rdtsc() < start + ms_to_tsc(CALIBRATE_MS))
		cpu_pause();
	end = rdtsc();
	counted = 0xffffffff - apic->read(APIC_TIMER_CUR);
	after = rdtsc();
	apic->write(APIC_TIMER_INIT, 0);
	timer_count =
		(u32)(counted * (ms_to_tsc(1000) / TICK_HZ) / (end - start));
	return start - before + (after - end) < (end - start) / 32;
}

/* A moment is enough: all that boots waits for this. */
void apic_timer_calibrate(void)
{
	u32 tries = 0;

	apic->write(APIC_TIMER_DIV, TIMER_DIV_16);
	while (!calibrate_once() && ++tries < CALIBRATE_TRIES)
		;
	if (!timer_count)
		panic("local APIC timer does not count");
	klog(LOG_INFO, "timer: %llu kHz, %u ticks a second",
	     (u64)timer_count * TICK_HZ * 16 / 1000, TICK_HZ);
}

void apic_timer_start(void)
{
	apic->write(APIC_TIMER_DIV, TIMER_DIV_16);
	apic->write(APIC_LVT_TIMER, LVT_PERIODIC | vec_timer);
	apic->write(APIC_TIMER_INIT, timer_count);
}

void apic_timer_stop(void)
{
	apic->write(APIC_LVT_TIMER, LVT_MASKED);
	apic->write(APIC_TIMER_INIT, 0);
}
