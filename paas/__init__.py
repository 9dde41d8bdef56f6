"""A Heroku-style platform for your own server. ARCHITECTURE.md is the tour; `paas.pipeline` is the way of a push."""

__version__ = "0.1.0"
