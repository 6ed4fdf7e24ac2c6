"""How containers that run untrusted code once are made, talked to and thrown away."""
