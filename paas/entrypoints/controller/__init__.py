"""The controller: watches what runs and sees to it that it stays what is wanted.

It holds no state of its own. `watch` asks for a converge where an app has drifted and stops what is surplus; `reaper` finds
builds and releases whose worker died; `app_output` and `router_lines` fill the apps' logs. Each is a thread that starts
again after any error.
"""
