// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing a core from wherever it is into code of ours: INIT, STARTUP, the
 * low stub, park.S, ack (SDM vol. 3, 9.4 "MP initialization").
 *
 * The APIC stays in the mode that Linux runs it in: INIT keeps x2APIC mode and
 * all 32 bits of the id (11.12.5.1), and park.S mends what a co-kernel has
 * changed. A core whose APIC it has disabled hears no INIT: quarantined.
 *
 * One start at a time, under cok_start_lock, because there is one low page.
 * A core acknowledges after it has left that page, so its content can be put
 * back at the ack. Linux's dying CPU says goodbye before its last wbinvd, and
 * STARTUP IPIs sent into that window are lost: hence a ladder of attempts.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <asm/apicdef.h>
#include <asm/desc_defs.h>
#include <asm/e820/api.h>
#include <asm/msr.h>

#include "cok.h"
#include "compat.h"
#include "park.h"
#include "trace.h"

#define LOW_FIRST 0x1000
#define LOW_END	  0x9f000

extern const char cok_low_start[], cok_low_code64[], cok_low_gdt[],
	cok_low_gdtr[], cok_low_cr3[], cok_low_far[], cok_low_core[],
	cok_low_park[], cok_low_end[];
extern const char cok_park_start[], cok_park_vectors[], cok_park_end[];

/* One core start at a time; spans "may it start?" to its ack. */
DEFINE_MUTEX(cok_start_lock);

static u64 low_page; /* physical; below 1 MiB, not Linux's */
static void *park_text;
static struct cok_pt park_pt; /* low page, park text, all core pages */
static DEFINE_XARRAY(cores);  /* APIC id -> struct core */
static bool going_down;	      /* cok_start_lock */

/* What we know of a core; an enclave it runs in can write to its page. */
struct core {
	void *page;
	u64 apic_base;
	struct cok_freq freq; /* constant once the core is in the array */
};

/* How long to wait: after INIT, between the STARTUPs, for the ack. */
static const struct {
	u32 init_us;
	u32 sipi_us;
	u32 ack_ms;
} ladder[] = {
	{ 10, 200, 20 },
	{ 10000, 300, 100 },
	{ 10000, 300, 2000 },
};

/* ---- the low page --------------------------------------------------------- */

/* Linux's real-mode blob starts with a table of addresses inside itself. */
static bool looks_like_blob(u64 phys)
{
	const u32 *w = phys_to_virt(phys);
	int i;

	for (i = 0; i < 6; i++)
		if (w[i] < phys || w[i] >= phys + 0x10000)
			return false;
	return true;
}

static bool low_page_usable(u64 phys)
{
	u64 p;

	if (!e820__mapped_any(phys, phys + PAGE_SIZE, E820_TYPE_RAM) ||
	    !page_is_ram(phys >> PAGE_SHIFT) ||
	    memchr_inv(phys_to_virt(phys), 0, PAGE_SIZE))
		return false;
	/* All zero, but perhaps the tail of the blob: look back 64 KiB. */
	for (p = phys; p >= LOW_FIRST && p + 0x10000 > phys; p -= PAGE_SIZE)
		if (page_is_ram(p >> PAGE_SHIFT) && looks_like_blob(p))
			return false;
	return true;
}

static u64 find_low_page(void)
{
	u64 phys;

	for (phys = LOW_FIRST; phys < LOW_END; phys += PAGE_SIZE)
		if (low_page_usable(phys))
			return phys;
	return 0;
}

static void low_put(const char *where, u64 value, size_t size)
{
	memcpy(phys_to_virt(low_page) + (where - cok_low_start), &value, size);
}

static void low_install(u64 core)
{
	memcpy(phys_to_virt(low_page), cok_low_start,
	       cok_low_end - cok_low_start);
	low_put(cok_low_gdtr + 2, low_page + (cok_low_gdt - cok_low_start), 4);
	low_put(cok_low_cr3, cok_pt_cr3(&park_pt), 4);
	low_put(cok_low_far, low_page + (cok_low_code64 - cok_low_start), 4);
	low_put(cok_low_core, core, 8);
	low_put(cok_low_park, virt_to_phys(park_text), 8);
}

