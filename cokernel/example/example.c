/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest complete co-kernel: says hello in the log ring, reports READY,
 * beats, answers PING, declines every offer and recall, obeys STOP. Only
 * include/cok/ is needed. It stays on the host's page tables and polls with
 * interrupts off; a real one brings its own #DF, NMI and #MC handlers (boot.h,
 * "A CO-KERNEL MUST"), page tables, and sleeps until the doorbell rings.
 */
#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/ring.h>

/* The ELF note; example.ld puts it where PT_NOTE points. */
static const struct {
	__u32 name_size, desc_size, type;
	char name[4];
	struct cok_image_note note;
} note __attribute__((section(".note.cok"), used, aligned(4))) = {
	4,
	sizeof(struct cok_image_note),
	COK_NOTE_ABI,
	COK_NOTE_NAME,
	{ COK_ABI_MAJOR, COK_ABI_MINOR, 0 },
};

/* Entered without a stack, RDI = struct cok_boot. */
__asm__(".globl _start; _start: lea stack_top(%rip), %rsp; xor %ebp, %ebp;"
	"call example; ud2; .bss; .balign 16; .skip 4096; stack_top: .text");

static struct cok_comm *comm;
static __u32 sent, taken, logged; /* our positions: kept here, not read back */

static void *at(struct cok_region region)
{
	return (char *)comm + region.offset;
}

static void send(__u16 type, __u64 txid, __u16 status)
{
	struct cok_ring *ring = at(comm->c2h);
	struct cok_msg *slots = (struct cok_msg *)(ring + 1);

	if (cok_ring_room(sent, cok_ring_load(&ring->cons), COK_CTRL_SLOTS,
			  COK_CTRL_RESERVED) < 1)
		return;
	slots[sent % COK_CTRL_SLOTS] = (struct cok_msg){
		.seq = sent + 1,
		.txid = txid,
		.type = type,
		.status = status,
		.total = type == COK_MSG_DECLINE,
	};
	cok_ring_store(&ring->prod, ++sent); /* after the message */
}

static void print(const char *text)
{
	struct cok_ring *ring = at(comm->log);
	struct cok_log_rec rec = { .tsc = __builtin_ia32_rdtsc(), .level = 6 };
	const char *header = (const char *)&rec;
	char *data = (char *)(ring + 1);
	__u32 size;

	while (text[rec.len])
		rec.len++;
	size = (sizeof(rec) + rec.len + 15) & ~15u;
	if (cok_ring_room(logged, cok_ring_load(&ring->cons), COK_LOG_BYTES,
			  0) < size)
		return;
	for (__u32 i = 0; i < size; i++)
		data[(logged + i) % COK_LOG_BYTES] =
			i < sizeof(rec)		    ? header[i]
			: i < sizeof(rec) + rec.len ? text[i - sizeof(rec)]
						    : 0;
	cok_ring_store(&ring->prod, logged += size);
}

static void halt(enum cok_core_state core, enum cok_ck_state state)
{
	((struct cok_stats *)at(comm->stats))->state = core;
	__atomic_store_n(&comm->ck_state, state, __ATOMIC_RELEASE);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void handle(const struct cok_msg *msg)
{
	if (msg->type == COK_MSG_PING)
		send(COK_MSG_PONG, msg->txid, COK_WHY_NONE);
	else if ((msg->type == COK_MSG_OFFER || msg->type == COK_MSG_RECALL) &&
		 msg->index == 0)
		send(COK_MSG_DECLINE, msg->txid, COK_WHY_UNSUPPORTED);
	else if (msg->type == COK_MSG_STOP) {
		print("example: stopping\n");
		send(COK_MSG_STOPPED, 0, COK_WHY_NONE);
		halt(COK_CORE_HALTED, COK_CK_STOPPED);
	}
}

static void poll(void)
{
	struct cok_ring *ring = at(comm->h2c);
	struct cok_msg *slots = (struct cok_msg *)(ring + 1);

	while (cok_ring_used(cok_ring_load(&ring->prod), taken,
			     COK_CTRL_SLOTS) > 0) {
		struct cok_msg msg = slots[taken % COK_CTRL_SLOTS];

		cok_ring_store(&ring->cons, ++taken); /* after the copy */
		handle(&msg);
	}
}

void example(const struct cok_boot *boot);
void example(const struct cok_boot *boot)
{
	struct cok_stats *stats;

	if (boot->magic != COK_BOOT_MAGIC || boot->abi_major != COK_ABI_MAJOR ||
	    boot->size < sizeof(*boot))
		__builtin_trap(); /* the host's IDT reports where */
	comm = (struct cok_comm *)boot->comm_phys; /* identity-mapped */
	if (comm->magic != COK_COMM_MAGIC || comm->abi_major != COK_ABI_MAJOR)
		__builtin_trap();
	stats = at(comm->stats);
	stats->apic_id = boot->apic_id;
	stats->state = COK_CORE_ONLINE;
	comm->ck_state = COK_CK_RUNNING;
	print("example: hello\n");
	send(COK_MSG_READY, 0, COK_WHY_NONE);
	for (;;) {
		poll();
		stats->heartbeat++;
		stats->tsc_heartbeat = __builtin_ia32_rdtsc();
		__builtin_ia32_pause();
	}
}
