// sources: cokernel/lib/rings.c
// SPDX-License-Identifier: GPL-2.0
/* The co-kernel's ends of the rings, the test playing the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/rings.h"

static union {
	struct cok_ring ring;
	u8 bytes[sizeof(struct cok_ring) + COK_LOG_BYTES];
} shared;
static u8 *const data = shared.bytes + sizeof(struct cok_ring);
static struct ring_end end;

static int setup(void **state)
{
	(void)state;
	memset(&shared, 0, sizeof(shared));
	return 0;
}

static void test_messages_wrap(void **state)
{
	struct cok_msg *slots = (struct cok_msg *)data;
	struct cok_msg msg;

	(void)state;
	ring_init(&end, &shared, COK_CTRL_SLOTS);
	assert_false(ring_pending(&end));
	assert_false(ring_get_msg(&end, &msg));
	for (u32 i = 0; i < 3 * COK_CTRL_SLOTS; i++) {
		slots[i % COK_CTRL_SLOTS].txid = 1000 + i;
		shared.ring.prod = i + 1;
		assert_true(ring_pending(&end));
		assert_true(ring_get_msg(&end, &msg));
		assert_int_equal(msg.txid, 1000 + i);
		assert_int_equal(shared.ring.cons, i + 1);
		assert_false(ring_get_msg(&end, &msg));
	}
}

static void test_positions_pass_32_bits(void **state)
{
	struct cok_msg msg;

	(void)state;
	ring_init(&end, &shared, COK_CTRL_SLOTS);
	end.pos = shared.ring.cons = 0xffffffff;
	shared.ring.prod = 1;
	assert_true(ring_get_msg(&end, &msg));
	assert_true(ring_get_msg(&end, &msg));
	assert_false(ring_get_msg(&end, &msg));
	assert_int_equal(shared.ring.cons, 1);
	assert_false(end.broken);
}

static void test_impossible_position(void **state)
{
	struct cok_msg msg;

	(void)state;
	ring_init(&end, &shared, COK_CTRL_SLOTS);
	shared.ring.prod = COK_CTRL_SLOTS + 1;
	assert_false(ring_get_msg(&end, &msg));
	assert_true(end.broken);
	shared.ring.prod = 1; /* broken stays broken */
	assert_false(ring_pending(&end));
	assert_int_equal(ring_room_msgs(&end, 0), 0);
}

static void test_sending_and_reserve(void **state)
{
	struct cok_msg *slots = (struct cok_msg *)data;
	struct cok_msg msg = { .type = COK_MSG_PONG };

	(void)state;
	ring_init(&end, &shared, COK_CTRL_SLOTS);
	assert_int_equal(ring_room_msgs(&end, COK_CTRL_RESERVED), 48);
	for (u32 i = 0; i < 48; i++)
		ring_put_msg(&end, &msg);
	assert_int_equal(shared.ring.prod, 48);
	assert_int_equal(slots[0].seq, 1);
	assert_int_equal(slots[47].seq, 48);
	assert_int_equal(ring_room_msgs(&end, COK_CTRL_RESERVED), 0);
	assert_int_equal(ring_room_msgs(&end, 0), 16);
	shared.ring.cons = 10;
	assert_int_equal(ring_room_msgs(&end, COK_CTRL_RESERVED), 10);
	shared.ring.cons = 49; /* ahead of us: a lie */
	assert_int_equal(ring_room_msgs(&end, 0), 0);
	assert_true(end.broken);
}

static void test_bytes_wrap(void **state)
{
	char buf[8];

	(void)state;
	ring_init(&end, &shared, 16);
	memcpy(data, "456789ABCDEF0123", 16);
	end.pos = shared.ring.cons = 12;
	shared.ring.prod = 12 + 10;
	assert_int_equal(ring_get_bytes(&end, buf, 8), 8);
	assert_memory_equal(buf, "01234567", 8);
	assert_int_equal(ring_get_bytes(&end, buf, 8), 2);
	assert_memory_equal(buf, "89", 2);
	assert_int_equal(ring_get_bytes(&end, buf, 8), 0);
	assert_int_equal(shared.ring.cons, 22);
}

static void test_log_records(void **state)
{
	struct cok_log_rec rec = { .tsc = 7, .len = 5, .core = 2, .level = 6 };
	struct cok_log_rec got;
	bool empty;

	(void)state;
	ring_init(&end, &shared, 64);
	memset(data, 0xee, 64);
	assert_true(ring_put_record(&end, &rec, "hello", &empty));
	assert_true(empty);
	assert_int_equal(shared.ring.prod, 32);
	memcpy(&got, data, sizeof(got));
	assert_int_equal(got.len, 5);
	assert_int_equal(got.core, 2);
	assert_memory_equal(data + 16, "hello\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(ring_put_record(&end, &rec, "again", &empty));
	assert_false(empty);
	assert_false(ring_put_record(&end, &rec, "full!", &empty));
	assert_int_equal(shared.ring.prod, 64);
	/* Byte by byte around the end: 16 read, the record is 32 long. */
	shared.ring.cons = 48;
	end.pos = shared.ring.prod = 48;
	assert_true(ring_put_record(&end, &rec, "wraps", &empty));
	memcpy(&got, data + 48, sizeof(got));
	assert_int_equal(got.tsc, 7);
	assert_memory_equal(data, "wraps", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_messages_wrap, setup),
		cmocka_unit_test_setup(test_positions_pass_32_bits, setup),
		cmocka_unit_test_setup(test_impossible_position, setup),
		cmocka_unit_test_setup(test_sending_and_reserve, setup),
		cmocka_unit_test_setup(test_bytes_wrap, setup),
		cmocka_unit_test_setup(test_log_records, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
