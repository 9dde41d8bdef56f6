"""The operator's two commands, and what they stand on: install, engine, supervision, sample app.

`flags`, `progress`, `host`, `packages` and `install` run before anything is installed: standard library only.
"""
