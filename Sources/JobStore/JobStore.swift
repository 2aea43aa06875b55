// The room JobStore.
