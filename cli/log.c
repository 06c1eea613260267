// SPDX-License-Identifier: GPL-2.0
/* cokctl log */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cok/uapi.h>

#include "verbs.h"

/* Until the end, or until destroy with `follow`. */
static int copy(int fd, bool follow)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[8192];
	size_t copied = 0;
	ssize_t n;

	/* A flood must not keep us: more than was kept came meanwhile. */
	while (!cli_interrupted() && (follow || copied < COK_LOG_KEEP)) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0) {
			fwrite(buf, 1, (size_t)n, stdout);
			if (fflush(stdout))
				return EX_FAIL;
			copied += (size_t)n;
			continue;
		}
		if (n == 0 || (errno == EAGAIN && !follow))
			return EX_DONE;
		if (errno != EAGAIN && errno != EINTR) {
			cli_warn("reading the log failed: %s", strerror(errno));
			return EX_FAIL;
		}
		poll(&p, 1, 1000);
	}
	return cli_interrupted() ? EX_INTERRUPTED : EX_DONE;
}

int verb_log(const struct verb *v, int argc, char **argv)
{
	const char *lines = NULL;
	bool follow = false;
	const struct opt opts[] = {
		{ "follow", 'f', NULL, "go on as more is printed", NULL,
		  &follow },
		{ "lines", 'n', "N", "only the last N lines (not with -f)",
		  &lines, NULL },
		OPT_END
	};
	struct coord_err err;
	unsigned long n = 0;
	char *tail;
	int fd, first, ret = options(v, opts, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (parse_number(v, "--lines", lines, 1000000, &n))
		return EX_USE;
	if (lines && follow)
		return usage_error(v,
				   "--lines and --follow exclude each other");
	cli_recover();
	cli_catch_signals();
	fd = coord_dev_open(argv[first], O_RDONLY | O_NONBLOCK, &err);
	if (fd < 0)
		return cli_fail(&err);
	if (n) {
		tail = coord_dev_tail(argv[first], (unsigned int)n);
		if (tail)
			fputs(tail, stdout);
		free(tail);
		ret = EX_DONE;
	} else {
		ret = copy(fd, follow);
	}
	close(fd);
	return ret;
}
