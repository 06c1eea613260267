// SPDX-License-Identifier: GPL-2.0
/* See stats.h. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#define TAIL 0.025 /* probability left out on each side */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/*
 * Each value is below the true median with probability 1/2, so the number of
 * those is binomial. The k-th smallest is above the median if fewer than k are
 * below it: the largest k for which that is rare enough.
 */
size_t median_rank(size_t n)
{
	double log_choose = 0, sum = 0;
	size_t k;

	for (k = 0; k < n / 2; k++) {
		/* log of "n over k", made from that of k - 1 */
		if (k)
			log_choose += log((double)(n - k + 1) / (double)k);
		sum += exp(log_choose - (double)n * log(2));
		if (sum > TAIL)
			break;
	}
	return k;
}

struct median median_of(double *v, size_t n)
{
	struct median m = { .n = n };
	size_t k = median_rank(n);

	if (!n)
		return m;
	qsort(v, n, sizeof(*v), by_value);
	m.mid = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	if (k) {
		m.has_range = true;
		m.low = v[k - 1];
		m.high = v[n - k];
	}
	return m;
}

double quantile_of(double *v, size_t n, double q)
{
	size_t k;

	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), by_value);
	k = (size_t)ceil(q * (double)n);
	return v[k ? k - 1 : 0];
}
