"""The pre-receive hook: archives the pushed tree, asks for a build, prints its log until it ends, exits as it did.

Stand-alone and standard library only: git starts it on every push as `python -I -S pre_receive.py`, so each import
counts (no json, no http.client). It is told where to go by git_http.py, through the environment. Objects are in git's
quarantine while it runs (githooks(5), git-receive-pack(1)); git gives it the paths.

The answer is plain text to be printed as it comes; its last line is a NUL byte and the exit code.
"""

import os
import socket
import sys

DEPLOYED = ("refs/heads/main", "refs/heads/master")
NOTHING = "0" * 40


def main() -> int:
    updates = [line.split() for line in sys.stdin.read().splitlines()]
    deploys = [(old, new, ref) for old, new, ref in updates if ref in DEPLOYED]
    if len(deploys) > 1:
        say(" !     Both main and master were pushed, and only one of them can be deployed.")
        return refuse("Push one of them: git push <remote> main")
    if not deploys:
        for _, _, ref in updates:
            name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
            say(f"-----> Pushed {name}: nothing was deployed, only main (or master) is.")
            if ref.startswith("refs/heads/"):
                say(f"       To deploy it: git push <remote> {name}:main")
        return 0
    old, new, ref = deploys[0]
    branch = ref.removeprefix("refs/heads/")
    if set(new) == {"0"}:
        say(f" !     {branch} is the branch that is deployed, so it can't be deleted.")
        return refuse("To remove the app and its repository: paas destroy")
    return build(branch, old, new)


def build(branch: str, old: str, new: str) -> int:
    source = os.environ["PAAS_BUILD_SOURCE"]
    os.makedirs(os.path.dirname(source), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120  (pathlib costs 8 ms)
    if os.spawnlp(os.P_WAIT, "git", "git", "archive", "--format=tar", "-o", source, new) != 0:  # noqa: S606  (an argv list)
        say(" !     The pushed tree could not be read.")
        return refuse("Check it with: git fsck")
    subject = first_line(new)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.environ["PAAS_SOCKET"])
        path = f"/internal/pushes/{os.environ['PAAS_PUSH']}?branch={branch}&old={old}&new={new}"
        # HTTP/1.0: the body is then not chunked, and ends with the connection.
        connection.sendall(
            f"POST {path} HTTP/1.0\r\nHost: internal\r\nContent-Length: {len(subject)}\r\n\r\n".encode() + subject
        )
        return follow(connection)
    except OSError:
        say(" !     The platform does not answer; nothing was built.")
        return refuse("Push again in a moment. If that goes on, the operator can run: bin/paas doctor")


def first_line(commit: str) -> bytes:
    """The subject of the commit's message, for lists of builds."""
    reading, writing = os.pipe()
    argv = ["git", "log", "-1", "--format=%s", commit, "--"]
    child = os.posix_spawnp("git", argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)])
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        subject = output.read(200)
    os.waitpid(child, 0)
    return subject.strip()


def follow(connection: socket.socket) -> int:
    out = sys.stdout.buffer
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            raise OSError("closed")
        head += data
    status, _, body = head.partition(b"\r\n\r\n")
    if b" 200 " not in status.split(b"\r\n", 1)[0]:
        raise OSError("refused")
    code = None
    while body or (body := connection.recv(65536)):
        if code is None:
            text, ended, code_so_far = body.partition(b"\0")
            out.write(text)
            out.flush()
            code = code_so_far if ended else None
        else:
            code += body
        body = b""
    if code:
        return int(code)
    say(" !     The connection to the platform was lost. The build goes on: paas builds")
    return refuse("The branch did not move. If the build goes live, push again to bring the branch up to it.")


def refuse(advice: str) -> int:
    say(f" !     {advice}")
    return 1


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
