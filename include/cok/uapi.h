/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * /dev/cok/NAME: what a program needs to use one enclave. Access follows the
 * node's owner and mode (0600, owned by whom the launch named); no capability
 * is needed. The node disappears when the enclave is destroyed; a file that
 * is still open then reads as end of file and polls EPOLLHUP.
 *
 * read(2)   The log as text, one line per record, each "[SECONDS.MICROS] cN: "
 *           then the text (host's boottime clock, core slot). A new file
 *           starts at the oldest line kept; lseek(SEEK_END, 0) skips to the
 *           end, lseek(SEEK_SET, 0) goes back. At the end: blocks, or EAGAIN
 *           with O_NONBLOCK; 0 after destroy. Lines overwritten before they
 *           were read are announced by a line "[log: N lines lost]".
 * write(2)  Console input. Blocks while the ring is full (EAGAIN with
 *           O_NONBLOCK). ENOTCONN: the enclave is not running.
 * poll(2)   EPOLLIN: unread log. EPOLLOUT: room for input.
 * mmap(2)   After COK_IOC_RUN_OPEN: this file's channel, all of it (offset 0,
 *           COK_RUN_SIZE bytes, MAP_SHARED, not executable). Else EINVAL.
 *
 * A program is run in these steps (run.h; `cokctl run` does it): open, RUN_OPEN,
 * mmap, fill in cok_run_head and the arguments, RUN_START, then RUN_WAIT again
 * and again, doing what the slots ask for, until cok_run_head.state is ENDED or
 * FAILED. Closing the file, by whatever, ends the program.
 */
#ifndef COK_UAPI_H
#define COK_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#if defined(__cplusplus) && !defined(_Static_assert)
#define _Static_assert static_assert
#endif

#define COK_DEV_DIR "/dev/cok"

/* Bytes of log kept for each enclave; older lines are forgotten. */
#define COK_LOG_KEEP 262144

/**
 * struct cok_ioc_info - what COK_IOC_INFO tells
 * @size: in: sizeof; EINVAL if not this one
 * @enclave: out: id
 * @state: out: enum cok_state, genl.h
 * @reserved: 0
 * @name: out
 */
struct cok_ioc_info {
	__u32 size;
	__u32 enclave;
	__u32 state;
	__u32 reserved;
	char name[32];
};

/**
 * struct cok_ioc_ping - what COK_IOC_PING asks and tells
 * @size: in: sizeof; EINVAL if not this one
 * @timeout_ms: in: 1..60000, else EINVAL
 * @rtt_ns: out: PING queued to PONG seen
 * @cookie: out: the message's txid
 */
struct cok_ioc_ping {
	__u32 size;
	__u32 timeout_ms;
	__u64 rtt_ns;
	__u64 cookie;
};

/* The most that one COK_IOC_MEMORY copies. */
#define COK_MEMORY_MAX 65536

/**
 * struct cok_ioc_memory - what COK_IOC_MEMORY copies
 * @size: in: sizeof; EINVAL if not this one
 * @bytes: in: 1..COK_MEMORY_MAX, else EINVAL
 * @start: in: physical address; all of it lies in one lease of the enclave
 * @buffer: in: address of the caller's memory
 */
struct cok_ioc_memory {
	__u32 size;
	__u32 bytes;
	__u64 start;
	__u64 buffer;
};

/**
 * struct cok_ioc_run_open - what COK_IOC_RUN_OPEN tells
 * @size: in: sizeof; EINVAL if not this one
 * @channel: out: COK_RUN_SIZE
 * @id: out: of the program, as the enclave's log names it
 * @reserved: 0
 */
struct cok_ioc_run_open {
	__u32 size;
	__u32 channel;
	__u32 id;
	__u32 reserved;
};

#define COK_RUN_NOBODY (~0U)

/**
 * struct cok_ioc_run_wait - what COK_IOC_RUN_WAIT asks
 * @size: in: sizeof; EINVAL if not this one
 * @slot: in: of the channel: wait until it is in REQUEST; COK_RUN_SLOTS: for the
 *        end alone
 * @kick: in: a core slot to interrupt first, or COK_RUN_NOBODY
 * @timeout_ms: in: 0..60000
 */
struct cok_ioc_run_wait {
	__u32 size;
	__u32 slot;
	__u32 kick;
	__u32 timeout_ms;
};

/* No error beside EFAULT and EINVAL. */
#define COK_IOC_INFO _IOWR('K', 0x40, struct cok_ioc_info)
/*
 * ENOTCONN: not running. ETIMEDOUT: no answer. EBUSY: its ring is full, or
 * other pings took all the time.
 * EPIPE: it ended meanwhile. EINTR.
 */
#define COK_IOC_PING _IOWR('K', 0x41, struct cok_ioc_ping)
/*
 * Copies memory of an enclave that has ended and was not destroyed yet. EBUSY:
 * it lives. ENXIO: not its memory. EPIPE: destroyed. ENOMEM. EINTR.
 */
#define COK_IOC_MEMORY _IOW('K', 0x42, struct cok_ioc_memory)
/*
 * ENOTCONN: not running. EALREADY: this file has a channel. EBUSY: there are
 * COK_RUN_MAX programs. ENOMEM.
 */
#define COK_IOC_RUN_OPEN _IOWR('K', 0x43, struct cok_ioc_run_open)
/* ENOTCONN: not running. EALREADY. EBADFD: no channel yet. */
#define COK_IOC_RUN_START _IO('K', 0x44)
/*
 * 0: the slot is in REQUEST, or the program has ended. EPIPE: the enclave has.
 * EINVAL: no such slot or core.
 * ENOMEM: the co-kernel could not begin. ENOTCONN: not started. ETIMEDOUT.
 * EBADFD: no channel yet. EINTR.
 */
#define COK_IOC_RUN_WAIT _IOW('K', 0x45, struct cok_ioc_run_wait)

_Static_assert(sizeof(struct cok_ioc_info) == 48, "cok_ioc_info");
_Static_assert(sizeof(struct cok_ioc_ping) == 24, "cok_ioc_ping");
_Static_assert(sizeof(struct cok_ioc_memory) == 24, "cok_ioc_memory");
_Static_assert(sizeof(struct cok_ioc_run_open) == 16, "cok_ioc_run_open");
_Static_assert(sizeof(struct cok_ioc_run_wait) == 16, "cok_ioc_run_wait");

#endif /* COK_UAPI_H */
