// SPDX-License-Identifier: GPL-2.0
/* The device node of an enclave. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cok/uapi.h>

#include "internal.h"

#define LOG_MAX (4U << 20) /* bytes; the ring is far smaller */
#define HIGH_FD 65536	   /* descriptors from there on are in nobody's way */

int lc_dup_high(int fd)
{
	struct rlimit files = { .rlim_cur = 1024 };

	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > HIGH_FD)
		files.rlim_cur = HIGH_FD;
	/* Below the limit, two at least are to be had. */
	return fcntl(fd, F_DUPFD_CLOEXEC, (int)files.rlim_cur - 2);
}

int coord_dev_open(const char *name, int flags, struct coord_err *err)
{
	char path[64];
	int fd;

	if (!name[0] || name[0] == '.' || strchr(name, '/') ||
	    strlen(name) >= COK_NAME_MAX)
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "\"%.60s\" is not a name of an enclave", name);
	snprintf(path, sizeof(path), COK_DEV_DIR "/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return lc_err(err, COORD_E_NOENCLAVE, ENOENT,
			      "there is no enclave '%s' (no %s)", name, path);
	if (errno == EACCES || errno == EPERM)
		return lc_err(
			err, COORD_E_PERM, errno,
			"%s belongs to somebody else; launch with --owner, or be root",
			path);
	return lc_err(err, lc_code_of(errno, false), errno, "cannot open %s",
		      path);
}

int coord_dev_ping(int fd, unsigned int timeout, uint64_t *rtt_ns,
		   struct coord_err *err)
{
	struct cok_ioc_ping p = { .size = sizeof(p), .timeout_ms = timeout };
	const char *text;

	if (!ioctl(fd, COK_IOC_PING, &p)) {
		*rtt_ns = p.rtt_ns;
		return 0;
	}
	switch (errno) {
	case ENOTCONN:
		text = "it is not running";
		break;
	case ETIMEDOUT:
		text = "it did not answer";
		break;
	case EBUSY:
		text = "its message ring is full, or other pings took all the time";
		break;
	case EPIPE:
		text = "it ended meanwhile";
		break;
	default:
		text = strerror(errno);
	}
	return lc_err(err, lc_code_of(errno, false), errno,
		      "cannot ping the enclave: %s", text);
}

int coord_dev_state(int fd, uint32_t *state, struct coord_err *err)
{
	struct cok_ioc_info i = { .size = sizeof(i) };

	if (ioctl(fd, COK_IOC_INFO, &i))
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot ask for the enclave's state");
	*state = i.state;
	return 0;
}

/* All the log there is now; NULL if none. */
static char *whole_log(int fd, size_t *len)
{
	size_t used = 0, room = 65536;
	char *buf = malloc(room), *p;
	ssize_t n;

	while (buf && used < LOG_MAX) {
		n = read(fd, buf + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (room - used > 4096)
			continue;
		p = realloc(buf, room * 2);
		if (!p)
			break;
		buf = p;
		room *= 2;
	}
	if (!buf || !used) {
		free(buf);
		return NULL;
	}
	buf[used] = '\0';
	*len = used;
	return buf;
}

char *coord_dev_tail(const char *name, unsigned int lines)
{
	struct coord_err err;
	int fd = coord_dev_open(name, O_RDONLY | O_NONBLOCK, &err);
	size_t len;
	char *buf, *p;

	if (fd < 0)
		return NULL;
	buf = whole_log(fd, &len);
	close(fd);
	if (!buf)
		return NULL;
	for (p = buf + len; p > buf; p--)
		if (p[-1] == '\n' && p < buf + len && !--lines)
			break;
	memmove(buf, p, len - (size_t)(p - buf) + 1);
	return buf;
}
