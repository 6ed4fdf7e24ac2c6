from math import comb, factorial, gcd, isqrt, lcm, prod

for n in range(1, 6):
    print(" ".join(f"{gcd(n, k):2d}" for k in range(1, 6)))
print(lcm(4, 6, 10), factorial(10), comb(10, 3), prod(range(1, 7)), isqrt(99))
