// The room API.
