// The room Comparisons.