/* It was all zero when we chose it, and is again. */
static void low_restore(void)
{
	memset(phys_to_virt(low_page), 0, PAGE_SIZE);
}

/* ---- core pages -------------------------------------------------------------- */

static void set_gate(void *page, u32 vector, u64 handler, u32 ist)
{
	gate_desc *g = page + CP_IDT + vector * sizeof(*g);

	*g = (gate_desc){
		.offset_low = handler,
		.segment = CP_SEL_CODE,
		.bits = { .ist = ist, .type = GATE_INTERRUPT, .p = 1 },
		.offset_middle = handler >> 16,
		.offset_high = handler >> 32,
	};
}

static void put_table(void *page, u32 at, u16 limit, u64 base)
{
	memcpy(page + at, &limit, sizeof(limit));
	memcpy(page + at + 2, &base, sizeof(base));
}

/* GDT, TSS and IDT as park.S wants them. */
static void build_tables(void *page)
{
	u64 phys = virt_to_phys(page);
	u64 *gdt = page + CP_GDT;
	u64 tss = phys + CP_TSS;
	u64 ist[3] = { phys + CP_IST_FAULT, phys + CP_IST_NMI,
		       phys + CP_IST_MCE };
	u64 vectors =
		virt_to_phys(park_text) + (cok_park_vectors - cok_park_start);
	u32 v;

	gdt[0] = 0;
	gdt[1] = 0x00af9b000000ffffULL;
	gdt[2] = 0x00cf93000000ffffULL;
	gdt[3] = 0x0000890000000067ULL | (tss & 0xffffff) << 16 |
		 (tss >> 24 & 0xff) << 56;
	gdt[4] = tss >> 32;
	put_table(page, CP_GDTR, 5 * 8 - 1, phys + CP_GDT);
	put_table(page, CP_IDTR, CP_VECTORS * 16 - 1, phys + CP_IDT);

	memset(page + CP_TSS, 0, 104);
	memcpy(page + CP_TSS + 36, ist, sizeof(ist)); /* IST1..3 */
	*(u16 *)(page + CP_TSS + 102) = 104;	      /* no I/O bitmap */
	for (v = 0; v < CP_VECTORS; v++)
		set_gate(page, v, vectors + v * CP_VECTOR_STEP,
			 v == 2	   ? 2
			 : v == 18 ? 3
				   : 1);
}

static u64 *word(void *page, u32 at)
{
	return page + at;
}

static struct core *core_of(u32 apic_id)
{
	return xa_load(&cores, apic_id);
}

static int read_msr(void *cpu, u32 msr, u64 *value)
{
	return rdmsrq_safe_on_cpu(*(u32 *)cpu, msr, value);
}

/*
 * The request is per core and dropped by the drivers' offline callbacks:
 * remember it while Linux still has the CPU. (Not verified on hardware.)
 */
static void save_freq(u32 cpu, struct core *core)
{
	const struct cok_freq_cpu ask = {
		.hwp = boot_cpu_has(X86_FEATURE_HWP),
		.est = boot_cpu_has(X86_FEATURE_EST),
		.cppc = boot_cpu_has(X86_FEATURE_CPPC),
		.pstate = boot_cpu_has(X86_FEATURE_HW_PSTATE),
		.read = read_msr,
		.arg = &cpu,
	};

	BUILD_BUG_ON(COK_MSR_PERF_CTL != MSR_IA32_PERF_CTL);
	BUILD_BUG_ON(COK_MSR_HWP_REQUEST != MSR_HWP_REQUEST);
	BUILD_BUG_ON(COK_MSR_CPPC_REQ != MSR_AMD_CPPC_REQ);
	BUILD_BUG_ON(COK_MSR_PSTATE_CTL != MSR_AMD_PERF_CTL);
	cok_freq_find(&ask, &core->freq);
}

static struct core *alloc_core(void)
{
	struct core *core = kzalloc(sizeof(*core), GFP_KERNEL);

	if (!core)
		return NULL;
	core->page = (void *)get_zeroed_page(GFP_KERNEL | __GFP_DMA32);
	if (!core->page) {
		kfree(core);
		return NULL;
	}
	return core;
}

