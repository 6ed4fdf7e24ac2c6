"""The proxy that reaches programs by their publish ports on 127.0.0.1."""
