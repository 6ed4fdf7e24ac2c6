import numpy as np

rng = np.random.default_rng(42)
x = np.linspace(0, 10, 50)
y = 3.0 * x + 2.0 + rng.normal(0, 1, size=x.shape)
design = np.column_stack([x, np.ones_like(x)])
coefficients, residuals, rank, _ = np.linalg.lstsq(design, y, rcond=None)
print("slope %.2f intercept %.2f" % tuple(coefficients))
np.savetxt("fit.txt", coefficients)