static void free_core(struct core *core)
{
	if (core)
		free_page((unsigned long)core->page);
	kfree(core);
}

int cok_core_prepare(u32 cpu, u32 apic_id, u64 apic_base)
{
	struct core *core = cok_fault("core page") ? NULL : alloc_core();
	u64 phys;
	int err;

	if (!core)
		return -ENOMEM;
	core->apic_base = apic_base;
	save_freq(cpu, core);
	phys = virt_to_phys(core->page);

	mutex_lock(&cok_start_lock);
	err = cok_pt_map(&park_pt, phys, phys, PAGE_SIZE,
			 COK_PT_WRITE | COK_PT_NX);
	if (!err)
		err = xa_insert(&cores, apic_id, core, GFP_KERNEL);
	mutex_unlock(&cok_start_lock);
	if (err)
		free_core(core);
	return err;
}

void cok_core_forget(u32 apic_id)
{
	struct core *core;

	mutex_lock(&cok_start_lock);
	core = xa_erase(&cores, apic_id);
	mutex_unlock(&cok_start_lock);
	free_core(core);
}

u64 cok_core_page(u32 apic_id)
{
	struct core *core = core_of(apic_id);

	return core ? virt_to_phys(core->page) : 0;
}

u64 cok_park_page(void)
{
	return virt_to_phys(park_text);
}

void cok_core_freq(u32 apic_id, struct cok_freq *out)
{
	struct core *core;

	*out = (struct cok_freq){ 0 };
	xa_lock(&cores); /* as below */
	core = core_of(apic_id);
	if (core)
		*out = core->freq;
	xa_unlock(&cores);
}

bool cok_core_fault(u32 apic_id, struct cok_core_fault *f)
{
	struct core *core;
	u64 fault = 0;

	/* A core is freed only after it has left the array. */
	xa_lock(&cores);
	core = core_of(apic_id);
	if (core)
		fault = READ_ONCE(*word(core->page, CP_FAULT));
	/* The page is the enclave's to write, too: not every value is one. */
	if (fault > CP_VECTORS)
		fault = 0;
	if (fault) {
		f->vector = fault - 1;
		f->error = READ_ONCE(*word(core->page, CP_ERROR));
		f->rip = READ_ONCE(*word(core->page, CP_RIP));
		f->cr2 = READ_ONCE(*word(core->page, CP_CR2));
	}
	xa_unlock(&cores);
	return fault;
}

/* ---- starting ------------------------------------------------------------------ */

/* All of the page that park.S reads is written anew for each start. */
static void write_orders(const struct core *core, const struct cok_start *o)
{
	void *page = core->page;

	build_tables(page);
	*word(page, CP_APIC_BASE) = core->apic_base;
	*word(page, CP_FREQ_MSR) = core->freq.msr;
	*word(page, CP_FREQ_REQ) = core->freq.value;
	*word(page, CP_FAULT) = 0;
	*word(page, CP_MODE) = o->run ? CP_MODE_RUN : CP_MODE_PARK;
	*word(page, CP_CR3) = o->cr3;
	*word(page, CP_ENTRY) = o->entry;
	*word(page, CP_RDI) = o->rdi;
	*word(page, CP_RSI) = o->rsi;
}

/* A fresh nonce for each attempt: the ack of an earlier one is none for this. */
static u64 new_nonce(void *page)
{
	u64 nonce;

	do
		nonce = get_random_u64();
	while (!nonce);
	*word(page, CP_ACK) = 0;
	*word(page, CP_GO) = 0;
	*word(page, CP_NONCE) = nonce;
	/* The core reads this after the STARTUP that follows. */
	mb();
	return nonce;
}

static bool acked_within(void *page, u64 nonce, u64 us)
{
	ktime_t end = ktime_add_us(ktime_get(), us);

	do {
		/* Pairs with park.S, which writes it last. */
		if (smp_load_acquire(word(page, CP_ACK)) == nonce)
			return true;
		if (us <= 1000)
			udelay(5);
		else
			usleep_range(20, 50);
	} while (ktime_before(ktime_get(), end));
	/* Once more: the wait may have been longer than was asked for. */
	return smp_load_acquire(word(page, CP_ACK)) == nonce;
}

