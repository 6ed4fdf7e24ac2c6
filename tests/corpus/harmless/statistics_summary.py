import statistics as st
from fractions import Fraction
from decimal import Decimal, getcontext

values = [2.5, 3.1, 2.9, 3.8, 3.3]
print(f"mean={st.mean(values):.2f} median={st.median(values)} stdev={st.stdev(values):.3f}")
getcontext().prec = 10
print(Decimal(1) / Decimal(7), Fraction(3, 4) + Fraction(1, 6))
