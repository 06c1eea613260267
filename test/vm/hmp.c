// SPDX-License-Identifier: GPL-2.0
/*
 * hmp - asks the QEMU around this guest; runs in the guest.
 *
 *	hmp COMMAND...		prints the human monitor's answer
 *	hmp @expect-reset	see relay.c, which is at the other end of the
 *	hmp @expect-poweroff	serial port and describes the protocol
 *	hmp @exit N
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define JOB_PORT "/dev/ttyS1"
#define CTL_PORT "/dev/ttyS2"
#define CHUNK	 4096
#define SECONDS	 60

static void die(const char *what)
{
	fprintf(stderr, "hmp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_alarm(int sig)
{
	static const char text[] = "hmp: no answer from QEMU in time\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(124);
}

/* One guest program at a time has the port; the lock goes with the process. */
static int open_port(void)
{
	int fd = open(CTL_PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios tio;

	if (fd < 0)
		die(CTL_PORT);
	if (flock(fd, LOCK_EX))
		die("flock");
	if (tcgetattr(fd, &tio))
		die("tcgetattr");
	cfmakeraw(&tio);
	cfsetspeed(&tio, B115200);
	tio.c_cflag |= CLOCAL;
	if (tcsetattr(fd, TCSANOW, &tio) || tcflush(fd, TCIFLUSH))
		die("tcsetattr");
	return fd;
}

static void send_request(int fd, const char *nonce, char **words)
{
	dprintf(fd, "req %s", nonce);
	for (; *words; words++)
		dprintf(fd, " %s", *words);
	if (dprintf(fd, "\n") < 0)
		die(CTL_PORT);
}

/* What an earlier, killed hmp did not fetch may still be in the way. */
static int find_answer(FILE *port, const char *nonce, size_t *len)
{
	char line[CHUNK], seen[32];
	int status;

	while (fgets(line, sizeof(line), port)) {
		const char *start = strstr(line, "answer ");

		if (start &&
		    sscanf(start, "answer %31s %d %zu", seen, &status, len) ==
			    3 &&
		    !strcmp(seen, nonce))
			return status;
	}
	die(CTL_PORT);
	return 1;
}

static void copy_answer(FILE *port, size_t len)
{
	char data[CHUNK];

	while (len) {
		size_t want = len < CHUNK ? len : CHUNK;

		if (fread(data, 1, want, port) != want)
			die(CTL_PORT);
		fwrite(data, 1, want, stdout);
		len -= want;
		if (len && dprintf(fileno(port), "more\n") < 0)
			die(CTL_PORT);
	}
}

int main(int argc, char **argv)
{
	struct timespec now;
	char nonce[32];
	size_t len;
	FILE *port;
	int status;

	if (argc < 2 || strchr(argv[1], '\n')) {
		fputs("usage: hmp COMMAND...\n", stderr);
		return 2;
	}
	signal(SIGALRM, on_alarm);
	alarm(SECONDS);
	if (!strcmp(argv[1], "@exit")) {
		/* All that the command printed must be out before QEMU quits. */
		int job = open(JOB_PORT, O_RDWR | O_NOCTTY);

		if (job < 0 || tcdrain(job))
			die(JOB_PORT);
	}
	port = fdopen(open_port(), "r");
	if (!port)
		die("fdopen");
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(nonce, sizeof(nonce), "%d.%ld%09ld", getpid(),
		 (long)now.tv_sec, now.tv_nsec);
	send_request(fileno(port), nonce, argv + 1);
	status = find_answer(port, nonce, &len);
	copy_answer(port, len);
	if (fflush(stdout))
		die("stdout");
	return status;
}
