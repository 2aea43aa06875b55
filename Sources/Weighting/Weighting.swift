// The room Weighting.
