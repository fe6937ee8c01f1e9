"""The subcommands of `secateur`, one file each; every file exposes `command`."""
