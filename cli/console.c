// SPDX-License-Identifier: GPL-2.0
/*
 * cokctl console: a terminal, a pipe, or a line to send and an answer to wait
 * for. What the enclave prints comes from its log, without the stamps.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "verbs.h"

#define DETACH	       0x1d /* Ctrl-], then '.' */
#define QUIET	       1000 /* ms without output after the input's end */
#define PENDING_MAX    4096
#define LINE_MAX_BYTES 1024

struct console {
	int fd;
	bool tty;
	bool eof;		   /* of stdin */
	bool detach_next;	   /* Ctrl-] was typed */
	char pending[PENDING_MAX]; /* input not yet taken */
	size_t nr_pending;
	char line[LINE_MAX_BYTES]; /* of output, so far */
	size_t nr_line;
	const char *until;
	const char *sent; /* by --send, while its echo is awaited */
	uint64_t last;	  /* ms: when something was printed */
};

static struct termios saved;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Behind "[12.345678] c0: ", or the line itself. */
static const char *unstamp(const char *line)
{
	const char *p = line;

	if (*p++ != '[')
		return line;
	while (isdigit((unsigned char)*p) || *p == ' ' || *p == '.')
		p++;
	if (p[0] != ']' || p[1] != ' ' || p[2] != 'c')
		return line;
	p += 3;
	while (isdigit((unsigned char)*p))
		p++;
	return p[0] == ':' && p[1] == ' ' ? p + 2 : line;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* One complete line; true if it is what --until waits for. */
static bool put_line(struct console *k)
{
	const char *text;

	k->line[k->nr_line] = '\0';
	k->nr_line = 0;
	text = unstamp(k->line);
	fputs(text, stdout);
	fputs(k->tty ? "\r\n" : "\n", stdout);
	if (k->sent && ends_with(text, k->sent)) {
		k->sent = NULL; /* the echo is no answer */
		return false;
	}
	return k->until && strstr(text, k->until);
}

/* 1 found, 0 go on, -1 told: the enclave is gone, or a failure. */
static int take_output(struct console *k)
{
	char buf[4096];
	ssize_t n = read(k->fd, buf, sizeof(buf)), i;
	bool found = false;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		perror("cokctl: reading");
	if (n == 0)
		cli_warn("the enclave was destroyed");
	if (n <= 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n' || k->nr_line == sizeof(k->line) - 1)
			found |= put_line(k);
		if (buf[i] != '\n')
			k->line[k->nr_line++] = buf[i];
	}
	if (fflush(stdout) && !found)
		return -1; /* nobody reads us any more */
	k->last = now_ms();
	return found;
}

/* False: detach. */
static bool type(struct console *k, char ch)
{
	if (k->tty && k->detach_next) {
		k->detach_next = false;
		if (ch == '.')
			return false;
	} else if (k->tty && ch == DETACH) {
		k->detach_next = true;
		return true;
	}
	if (k->tty && ch == '\r')
		ch = '\n';
	if (k->nr_pending < sizeof(k->pending))
		k->pending[k->nr_pending++] = ch;
	return true;
}

static bool take_input(struct console *k)
{
	char buf[256];
	size_t room = sizeof(k->pending) - k->nr_pending;
	ssize_t n, i;

	n = read(STDIN_FILENO, buf, room < sizeof(buf) ? room : sizeof(buf));
	if (n <= 0) {
		k->eof = n == 0 || (errno != EAGAIN && errno != EINTR);
		k->last = now_ms();
		return true;
	}
	for (i = 0; i < n; i++)
		if (!type(k, buf[i]))
			return false;
	return true;
}

static int give_input(struct console *k)
{
	ssize_t n = write(k->fd, k->pending, k->nr_pending);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	memmove(k->pending, k->pending + n, k->nr_pending - (size_t)n);
	k->nr_pending -= (size_t)n;
	return 0;
}

static bool finished(const struct console *k)
{
	return !k->until && k->eof && !k->nr_pending &&
	       now_ms() - k->last >= QUIET;
}

/* Can it still print or read? Complains if not. */
static bool alive(const struct console *k)
{
	struct coord_err err;
	uint32_t state;

	if (coord_dev_state(k->fd, &state, &err)) {
		cli_fail(&err);
		return false;
	}
	if (state >= COK_ST_BOOTING && state <= COK_ST_STOPPING)
		return true;
	cli_warn("the enclave is %s; 'cokctl log' has what it printed",
		 coord_state_name(state));
	return false;
}

/* The input, and whether to go on: -1, or an exit status. */
static int tend_input(struct console *k, const struct pollfd *in)
{
	if (in->revents && !take_input(k))
		return EX_DONE;
	if (k->nr_pending && give_input(k)) {
		if (errno != ENOTCONN || alive(k))
			perror("cokctl: sending");
		return EX_FAIL;
	}
	return finished(k) ? EX_DONE : -1;
}

static int converse(struct console *k, unsigned int timeout)
{
	uint64_t deadline = now_ms() + timeout;
	struct pollfd p[2];
	int ret;

	while (!cli_interrupted()) {
		p[0] = (struct pollfd){ k->fd, POLLIN, 0 };
		p[1] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
		if (k->eof || k->nr_pending == sizeof(k->pending))
			p[1].fd = -1;
		if (!poll(p, 2, 100) && !alive(k))
			return EX_FAIL;
		if (p[0].revents) {
			ret = take_output(k);
			if (ret)
				return ret > 0 ? EX_DONE : EX_FAIL;
		}
		ret = tend_input(k, &p[1]);
		if (ret >= 0)
			return ret;
		if (timeout && now_ms() >= deadline) {
			cli_warn("no \"%s\" within %u s",
				 k->until ? k->until : "end", timeout / 1000);
			return EX_TIMEOUT;
		}
	}
	return EX_INTERRUPTED;
}

static void restore_tty(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

static int make_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved))
		return -1;
	raw = saved;
	cfmakeraw(&raw);
	atexit(restore_tty);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static int start(struct console *k, const char *send)
{
	size_t n = send ? strlen(send) : 0;

	if (n >= sizeof(k->pending)) {
		cli_warn("--send: at most %zu bytes", sizeof(k->pending) - 1);
		return EX_USE;
	}
	if (send) {
		k->sent = send;
		memcpy(k->pending, send, n);
		k->pending[n] = '\n';
		k->nr_pending = n + 1;
	}
	/* With a text to send or wait for, stdin is none of our business. */
	k->eof = send || k->until;
	k->tty = !k->eof && isatty(STDIN_FILENO);
	k->last = now_ms();
	/* What was printed before is for `cokctl log`. */
	lseek(k->fd, 0, SEEK_END);
	if (!k->tty)
		return -1;
	fputs("connected; Ctrl-] then . detaches\r\n", stderr);
	if (make_raw()) {
		perror("cokctl: the terminal");
		return EX_FAIL;
	}
	return -1;
}

int verb_console(const struct verb *v, int argc, char **argv)
{
	const char *send = NULL, *seconds = NULL;
	static struct console k;
	const struct opt opts[] = {
		{ "send", 0, "TEXT", "send this line, not what is typed", &send,
		  NULL },
		{ "until", 0, "TEXT", "end when a line with this was printed",
		  &k.until, NULL },
		{ "timeout", 0, "S", "seconds to wait for --until (30)",
		  &seconds, NULL },
		OPT_END
	};
	unsigned int timeout = 30000;
	struct coord_err err;
	int first, ret = options(v, opts, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (parse_seconds(v, "--timeout", seconds, &timeout))
		return EX_USE;
	cli_recover();
	k.fd = coord_dev_open(argv[first], O_RDWR | O_NONBLOCK, &err);
	if (k.fd < 0)
		return cli_fail(&err);
	cli_catch_signals();
	ret = alive(&k) ? start(&k, send) : EX_FAIL;
	if (ret < 0)
		ret = converse(&k, k.until || seconds ? timeout : 0);
	close(k.fd);
	return ret;
}
