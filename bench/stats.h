/* SPDX-License-Identifier: GPL-2.0 */
/* Medians and what is known of them. Pure: unit-tested on the host. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct median {
	size_t n;
	double mid;
	bool has_range; /* false: too few values for a range */
	double low, high;
};

/*
 * The median and a range that holds the true one with at least 95 %
 * probability, whatever the distribution: two order statistics, found by the
 * binomial distribution. It takes 6 values. `v` gets sorted.
 */
struct median median_of(double *v, size_t n);

/*
 * Which order statistics those are: the k-th smallest and the k-th largest, k
 * from 1; 0: n is too small.
 */
size_t median_rank(size_t n);

/* The smallest value that q (0..1) of all are not above. `v` gets sorted. */
double quantile_of(double *v, size_t n, double q);

#endif /* BENCH_STATS_H */
