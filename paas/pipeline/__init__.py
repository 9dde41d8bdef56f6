"""The way of a push, one module a stage: push → build → release → run → route.

    push.py      a pushed tree becomes a build row, and waits its turn
    build.py     source becomes an image (through the Builder port)
    release.py   image + config vars + process types become release vN; its release command runs
    run.py       the release's processes start, and each is waited for until it is ready
    route.py     the router is switched to the new ones; the old ones are drained and stopped

`deploy.py` walks release, run, route for one release. `converge.py` is the same walk from any state to what is wanted.
The other doors write what is wanted into the store, then ask for a converge (`doors.py` has what they share): `apps.py`,
`scale.py`, `config_vars.py`, `rollback.py`, `maintenance.py`, `restart.py`, `domains.py`. `builds.py` asks for a build of a
tarball, which the worker gets by `fetch.py`; `run_once.py` starts one-off processes; `status.py` tells what runs;
`journal.py` writes the platform's lines into the app's log. `login.py`, `users.py` and `passwords.py` are about who acts.
"""
