"""Rules and pure functions, without anything running."""
