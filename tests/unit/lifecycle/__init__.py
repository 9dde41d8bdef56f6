"""The lifecycle's decisions, without a container."""
