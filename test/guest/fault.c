// SPDX-License-Identifier: GPL-2.0
/*
 * fault - fault injection in a test build of cok.ko.
 *
 *	fault set N	the n-th acquisition from now on fails; 0: none
 *	fault get	prints "COUNT NAME": how many there were since, and the
 *			name of the one that failed, or nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include <cok/genl.h>

static struct nl_sock *sock;
static int family;

static void fail(const char *what, int err)
{
	fprintf(stderr, "fault: %s: %s\n", what, nl_geterror(err));
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

static int print_fault(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	const char *name = "";

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, tb, COK_A_MAX, NULL) ||
	    !tb[COK_A_FAULT_COUNT])
		return NL_SKIP;
	if (tb[COK_A_TEXT])
		name = nla_get_string(tb[COK_A_TEXT]);
	printf("%u%s%s\n", nla_get_u32(tb[COK_A_FAULT_COUNT]), *name ? " " : "",
	       name);
	return NL_OK;
}

/* Replies, if any, go to print_fault; then the acknowledgement. */
static void send_and_wait(struct nl_msg *msg)
{
	int err = nl_send_auto(sock, msg);

	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	if (err < 0)
		fail("the module refuses", err);
	nlmsg_free(msg);
}

static void set(const char *word)
{
	struct nl_msg *msg = request(COK_CMD_FAULT_SET);
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (!*word || *end || n > UINT32_MAX ||
	    nla_put_u32(msg, COK_A_FAULT_AT, (uint32_t)n))
		fail("not a number", NLE_INVAL);
	send_and_wait(msg);
}

int main(int argc, char **argv)
{
	int err;

	if (!(argc == 3 && !strcmp(argv[1], "set")) &&
	    !(argc == 2 && !strcmp(argv[1], "get"))) {
		fputs("usage: fault set N|get\n", stderr);
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
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, print_fault, NULL);
	if (argc == 3)
		set(argv[2]);
	else
		send_and_wait(request(COK_CMD_FAULT_GET));
	nl_socket_free(sock);
	return 0;
}
