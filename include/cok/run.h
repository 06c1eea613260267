/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * Cokernel program interface: how a Linux program that runs in ring 3 of an
 * enclave reaches the host's files. Optional: a co-kernel without it leaves the
 * directory alone, a host without it has none (cok_comm.run.size is 0).
 *
 *   cokctl run (the proxy) ---- channel ---- the program's process
 *        |  ioctl, mmap, one file              ^  maps, copies, never trusts
 *        v                                     |
 *      cok.ko ------ directory (comm area) --- co-kernel
 *
 * Each program has one proxy on the host, a process with the descriptors,
 * directory, umask and credentials that the program's system calls are made
 * with, and one CHANNEL: physically contiguous, zeroed pages that the host
 * owns. The proxy maps the channel, and nothing else, through the file of
 * /dev/cok/NAME that made it (uapi.h).
 *
 * The DIRECTORY says where the channels are. It lies in the comm area, which no
 * proxy can map, so the addresses in it are the module's own. An entry:
 *
 *   host        id, phys, size, then state = START; rings the doorbell
 *   co-kernel   maps the channel, runs the program, sets cok_run_head.state to
 *               ENDED or FAILED
 *   host        when the proxy's file is closed, whatever for: state = CLOSE;
 *               rings. The program must end now if it has not yet
 *   co-kernel   once no core uses the channel any more: done = id
 *   host        state = FREE, and the pages are free; not before, unless every
 *               core of the enclave is proved to be parked
 *
 * A CHANNEL:
 *
 *   +----------------------+ 0
 *   | struct cok_run_head  |  what to run; signals; how it ended
 *   | cok_run_slot [16]    |  at COK_RUN_SLOTS_AT
 *   | bounce pages         |  at COK_RUN_BOUNCE_AT: COK_RUN_BOUNCE per slot
 *   +----------------------+ COK_RUN_SIZE
 *
 * Before the start the bounce pages hold the program's arguments: its file's
 * name, argc + envc strings, each with its NUL, one behind the other, args_size
 * bytes.
 *
 * A SLOT carries one system call at a time, of one thread:
 *
 *   co-kernel   nr, arg[], what goes in at its offset in the slot's bounce
 *               pages; state = REQUEST. If proxy_asleep is set: rings
 *   proxy       copies nr and arg[] once, checks all of it against the table in
 *               run_calls.h, makes the call; ret, state = DONE. If core_asleep
 *               is set: kicks `core` (COK_IOC_RUN_WAIT)
 *   co-kernel   copies ret once, checks it, copies what goes out; state = IDLE
 *
 * An argument that is a pointer goes as its offset from the start of the slot's
 * bounce pages, or COK_RUN_NULL. Who is about to sleep sets its flag, then looks
 * at state once more (both sequentially consistent), so no wake-up is lost.
 *
 * Neither side believes the other: the proxy belongs to a user without
 * privileges, the co-kernel may be broken. Each word is read once, then checked.
 */
#ifndef COK_RUN_H
#define COK_RUN_H

#include <linux/types.h>

#if defined(__cplusplus) && !defined(_Static_assert)
#define _Static_assert static_assert
#endif

/* ---- the directory: cok_comm.run ---------------------------------------- */

#define COK_RUN_MAX 16 /* programs of one enclave at a time */

enum cok_run_entry_state {
	COK_RUN_FREE = 0,
	COK_RUN_START = 1,
	COK_RUN_CLOSE = 2,
};

struct cok_run_entry {
	/* Written by the host. */
	__u64 phys;  /* of the channel; page aligned */
	__u32 size;  /* bytes: COK_RUN_SIZE */
	__u32 id;    /* of the program: 1.., never used again */
	__u32 state; /* enum cok_run_entry_state, written last */
	__u32 reserved0;
	/* Written by the co-kernel. */
	__u32 done; /* the id of the last program that let go of its channel */
	__u32 reserved1[9];
};

struct cok_run_dir {
	struct cok_run_entry entry[COK_RUN_MAX];
};

/* ---- the channel's first page -------------------------------------------- */

