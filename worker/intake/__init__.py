"""From an untrusted upload to a network or a dataset; files are opened only inside the sandbox.

The modules named `*_child`, and what they import, run in the locked-down process; `models` and `datasets` start it.
"""
