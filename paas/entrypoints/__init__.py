"""The edges: parse, call one pipeline function, answer. `messages` holds all prose for errors."""
