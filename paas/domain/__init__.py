"""The field's nouns and their rules: frozen dataclasses, state machines, checks. No I/O; imports `errors` only."""
