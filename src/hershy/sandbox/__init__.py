"""The sandbox: run one piece of untrusted code, once, safely and fast."""
