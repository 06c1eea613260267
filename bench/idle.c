// SPDX-License-Identifier: GPL-2.0
/* What pool.c starts for comparison: a static binary that does nothing. */
int main(void)
{
	return 0;
}
