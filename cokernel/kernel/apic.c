// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC in xAPIC mode (SDM vol. 3, chapter 11): interrupts between
 * our cores, to the host, and the timer. Ordering: registers are written
 * uncached, and x86 keeps such a write behind all earlier stores, so what is
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
#define APIC_ICR_LOW	0x300
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

#define CALIBRATE_MS 20
#define ICR_WAIT_MS  10

u8 vec_timer, vec_event, vec_flush;
static u32 timer_count; /* of one tick */

static volatile u32 *apic_reg(u32 reg)
{
	return (volatile u32 *)(APIC_VBASE + reg);
}

/*
 * Away from the host's system vectors (0xec and up), whose broadcasts reach
 * us and must count as unknown, and from the doorbell.
 */
void apic_choose_vectors(void)
{
	u8 base = (boot.doorbell_vector & 0xf0) == 0xd0 ? 0xc0 : 0xd0;

	vec_timer = base;
	vec_event = base + 1;
	vec_flush = base + 2;
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE) || base & APIC_BASE_X2APIC ||
	    (base & ~0xfffULL) != boot.apic_base)
		panic("local APIC: base register 0x%llx, expected 0x%llx", base,
		      boot.apic_base);
	*apic_reg(APIC_LVT_TIMER) = LVT_MASKED;
	*apic_reg(APIC_TPR) = 0;
	*apic_reg(APIC_SVR) = SVR_ENABLE;
	*apic_reg(APIC_ESR) = 0;
	this_cpu()->own_id = apic_read_id();
	this_cpu()->stats->apic_id = this_cpu()->own_id;
}

u32 apic_read_id(void)
{
	return *apic_reg(APIC_ID) >> 24;
}

void apic_eoi(void)
{
	*apic_reg(APIC_EOI) = 0;
}

bool apic_in_service(u8 vector)
{
	return *apic_reg(APIC_ISR + vector / 32 * 0x10) >> vector % 32 & 1;
}

static void icr_write(u32 apic_id, u32 low)
{
	u64 flags = irq_save();
	u64 deadline = tsc_after_ms(ICR_WAIT_MS);

	while (*apic_reg(APIC_ICR_LOW) & ICR_PENDING && rdtsc() < deadline)
		cpu_pause();
	*apic_reg(APIC_ICR_HIGH) = apic_id << 24;
	*apic_reg(APIC_ICR_LOW) = low | ICR_ASSERT;
	irq_restore(flags);
}

void apic_send(u32 apic_id, u8 vector)
{
	icr_write(apic_id, vector);
}

void apic_send_nmi(u32 apic_id)
{
	icr_write(apic_id, ICR_NMI);
}

/* The host may move its doorbell at any time: one load, both parts. */
void host_ring(void)
{
	u64 bell = __atomic_load_n(&comm->host_doorbell, __ATOMIC_ACQUIRE);
	u32 vector = (u32)bell, apic_id = (u32)(bell >> 32);

	if (vec_timer && vector >= 16 && vector <= 255 && apic_id < 255)
		apic_send(apic_id, (u8)vector);
}

void apic_timer_calibrate(void)
{
	u64 start, end, deadline;
	u32 counted;

	*apic_reg(APIC_TIMER_DIV) = TIMER_DIV_16;
	*apic_reg(APIC_TIMER_INIT) = 0xffffffff;
	start = rdtsc();
	deadline = start + ms_to_tsc(CALIBRATE_MS);
	while (rdtsc() < deadline)
		cpu_pause();
	counted = 0xffffffff - *apic_reg(APIC_TIMER_CUR);
	end = rdtsc();
	*apic_reg(APIC_TIMER_INIT) = 0;
	/* Of the true time waited: a virtual core may have been away. */
	timer_count =
		(u32)(counted * (ms_to_tsc(1000) / TICK_HZ) / (end - start));
	if (!timer_count)
		panic("local APIC timer does not count");
	klog(LOG_INFO, "timer: %llu kHz, %u ticks a second",
	     (u64)timer_count * TICK_HZ * 16 / 1000, TICK_HZ);
}

void apic_timer_start(void)
{
	*apic_reg(APIC_TIMER_DIV) = TIMER_DIV_16;
	*apic_reg(APIC_LVT_TIMER) = LVT_PERIODIC | vec_timer;
	*apic_reg(APIC_TIMER_INIT) = timer_count;
}

void apic_timer_stop(void)
{
	*apic_reg(APIC_LVT_TIMER) = LVT_MASKED;
	*apic_reg(APIC_TIMER_INIT) = 0;
}