#define COK_RUN_MAGIC	  0x4e55524b4f43ULL /* "COKRUN" */
#define COK_RUN_VERSION	  1
#define COK_RUN_SLOTS	  16
#define COK_RUN_BOUNCE	  65536U /* bytes per slot */
#define COK_RUN_SLOTS_AT  4096U
#define COK_RUN_BOUNCE_AT 8192U
#define COK_RUN_SIZE	  (COK_RUN_BOUNCE_AT + COK_RUN_SLOTS * COK_RUN_BOUNCE)
#define COK_RUN_ARGS_MAX  262144U /* bytes of arguments and environment */
#define COK_RUN_TEXT_MAX  128
#define COK_RUN_NULL	  (~0ULL)
#define COK_RUN_UNKNOWN	  32 /* numbers of unknown calls that are told */

enum cok_run_state {
	COK_RUN_NEW = 0,
	COK_RUN_LOADING = 1,
	COK_RUN_RUNNING = 2,
	COK_RUN_ENDED = 3,  /* `status` says how */
	COK_RUN_FAILED = 4, /* never ran: `error`, `text` */
};

/* cok_run_head.flags */
#define COK_RUN_EAGER (1U << 0) /* memory is populated when it is mapped */

/* An unknown call, and how often it was made; 0 times: none. */
struct cok_run_unknown {
	__u32 nr;
	__u32 count;
};

struct cok_run_head {
	/* Written by the proxy before the start. */
	__u64 magic;   /* COK_RUN_MAGIC */
	__u32 version; /* COK_RUN_VERSION */
	__u32 flags;
	__u32 argc; /* 1.. */
	__u32 envc;
	__u32 args_size; /* bytes in the bounce pages: up to COK_RUN_ARGS_MAX */
	__s32 exec_fd;	 /* the program's file, a descriptor of the proxy's */
	__s32 pid, ppid; /* what the program is told of itself */
	__u32 uid, euid, gid, egid;
	__u64 tsc;     /* the TSC read ... */
	__u64 real_ns; /* ... at these times of the host's clocks */
	__u64 mono_ns;
	__u64 boot_ns;
	__u64 stack_limit; /* bytes, RLIMIT_STACK; ~0: unlimited */
	__u64 ignored; /* signals that it ignores from the start, as below */
	__u8 random[16];
	__u64 reserved0[3];

	/* Written by the proxy at any time; at offset 144. */
	__u64 signals; /* bit n-1: signal n came; set and taken atomically */
	__u64 reserved1[13];

	/* Written by the co-kernel; at offset 256. */
	__u32 state;  /* enum cok_run_state, written last */
	__u32 status; /* ENDED: exit status 0..255, or 256 + signal */
	__s32 error;  /* FAILED: a positive errno */
	__u32 reserved2;
	__u64 calls_local;
	__u64 calls_offloaded;
	__u64 calls_unknown;
	__u64 faults; /* pages put in by page faults */
	__u64 reserved3[2];
	char text[COK_RUN_TEXT_MAX];
	struct cok_run_unknown unknown[COK_RUN_UNKNOWN];
	__u8 pad[4096 - 448 - 8 * COK_RUN_UNKNOWN];
};

#define COK_RUN_SIGNALED 256 /* in `status`: ended by a signal */

/* ---- slots ---------------------------------------------------------------- */

enum cok_run_slot_state {
	COK_SLOT_IDLE = 0,
	COK_SLOT_REQUEST = 1,
	COK_SLOT_DONE = 2,
};

/* cok_run_slot.flags */
#define COK_CALL_IF_READY (1U << 0) /* EAGAIN if it would block now */

struct cok_run_slot {
	__u32 state;	    /* enum cok_run_slot_state */
	__u32 proxy_asleep; /* the proxy's word */
	__u32 core_asleep;  /* the co-kernel's words from here on */
	__u32 core;	    /* core slot to kick */
	__u32 nr;	    /* x86-64 Linux's number of the call */
	__u32 flags;
	__u64 arg[6];
	__s64 ret; /* the proxy's: a result or -errno */
	__u64 reserved[6];
};

_Static_assert(sizeof(struct cok_run_entry) == 64, "cok_run_entry");
_Static_assert(sizeof(struct cok_run_head) == 4096, "cok_run_head");
_Static_assert(__builtin_offsetof(struct cok_run_head, signals) == 144, "sig");
_Static_assert(__builtin_offsetof(struct cok_run_head, state) == 256, "state");
_Static_assert(sizeof(struct cok_run_slot) == 128, "cok_run_slot");

#endif /* COK_RUN_H */
