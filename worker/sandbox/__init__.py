"""Untrusted files are opened only in here: a locked-down child process that answers in JSON and plain files.

`worker.sandbox.parent.locked_down` starts it; `worker.sandbox.probes.self_test` tells what it holds on this machine.
"""