void cok_core_init(u32 apic_id)
{
	trace_cok_core_init(apic_id);
	cok_icr_send(apic_id, APIC_INT_ASSERT | APIC_DM_INIT);
}

static void send_startup(u32 apic_id)
{
	cok_icr_send(apic_id, APIC_INT_ASSERT | APIC_DM_STARTUP |
				      low_page >> PAGE_SHIFT);
}

/* True once the core has acked and, if it is to run something, may. */
static bool try_start(u32 apic_id, void *page, int step)
{
	bool acked;
	u64 nonce;

	cok_core_init(apic_id);
	if (ladder[step].init_us < 1000)
		udelay(ladder[step].init_us);
	else
		usleep_range(ladder[step].init_us, 2 * ladder[step].init_us);
	nonce = new_nonce(page);
	send_startup(apic_id);
	acked = acked_within(page, nonce, ladder[step].sipi_us);
	if (!acked) {
		send_startup(apic_id);
		acked = acked_within(page, nonce, ladder[step].ack_ms * 1000);
	}
	/* As if it had come too late; the next step must cope with that. */
	if (acked && cok_fault("core ack"))
		acked = false;
	if (acked)
		/* Whatever it is to see was written before. */
		smp_store_release(word(page, CP_GO), nonce);
	return acked;
}

int cok_core_start(u32 apic_id, const struct cok_start *orders)
{
	struct core *core = core_of(apic_id);
	u64 began = ktime_get_ns();
	bool acked = false;
	int step;

	lockdep_assert_held(&cok_start_lock);
	if (WARN_ON(!core))
		return -EINVAL;
	if (going_down)
		return -ESHUTDOWN;
	if (cok_fault("core start"))
		return -EREMOTEIO;
	/* Still, before the tables it may be running on are rebuilt. */
	cok_core_init(apic_id);
	udelay(10);
	write_orders(core, orders);
	low_install(virt_to_phys(core->page));

	for (step = 0; step < ARRAY_SIZE(ladder) && !acked; step++) {
		trace_cok_core_try(apic_id, orders->run, step + 1);
		acked = try_start(apic_id, core->page, step);
	}
	if (acked)
		cok_bench_start(step - 1, ktime_get_ns() - began);
	if (!acked) {
		/* Back to waiting, so that it never runs the restored page. */
		cok_core_init(apic_id);
		usleep_range(10000, 20000);
	}
	low_restore();
	trace_cok_core_done(apic_id, orders->run, acked ? 0 : -EREMOTEIO);
	return acked ? 0 : -EREMOTEIO;
}

void cok_start_end(void)
{
	mutex_lock(&cok_start_lock);
	going_down = true;
	/* Two rounds: a core still running could have restarted another. */
	cok_for_each_cpu_lease(cok_core_init);
	cok_for_each_cpu_lease(cok_core_init);
	mutex_unlock(&cok_start_lock);
}

/* ---- module load ------------------------------------------------------------------ */

static int map_fixed(void)
{
	int err;

	err = cok_pt_map(&park_pt, low_page, low_page, PAGE_SIZE, 0);
	if (err)
		return err;
	return cok_pt_map(&park_pt, virt_to_phys(park_text),
			  virt_to_phys(park_text), PAGE_SIZE, 0);
}

int cok_start_setup(void)
{
	int err;

	BUILD_BUG_ON(sizeof(gate_desc) != 16);
	if (WARN_ON(cok_park_end - cok_park_start > PAGE_SIZE))
		return -EFBIG;
	low_page = find_low_page();
	if (!low_page) {
		pr_err("no unused page below 640 KiB to start cores from\n");
		return -ENOMEM;
	}
	park_text = (void *)get_zeroed_page(GFP_KERNEL | __GFP_DMA32);
	if (!park_text)
		return -ENOMEM;
	memcpy(park_text, cok_park_start, cok_park_end - cok_park_start);

	err = cok_pt_init(&park_pt);
	if (!err)
		err = map_fixed();
	if (err)
		cok_start_cleanup();
	return err;
}

void cok_start_cleanup(void)
{
	cok_pt_free(&park_pt);
	xa_destroy(&cores);
	free_page((unsigned long)park_text);
	park_text = NULL;
}
