// SPDX-License-Identifier: GPL-2.0
/*
 * contig START SIZE - asks the module itself for a contiguous range, past what
 * cokctl would choose. Prints "ERRNO SENTENCE" as the job ended, 0 for taken,
 * and leaves what it took to whoever reclaims.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include <cok/genl.h>

#define ASK_TIMES 600 /* every 100 ms */

static struct nl_sock *sock;
static int family;

static struct {
	uint64_t txid;
	uint32_t done, error;
	char text[256];
} job;

static void fail(const char *what, int err)
{
	fprintf(stderr, "contig: %s: %s\n", what, nl_geterror(err));
	exit(1);
}

static struct nl_msg *request(uint8_t cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0,
				 cmd, COK_GENL_VERSION))
		fail("request", NLE_NOMEM);
	return msg;
}

static int take_reply(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, tb, COK_A_MAX, NULL))
		return NL_SKIP;
	if (tb[COK_A_TXID])
		job.txid = nla_get_u64(tb[COK_A_TXID]);
	if (!tb[COK_A_JOB_DONE])
		return NL_OK;
	job.done = nla_get_u32(tb[COK_A_JOB_DONE]);
	job.error = nla_get_u32(tb[COK_A_ERROR]);
	snprintf(job.text, sizeof(job.text), "%s",
		 tb[COK_A_TEXT] ? nla_get_string(tb[COK_A_TEXT]) : "");
	return NL_OK;
}

static int take_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	*(bool *)arg = true;
	return NL_STOP;
}

/* The reply, if any, then the acknowledgement. */
static void send_and_wait(const char *what, struct nl_msg *msg)
{
	bool acked = false;
	int err;

	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, take_ack, &acked);
	err = nl_send_auto(sock, msg);
	while (err >= 0 && !acked)
		err = nl_recvmsgs_default(sock);
	if (err < 0)
		fail(what, err);
	nlmsg_free(msg);
}

static void begin(void)
{
	struct nl_msg *msg = request(COK_CMD_OP_BEGIN);

	if (nla_put_u32(msg, COK_A_OP_KIND, COK_OP_RECLAIM))
		fail("request", NLE_NOMEM);
	send_and_wait("begin", msg);
}

static void take(uint64_t start, uint64_t size)
{
	struct nl_msg *msg = request(COK_CMD_CONTIG_TAKE);

	if (nla_put_u64(msg, COK_A_START, start) ||
	    nla_put_u64(msg, COK_A_SIZE, size))
		fail("request", NLE_NOMEM);
	send_and_wait("take", msg);
}

static void ask(void)
{
	struct nl_msg *msg = request(COK_CMD_JOB_GET);

	if (nla_put_u64(msg, COK_A_TXID, job.txid))
		fail("request", NLE_NOMEM);
	send_and_wait("ask", msg);
}

int main(int argc, char **argv)
{
	int i, err;

	if (argc != 3) {
		fputs("usage: contig START SIZE\n", stderr);
		return 2;
	}
	sock = nl_socket_alloc();
	if (!sock)
		fail("socket", NLE_NOMEM);
	err = genl_connect(sock);
	if (err)
		fail("connect", err);
	family = genl_ctrl_resolve(sock, COK_GENL_NAME);
	if (family < 0)
		fail("find the module", family);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_reply, NULL);
	begin();
	take(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0));
	for (i = 0; i < ASK_TIMES && !job.done; i++) {
		ask();
		if (!job.done)
			usleep(100000);
	}
	if (!job.done)
		fail("the job does not end", NLE_AGAIN);
	printf("%u %s\n", job.error, job.text);
	nl_socket_free(sock);
	return 0;
}
