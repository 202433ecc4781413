"""What a command line names: a TARGET, and NAME=VALUE."""
