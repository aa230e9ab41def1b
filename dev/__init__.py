"""The local stack: the real template and the real handlers, on one machine, without an AWS account."""
