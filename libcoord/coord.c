// SPDX-License-Identifier: GPL-2.0
/* The handle: two sockets, the family's id, what the module says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
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

/* For lc_call; libnl's own calls expect plain acks. */
static int set_options(struct nl_sock *sock, struct coord_err *err)
{
	if (set_option(sock, NETLINK_EXT_ACK) ||
	    set_option(sock, NETLINK_CAP_ACK) ||
	    set_option(sock, NETLINK_GET_STRICT_CHK))
		return lc_err(err, COORD_E_FAILED, errno,
			      "this kernel's netlink lacks extended acks");
	return 0;
}

static void take_group(struct coord *c, struct nlattr *nest)
{
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	char name[GENL_NAMSIZ];

	if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, nest, NULL))
		return;
	lc_get_str(tb[CTRL_ATTR_MCAST_GRP_NAME], name, sizeof(name));
	if (!strcmp(name, COK_GENL_MCGRP_EVENTS))
		c->group = (int)lc_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
}

/* Its number and that of its group, in one question. */
static int take_family(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1], *a;
	struct coord *c = arg;
	int rem;

	if (nla_parse(tb, CTRL_ATTR_MAX, genlmsg_attrdata(g, 0),
		      genlmsg_attrlen(g, 0), NULL) ||
	    !tb[CTRL_ATTR_FAMILY_ID] || !tb[CTRL_ATTR_MCAST_GROUPS])
		return 0;
	c->family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	nla_for_each_nested (a, tb[CTRL_ATTR_MCAST_GROUPS], rem)
		take_group(c, a);
	return 0;
}

static int find_family(struct coord *c, struct coord_err *err)
{
	struct lc_req r;

	c->family = GENL_ID_CTRL;
	lc_req_init(c, &r, CTRL_CMD_GETFAMILY, 0, "look for the module");
	lc_put_str(&r, CTRL_ATTR_FAMILY_NAME, COK_GENL_NAME);
	if (lc_call(c, &r, take_family, c, err))
		return err->err != ENOENT
			       ? -1
			       : lc_err(err, COORD_E_NOMODULE, ENOENT,
					"the module cok is not loaded (here, or in this network namespace); load it as root with 'modprobe cok'");
	if (c->family == GENL_ID_CTRL || !c->group)
		return lc_err(err, COORD_E_FAILED, EPROTO,
			      "the module has no events");
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
	return set_options(c->cmd, err) || find_family(c, err) ? -1 : 0;
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
	c->fresh = true;
	if (out)
		*out = &c->info;
	return 0;
}

static int check_info(const struct coord_info *i, struct coord_err *err)
{
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
	if (c) {
		c->cmd = nl_socket_alloc();
		c->buf = malloc(LC_RECEIVE);
	}
	if (!c || !c->cmd || !c->buf) {
		coord_close(c);
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	}
	if ((size_t)snprintf(c->root, sizeof(c->root), "%s",
			     root ? root : "") >= sizeof(c->root)) {
		coord_close(c);
		return lc_err(err, COORD_E_INVALID, ENAMETOOLONG,
			      "the path of the root is too long");
	}
	/* The listener asks for the info when it has joined. */
	if (connect_module(c, err) || coord_events_open(c, &c->ev, err) ||
	    check_info(&c->info, err)) {
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
	if (c->cmd)
		nl_socket_free(c->cmd);
	free(c->buf);
	free(c);
}

void coord_set_hooks(struct coord *c, const struct coord_hooks *hooks)
{
	c->hooks = *hooks;
}
