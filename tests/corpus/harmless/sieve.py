"""Primes below a bound by the sieve of Eratosthenes."""


def primes_below(n):
    is_prime = [True] * n
    is_prime[0:2] = [False, False]
    for i in range(2, int(n**0.5) + 1):
        if is_prime[i]:
            is_prime[i * i :: i] = [False] * len(is_prime[i * i :: i])
    return [i for i, prime in enumerate(is_prime) if prime]


if __name__ == "__main__":
    print(primes_below(100))
