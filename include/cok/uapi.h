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

_Static_assert(sizeof(struct cok_ioc_info) == 48, "cok_ioc_info");
_Static_assert(sizeof(struct cok_ioc_ping) == 24, "cok_ioc_ping");
_Static_assert(sizeof(struct cok_ioc_memory) == 24, "cok_ioc_memory");

#endif /* COK_UAPI_H */
