/* SPDX-License-Identifier: GPL-2.0 */
/* Boot data, log, panic, time, traps, local APIC, and the host's doorbell. */
#ifndef CK_KERNEL_H
#define CK_KERNEL_H

#include "cpu.h"
#include "percpu.h"
#include "types.h"
#include <cok/boot.h>
#include <cok/comm.h>

#define CK_NAME "cokernel" /* CK_VERSION comes from the Makefile */

#define noreturn __attribute__((noreturn))

/* ---- boot.c: what the host handed over, checked and copied ------------- */
extern struct cok_boot boot;
extern struct cok_comm *comm; /* moves when our page tables are loaded */
extern u32 nr_slots;

extern u32 comm_epoch; /* of each message */

void boot_check(u64 boot_phys);
void boot_banner(void);
void *comm_region(const struct cok_region *r);

/* ---- options.c: how it behaves, by command line and the command `set` --- */
struct options {
	u64 noready;   /* never send READY */
	u64 hostwatch; /* seconds without the host's heartbeat; 0: for ever */
	u64 keep;      /* cores that are not given away, core 0 among them */
	u64 want_mem;  /* bytes: with less free it asks for more, gives none */
	u64 want_step; /* bytes: .. and for how much */
	/* For tests: */
	u64 decline;   /* decline every offer */
	u64 mute;      /* never answer OFFER, RECALL, PING, QUERY, ANSWER */
	u64 take;      /* resources accepted of an offer */
	u64 delay;     /* ms before the work on an offer or recall begins */
	u64 lose;      /* COMMITs and ABORTs to lose */
	u64 lose_done; /* DONEs to lose */
	char script[COK_CMDLINE_MAX]; /* init=, run=: commands after READY */
};
extern struct options options;

void options_read(void);

/* ---- log.c ------------------------------------------------------------- */
enum { LOG_ERR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

void log_init(void); /* again, when the comm area has moved */
/* A line: the newline is added. Any context but NMI. */
void klog(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* As it is, for prompts and echo. */
void log_text(int level, const char *text, size_t len);
/* Tells the host of records it has not been told of yet. */
void log_flush(void);

extern u64 log_locks_broken;

/* ---- trap.c, nmi.c, mce.c ---------------------------------------------- */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

enum { VEC_DF = 8, VEC_NMI = 2, VEC_PF = 14, VEC_MC = 18 };

void trap_init(void);
void trap(struct trap_frame *f);
void trap_nmi(struct trap_frame *f);
void trap_mce(struct trap_frame *f);
/* Makes the interrupted core halt for good when the trap returns. */
void trap_return_to_halt(struct trap_frame *f);
void regs_save(struct cok_regs *r, const struct trap_frame *f);

/* ---- panic.c ----------------------------------------------------------- */
void panic(const char *fmt, ...) noreturn __attribute__((format(printf, 1, 2)));
void panic_trap(const struct trap_frame *f) noreturn;
/* With the registers of a trap. */
void panic_frame(const struct trap_frame *f, const char *fmt, ...) noreturn
	__attribute__((format(printf, 2, 3)));

enum halt_reason { HALT_NONE = 0, HALT_PANIC, HALT_STOP, HALT_PARK };
extern enum halt_reason halt_reason; /* set once, atomically */

/* Claims the end of the enclave: false if another core was first. */
bool halt_claim(enum halt_reason why);
/* Halts all other cores by NMI; true if all of them said so within `ms`. */
bool halt_others(u32 ms);
void cpu_halt_forever(void) noreturn;
void stop(void) noreturn;
/* The host seems to be dead: stop, touch nothing of its, ring nobody. */
void park_all(const char *why);

/* ---- time.c ------------------------------------------------------------ */
static inline u64 ms_to_tsc(u64 ms)
{
	return ms * boot.tsc_khz;
}

static inline u64 tsc_after_ms(u64 ms)
{
	return rdtsc() + ms_to_tsc(ms);
}

/* ---- apic.c ------------------------------------------------------------ */
#define TICK_HZ 10

extern u8 vec_timer, vec_event, vec_flush;

void apic_setup(void); /* mode and vectors */
void apic_init(void);  /* on each core */
const char *apic_mode_name(void);
void apic_timer_calibrate(void);
void apic_timer_start(void);
void apic_timer_stop(void);
u32 apic_read_id(void);
bool apic_reaches(u32 apic_id); /* can it be sent to, in this mode? */
void apic_eoi(void);
bool apic_in_service(u8 vector);
void apic_send(u32 apic_id, u8 vector);
void apic_send_nmi(u32 apic_id);
void host_ring(void);

/* ---- control.c, console.c ---------------------------------------------- */
void control_init(void);
void control_poll(void);    /* core 0, interrupts off */
bool control_pending(void); /* the same; is there a message? */
void control_send_ready(void);
bool control_send_stopped(void);
void control_print(void);

void console_init(void);
bool console_pending(void);
void console_poll(void);
void console_script(const char *script);
void command_run(char *line);

#endif /* CK_KERNEL_H */
