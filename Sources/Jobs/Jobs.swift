// The room Jobs.
