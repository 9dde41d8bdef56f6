"""The console on the fakes: who may, what is shown, what changes."""
