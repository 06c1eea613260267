// SPDX-License-Identifier: GPL-2.0
/* The handle: two sockets, the family's id, what the module says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

const char *coord_version(void)
{
	return COK_VERSION;
}

static int set_option(struct nl_sock *sock, int option)
{
	int on = 1;

	return setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &on,
			  sizeof(on));
}

/* After libnl's own calls: those expect plain acks. */
static int set_options(struct nl_sock *sock, struct coord_err *err)
{
	if (set_option(sock, NETLINK_EXT_ACK) ||
	    set_option(sock, NETLINK_CAP_ACK) ||
	    set_option(sock, NETLINK_GET_STRICT_CHK))
		return lc_err(err, COORD_E_FAILED, errno,
			      "this kernel's netlink lacks extended acks");
	return 0;
}

static int connect_module(struct coord *c, struct coord_err *err)
{
	int ret;

	errno = 0;
	ret = nl_connect(c->cmd, NETLINK_GENERIC);
	if (ret)
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot open a netlink socket: %s",
			      nl_geterror(ret));
	c->family = genl_ctrl_resolve(c->cmd, COK_GENL_NAME);
	if (c->family == -NLE_OBJ_NOTFOUND)
		return lc_err(
			err, COORD_E_NOMODULE, ENOENT,
			"the module cok is not loaded (here, or in this network namespace); load it as root with 'modprobe cok'");
	if (c->family < 0)
		return lc_err(err, COORD_E_FAILED, 0,
			      "cannot look for the module: %s",
			      nl_geterror(c->family));
	c->group = genl_ctrl_resolve_grp(c->cmd, COK_GENL_NAME,
					 COK_GENL_MCGRP_EVENTS);
	if (c->group < 0)
		return lc_err(err, COORD_E_FAILED, 0,
			      "the module has no events: %s",
			      nl_geterror(c->group));
	return set_options(c->cmd, err);
}

void lc_op_abandon(struct coord *c)
{
	struct nl_sock *fresh;
	struct coord_err err;

	if (!c->op)
		return;
	fresh = nl_socket_alloc();
	if (!fresh || nl_connect(fresh, NETLINK_GENERIC) ||
	    set_options(fresh, &err)) {
		/* The next request will say that the socket is taken. */
		nl_socket_free(fresh);
		return;
	}
	nl_socket_free(c->cmd);
	c->cmd = fresh;
	c->op = 0;
}

static int take_info(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	struct coord_info *info = arg;

	if (lc_parse(g, tb))
		return 0;
	lc_get_str(tb[COK_A_VERSION], info->version, sizeof(info->version));
	info->abi_major = lc_get_u32(tb[COK_A_ABI_MAJOR]);
	info->abi_minor = lc_get_u32(tb[COK_A_ABI_MINOR]);
	info->apic_mode = lc_get_u32(tb[COK_A_APIC_MODE]);
	info->tsc_khz = lc_get_u32(tb[COK_A_TSC_KHZ]);
	info->block_size = lc_get_u64(tb[COK_A_BLOCK_SIZE]);
	info->generation = lc_get_u64(tb[COK_A_GENERATION]);
	info->unsettled = lc_get_u32(tb[COK_A_UNSETTLED]);
	info->test = tb[COK_A_TEST] != NULL;
	return 0;
}

int coord_info(struct coord *c, const struct coord_info **out,
	       struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_INFO_GET, 0, "talk to the module");
	if (lc_call(c, &r, take_info, &c->info, err))
		return -1;
	if (out)
		*out = &c->info;
	return 0;
}

static int check_info(struct coord *c, struct coord_err *err)
{
	const struct coord_info *i;

	if (coord_info(c, &i, err))
		return -1;
	if (i->abi_major != COK_ABI_MAJOR)
		return lc_err(
			err, COORD_E_FAILED, EPROTO,
			"the module speaks ABI %u.%u and this library %u.%u; install both from one version",
			i->abi_major, i->abi_minor, COK_ABI_MAJOR,
			COK_ABI_MINOR);
	if (!i->block_size || (i->block_size & (i->block_size - 1)))
		return lc_err(
			err, COORD_E_FAILED, EPROTO,
			"the module reports no sensible memory block size");
	return 0;
}

int coord_open(struct coord **out, const char *root, struct coord_err *err)
{
	struct coord *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c)
		c->cmd = nl_socket_alloc();
	if (!c || !c->cmd) {
		free(c);
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	}
	if ((size_t)snprintf(c->root, sizeof(c->root), "%s",
			     root ? root : "") >= sizeof(c->root)) {
		coord_close(c);
		return lc_err(err, COORD_E_INVALID, ENAMETOOLONG,
			      "the path of the root is too long");
	}
	if (connect_module(c, err) || check_info(c, err) ||
	    coord_events_open(c, &c->ev, err)) {
		coord_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

void coord_close(struct coord *c)
{
	if (!c)
		return;
	coord_events_close(c->ev);
	nl_socket_free(c->cmd);
	free(c->buf);
	free(c);
}

void coord_set_hooks(struct coord *c, const struct coord_hooks *hooks)
{
	c->hooks = *hooks;
}
